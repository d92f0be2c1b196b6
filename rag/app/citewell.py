"""The one place that builds everything and joins it.

Safe to use from several threads: questions run side by side, writers one after the other. Another process may write
to the same data directory meanwhile; the vector index in memory is replaced when the store has moved on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from rag.access.access_service import AccessService
from rag.access.audit import AuditKind
from rag.access.audit_service import AuditService
from rag.access.ldap_groups import LdapGroups
from rag.access.people import People
from rag.access.privacy import PrivacyService
from rag.access.provider_sessions import ProviderSessions
from rag.access.sign_on import SignOn
from rag.answer.confidence import identity
from rag.answer.glossary_file import GLOSSARY_NAME, GlossaryFile
from rag.answer.measured import count_answer
from rag.answer.question_service import QuestionService
from rag.app.age_files import decrypted
from rag.app.backups import Restored, put_back
from rag.app.maintenance_service import MaintenanceService
from rag.app.store_opening import extract_files, open_store, restore_database
from rag.conversations.conversation_service import ConversationService
from rag.documents.document_service import DocumentService
from rag.errors import ModelMismatch, StorageError
from rag.hooks.hook_service import HookService
from rag.index.live import LiveIndex
from rag.ingest.results import IngestResult
from rag.ingest.spread.helper import Helper
from rag.ingest.writer import Writer
from rag.insights.glossary_service import GlossaryService
from rag.insights.insight_service import InsightService
from rag.metrics import Metrics
from rag.models.catalogue import load_model
from rag.models.embedder import Embedder
from rag.models.exported import carry
from rag.models.loading import load_models
from rag.models.reader import Reader
from rag.read.sandbox import Limits, Parser, Recognition
from rag.records import Access, Answer
from rag.settings import Settings
from rag.sources import SourceService
from rag.store.base import Store

Announce = Callable[[str], None]
_EVERYTHING = Access.everything()

# How long a process waits for another one of the same server, or another node, to have written.
_PATIENCE_SECONDS = 30.0


class Citewell:
    """Documents, questions, conversations, insights, audit, webhooks and maintenance of one data directory."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        embedder: Embedder,
        reader: Reader | None,
        metrics: Metrics | None = None,
    ) -> None:
        """Use `Citewell.open`; this only joins the parts. Without `reader`, sentences are scored without one."""
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.told_of_answers: list[Callable[[Answer], None]] = []  # called for each answer to a person, in its thread
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._index = LiveIndex(store, settings.data_dir / "index", embedder.identity)
        limits = Limits(settings.read_seconds, settings.read_megabytes)
        recognition = Recognition(settings.ocr, settings.ocr_page_seconds, settings.ocr_seconds)
        self._helper: Helper | None = None
        self._parser = Parser(limits, self.metrics, recognition=recognition if settings.ocr else None)
        patience = _PATIENCE_SECONDS if settings.workers > 1 or settings.database else 0.0
        writer = self._writer = Writer(store, self._index, embedder.identity, patience_seconds=patience)
        source = identity(embedder.identity.sha256, reader.sha256 if reader else "")
        glossary = GlossaryFile(settings.glossary or settings.data_dir / GLOSSARY_NAME)
        self.questions = QuestionService(
            settings, store, self._index, embedder, reader, confidence_source=source, glossary=glossary
        )
        self.audit = AuditService(settings, store)
        self.access = AccessService(settings, store, self.audit.write)
        self.documents = DocumentService(settings, store, embedder, self._parser, writer, self._ingested, self.access)
        self.sources = SourceService(
            settings, os.environ, store, writer, self.documents, self.access, self._source_gave_groups
        )
        self.insights = InsightService(settings, store, embedder, self.questions.ask)
        self.glossary = GlossaryService(
            glossary, store, embedder, partial(self.questions.search, access=_EVERYTHING), self.insights.unanswered
        )
        self.conversations = ConversationService(settings, store, self.questions, self._note, self.audit.asked)
        self.people = People.over(store.people, settings, self.audit.write)
        self.privacy = PrivacyService(settings, store, self.people, self.audit)
        directory = LdapGroups(settings) if settings.ldap_url else None
        self.sign_on = SignOn(settings, self.people.accounts, store.people, directory)
        self.provider_sessions = ProviderSessions(settings, store.people, self.sign_on)
        self.hooks = HookService(settings, store)
        self.maintenance = MaintenanceService(
            settings, store, self._index, writer, model=embedder.identity.name, confidence_source=source
        )

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        reader: Reader | None = None,
        create: bool = False,
        progress: Announce | None = None,
        models: Path | None = None,
        metrics: Metrics | None = None,
    ) -> Citewell:
        """Citewell over `settings.data_dir`; with `create` an empty directory is made ready, else IndexMissing.

        Without `embedder` the model of the settings is loaded, and exported the first time; exports are kept in
        `models`, by default a folder of the data directory. `reader` reads in place of the shipped one, unless the
        settings want none. What happens is counted in `metrics`, by default in some of its own. Raises ModelMismatch
        when the directory was indexed with another model, and the errors of the store and of the model.
        """
        store = open_store(settings, create=create)
        try:
            loaded = load_models(settings, embedder=embedder, reader=reader, progress=progress, exports=models)
            embedder = loaded.embedder
            known = store.model()
            if known is not None and known.sha256 != embedder.identity.sha256:
                raise ModelMismatch(
                    f"The index in {settings.data_dir} was made with the model {known.name} ({known.sha256[:12]}...), "
                    f"and the settings name {embedder.identity.name} ({embedder.identity.sha256[:12]}...). Vectors of "
                    f"two models do not compare: set the first one again, or ingest into a new data directory."
                )
            citewell = cls(settings, store, embedder, loaded.reader, metrics)
            citewell._index.current()
            with suppress(StorageError):  # questions can be answered all the same
                citewell.audit.log.tell_policy()
        except BaseException:
            store.close()
            raise
        return citewell

    def begin_serving(self, *, is_first: bool = True) -> None:
        """What a server does beside answering, until this is closed: webhooks are sent, other nodes are helped.

        A node over a database that only answers writes its index down, which it would make anew at each start. Of the
        processes of one server, the one that `is_first` does so, and helps.
        """
        self.hooks.start()
        if is_first and self.settings.database:
            with suppress(StorageError):  # questions can be answered all the same
                self._writer.publish_if_free()
        if is_first and self.settings.help_nodes:
            self._helper = self.documents.helper(partial(self.metrics.count, "citewell_ingest_jobs_total"))
        if self._helper is not None:
            self._helper.start()

    def beside(self, data_dir: Path) -> Citewell:
        """Citewell over another data directory, with the same models; to be closed by the caller, before this one."""
        settings = replace(self.settings, data_dir=data_dir, database="", webhook_urls=())
        return Citewell.open(settings, embedder=self._embedder, reader=self._reader)

    @property
    def store(self) -> Store:
        """What all parts are built on, for tools that train and measure."""
        return self._store

    @property
    def index(self) -> LiveIndex:
        """The vectors and words of the passages, for tools that train and measure."""
        return self._index

    def _note(self, answer: Answer) -> None:
        """Count how a question of a person ended."""
        count_answer(self.metrics, answer)
        self.insights.note(answer)
        self.hooks.answered(answer)
        for tell in self.told_of_answers:
            tell(answer)

    def _ingested(self, result: IngestResult) -> None:
        """Count what became of a document, and put it down."""
        self.metrics.count("citewell_ingest_results_total", result.status.value)
        self.audit.ingested(result)
        self.hooks.ingested(result)

    def _source_gave_groups(self, document_id: str, before: frozenset[str], now: frozenset[str]) -> None:
        """Put down that a source lets other groups read a document now."""
        self.audit.write(
            AuditKind.RULES_CHANGED, document=document_id, groups=sorted(now), groups_before=sorted(before)
        )

    def close(self) -> None:
        """Let go of the database. Nothing can be used afterwards."""
        if self._helper is not None:
            self._helper.stop()
        self.hooks.close()
        self.insights.close()
        self._parser.close()
        self._index.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    @contextmanager
    def people_of(settings: Settings) -> Iterator[People]:
        """Who may sign in, over `settings.data_dir`, which is made ready if it is empty; no model is loaded."""
        with closing(open_store(settings)) as store:
            yield People.over(store.people, settings, AuditService(settings, store).write)

    @staticmethod
    @contextmanager
    def privacy_of(settings: Settings) -> Iterator[PrivacyService]:
        """What is kept of persons, over `settings.data_dir`; no model is loaded. Raises IndexMissing without one."""
        with closing(open_store(settings, create=False)) as store:
            audit = AuditService(settings, store)
            yield PrivacyService(settings, store, People.over(store.people, settings, audit.write), audit)

    @staticmethod
    def restore(backup: Path, settings: Settings, *, replace: bool = False) -> Restored:
        """Make a backup the content of `settings.data_dir`; with `replace` also where there is one, which is set aside.

        An encrypted one is opened with the key that the settings name. The audit log is told of it, and is never put
        back to what it was. Raises InputError for what is no backup, StorageError for a damaged one.
        """
        put = partial(restore_database, settings, replace=replace)
        with decrypted(backup, settings.backup_identity, room=settings.data_dir) as plain:
            restored = put_back(plain, settings.data_dir, extract=extract_files, restore=put)
        with closing(open_store(settings, create=False)) as store:
            AuditService(settings, store).write(AuditKind.RESTORED, **restored.facts)
        return restored

    @staticmethod
    def export_model(settings: Settings, folder: Path, *, progress: Announce | None = None) -> int:
        """Write the model of the settings into the new `folder`, to be carried elsewhere; its size in bytes.

        Raises InputError when something is there already, ModelUnavailable, StorageError.
        """
        with TemporaryDirectory(prefix="citewell-") as apart:
            return carry(load_model(settings.model, Path(apart), progress=progress), folder)
