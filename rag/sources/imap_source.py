"""A mailbox, asked over IMAP: its messages, each as it was sent, as a document in the folder where it lies.

A message never changes: it comes, is moved, and goes. It is called by the number that its folder gave it and by the
validity of these numbers, so that a folder whose messages are numbered anew has others, which are known again by their
bytes. What names the state of every folder says whether anything has to be listed at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from rag.errors import FetchFailed, InvalidSetting
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, shown_name, why_not_path
from rag.sources.imap_answers import ListedMail, MailFolder, MailState
from rag.sources.imap_client import FolderRefused, ImapClient
from rag.sources.pace import Pace
from rag.sources.source_file import ConfiguredSource

# What nobody means who says nothing of folders: not sent yet, not wanted, thrown away, or the same messages again.
_SPECIAL = frozenset({"\\drafts", "\\junk", "\\trash", "\\all", "\\flagged"})
_CLOSED = frozenset({"\\noselect", "\\nonexistent"})
# In a list of rights: may read messages. A name with a hyphen in front is of somebody to whom rights are denied.
_MAY_READ, _DENIED = "r", "-"


class ImapSource:
    """The messages in the folders of one account."""

    def __init__(self, configured: ConfiguredSource, pace: Pace, settings: Settings, *, password: str = "") -> None:
        """Raises InvalidSetting."""
        self._client = ImapClient(configured, pace, settings, password)
        self._patterns = configured.patterns
        self._names_folders = bool(configured.lines[0])
        self._gives_rights = bool(configured.rights)
        self._since = _day(configured)
        self._refused: list[str] = []  # folders that could not be asked, and why
        self._names: dict[str, str] = {}  # of each folder, by its path, as the server writes it
        if self._gives_rights and not configured.group_map:
            raise InvalidSetting(
                f"source {configured.name}: rights needs group_map: a mailbox names accounts of the mail"
                ' server; expected which group each is here, such as "anyone" = "everybody".'
            )

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is made of the state of every folder, where the server counts changes."""
        folders = []
        self._refused.clear()
        for folder in self._client.folders():
            if not folder.path or why_not_path(folder.path):
                self._refused.append(f"{shown_name(folder.name)} is no name of a folder that can be used")
            elif self._is_wanted(folder):
                folders.append(folder)
        states: dict[MailFolder, MailState] = {}
        readers: dict[MailFolder, frozenset[str] | None] = {}
        for folder in folders:
            try:
                states[folder] = self._client.state(folder)
                readers[folder] = self._readers(folder)
            except FolderRefused as error:
                self._refused.append(str(error))
        is_telling = not self._refused and all(state.newest_change for state in states.values())
        told = sorted((f.path, repr(state), sorted(readers[f] or ())) for f, state in states.items())
        cursor = hashlib.sha256(repr(told).encode()).hexdigest()[:32] if is_telling else ""
        if cursor and cursor == since:
            return SourceListing(iter(()), cursor, is_unchanged=True)
        return SourceListing(self._entries(states, readers), cursor)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource: the message as it was sent, which does not become a read one."""
        folder = entry.path.rpartition("/")[0]
        validity, number = map(int, entry.reference.split())
        return self._client.mail(self._names[folder], folder, validity, number, max_bytes)

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _entries(
        self,
        states: dict[MailFolder, MailState],
        readers: dict[MailFolder, frozenset[str] | None],
    ) -> Iterator[SourceEntry]:
        """The messages of one folder after the other. Raises FetchFailed where a folder could not be asked."""
        for folder, state in states.items():
            self._names[folder.path] = folder.name
            try:
                for mail in self._client.mails(folder, state.validity):
                    if not mail.is_deleted and not self._is_too_old(mail):
                        yield _entry(folder.path, state.validity, mail, readers.get(folder))
            except FolderRefused as error:
                self._refused.append(str(error))
        if self._refused:
            raise FetchFailed(
                f"{len(self._refused):,} folders could not be asked, the first: {self._refused[0]}; leave"
                " out with exclude what is not meant"
            )

    def _is_wanted(self, folder: MailFolder) -> bool:
        if folder.marks & _CLOSED or (folder.marks & _SPECIAL and not self._names_folders):
            return False
        # A message that could lie in it.
        return not self._patterns.leaves_out(f"{folder.path}/1-1.eml", is_folder=False)

    def _is_too_old(self, mail: ListedMail) -> bool:
        return bool(mail.arrived_at and mail.arrived_at < self._since)

    def _readers(self, folder: MailFolder) -> frozenset[str] | None:
        """The names that may read a folder, as the server writes them; None where that is not asked."""
        if not self._gives_rights:
            return None
        if not self._client.can("ACL"):
            raise FetchFailed(
                "the server does not say who may read a mailbox (ACL); leave out rights, and write groups"
            )
        rights = self._client.rights(folder)
        may = frozenset(name for name, letters in rights.items() if _MAY_READ in letters)
        # Somebody to whom it is denied may be in any of the groups: nobody may read it then.
        return frozenset() if any(name.startswith(_DENIED) for name in may) else may


def _entry(folder: str, validity: int, mail: ListedMail, readers: frozenset[str] | None) -> SourceEntry:
    return SourceEntry(
        f"{folder}/{validity}-{mail.number}.eml",
        mail.identity or f"{validity} {mail.number}",
        mail.size,
        mail.arrived_at,
        readers=readers,
        reference=f"{validity} {mail.number}",
        identity=mail.identity,
    )


def _day(configured: ConfiguredSource) -> str:
    """The day from which on messages are taken; "" for all. Raises InvalidSetting."""
    written = configured.options.get("since", "")
    try:
        return date.fromisoformat(written).isoformat() if written else ""
    except ValueError:
        raise InvalidSetting(
            f'source {configured.name}: since is {written!r}; expected a day, like "2026-01-31".'
        ) from None
