"""All that is kept of a person is given out and deleted, and nothing of anybody else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.access.actor import Actor, acting_as
from rag.access.audit import AuditFilter
from rag.access.identity import Role
from rag.access.privacy import PrivacyService
from rag.app import Citewell
from rag.errors import InputError, PersonNotFound
from rag.records import EVERYBODY, Access
from tests.support.conversations import is_on_disk
from tests.support.fakes import HashEmbedder
from web.settings import WebSettings

HARBOUR = "When was the harbour at Westerholm opened?"
SECRET = "Does Xanthippe Quimby owe a fine?"  # noqa: S105 - words that stand nowhere else


@pytest.fixture
def kept(settings: WebSettings, embedder: HashEmbedder, library: Path) -> Iterator[Citewell]:
    """Two persons have asked, rated and signed in; questions are kept, and all is put down."""
    settings = replace(settings, audit="on", audit_questions="full", keep_questions_days=30)
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        citewell.documents.ingest([library])
        for name in ("anna", "otto"):
            citewell.people.accounts.add(name, shown_as=name.title(), mail=f"{name}@example.org")
            with acting_as(Actor(name, "local", "10.0.0.7")):
                citewell.people.sessions.start(name, "local")
                access = Access(name, frozenset({EVERYBODY}))
                question = SECRET if name == "anna" else HARBOUR
                reply = citewell.conversations.ask(question, access=access, keep=True)
                citewell.conversations.add_feedback(
                    reply.answer.id, access=access, relevance="not_relevant", comment=f"{name} says no"
                )
        yield citewell


def test_all_that_is_kept_of_a_person_is_given_out(kept: Citewell) -> None:
    found = kept.privacy.export("Anna")
    assert found.account
    assert (found.name, found.account.mail, len(found.sessions), len(found.conversations)) == (
        "anna",
        "anna@example.org",
        1,
        1,
    )
    assert [record.comment for record in found.feedback] == ["anna says no"]
    assert found.questions == [SECRET]
    assert {entry.kind for entry in found.audit} == {"person_added", "asked"}
    body = found.body(lambda conversation: conversation.title)
    assert "digest" not in str(body)
    assert "otto" not in str(body)


def test_that_it_was_given_out_is_put_down(kept: Citewell) -> None:
    kept.privacy.export("anna")
    (entry,) = kept.audit.entries(AuditFilter(kind="person_exported"))
    assert (entry.whom, entry.facts["parts"]["conversations"]) == ("anna", 1)


def test_who_is_erased_is_gone_and_the_log_is_whole(kept: Citewell) -> None:
    counts = kept.privacy.erase("anna")
    assert counts == {"account": 1, "sessions": 1, "keys": 0, "conversations": 1, "feedback": 1, "audit": 2}
    with pytest.raises(PersonNotFound):
        kept.privacy.export("anna")
    assert [person.name for person in kept.people.accounts.all()] == ["otto"]
    assert not is_on_disk(kept, b"Xanthippe")
    assert not is_on_disk(kept, b"anna says no")
    assert not is_on_disk(kept, b"anna@example.org")
    assert kept.audit.check().is_sound
    erased = [entry for entry in kept.audit.entries() if entry.is_erased]
    assert {entry.kind for entry in erased} == {"asked"}
    assert {(entry.question, entry.address) for entry in erased} == {("", "")}


def test_nothing_of_anybody_else_is_erased(kept: Citewell) -> None:
    before = kept.privacy.export("otto")
    kept.privacy.erase("anna")
    after = kept.privacy.export("otto")
    assert after.counts == before.counts | {"audit": before.counts["audit"] + 1}
    assert after.conversations == before.conversations
    report = kept.insights.unanswered(1)
    assert [question.question for group in report.groups for question in group.questions] in ([HARBOUR], [])


def test_what_is_left_of_a_person_whose_account_was_removed_before_can_be_erased(kept: Citewell) -> None:
    kept.people.accounts.remove("anna")
    counts = kept.privacy.erase("anna")
    assert (counts["account"], counts["feedback"], counts["audit"] > 0) == (0, 1, True)
    assert not is_on_disk(kept, b"anna says no")


def test_the_last_owner_is_not_erased(kept: Citewell) -> None:
    kept.people.accounts.set_roles("anna", [Role.OWNER])
    with pytest.raises(InputError, match="only owner"):
        kept.privacy.erase("anna")
    assert kept.privacy.export("anna").counts["conversations"] == 1


@pytest.mark.parametrize("name", ["nobody.of.that.name", ""])
def test_of_somebody_unknown_nothing_is_kept(kept: Citewell, name: str) -> None:
    for act in (kept.privacy.export, kept.privacy.erase):
        with pytest.raises(PersonNotFound):
            act(name)


def test_it_can_be_done_without_a_model(kept: Citewell) -> None:
    with Citewell.privacy_of(kept.settings) as privacy:
        assert isinstance(privacy, PrivacyService)
        assert privacy.export("otto").name == "otto"
