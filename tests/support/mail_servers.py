"""Mail servers on this machine: Dovecot of Debian, and one that says what a test wants, however wrong."""

from __future__ import annotations

import contextlib
import getpass
import grp
import imaplib
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.support.certificates import Certificates, make_certificates
from tests.support.listening import answering
from tests.support.ports import free_ports, wait_until_taken

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
needs_dovecot = pytest.mark.skipif(DOVECOT is None, reason="dovecot is missing: the Debian package dovecot-imapd")
WORD = "wörd"

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/log
ssl = required
ssl_cert = <{certificates.server}
ssl_key = <{certificates.key}
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
auth_failure_delay = 0
mail_location = mdbox:~/mdbox
mail_fsync = never
mail_plugins = acl
protocol imap {{
  mail_plugins = acl imap_acl
}}
plugin {{
  acl = vfile
}}
passdb {{
  driver = static
  args = password={word}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/homes/%u
}}
namespace inbox {{
  inbox = yes
  separator = .
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {ports[0]}
  }}
  inet_listener imaps {{
    port = {ports[1]}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class MailServer:
    """Where Dovecot listens. Whoever knows the one word has an account."""

    starttls_port: int
    tls_port: int
    certificates: Certificates

    @property
    def url(self) -> str:
        return f"imaps://localhost:{self.tls_port}"


@dataclass(frozen=True)
class Mailbox:
    """One account, seen by somebody who writes mails and keeps folders."""

    imap: imaplib.IMAP4_SSL

    def create(self, folder: str) -> None:
        said(self.imap.create(f'"{folder}"'))

    def put(self, folder: str, data: bytes, *, arrived: str = "") -> None:
        """Lay a mail into a folder."""
        said(self.imap.append(f'"{folder}"', "", f'"{arrived}"' if arrived else "", data))

    def numbers(self, folder: str) -> list[str]:
        """The UIDs in a folder, in their order."""
        said(self.imap.select(f'"{folder}"'))
        return said(self.imap.uid("SEARCH", "ALL"))[0].decode().split()

    def mark(self, folder: str, numbers: list[str], flag: str) -> None:
        said(self.imap.select(f'"{folder}"'))
        said(self.imap.uid("STORE", ",".join(numbers), "+FLAGS", f"({flag})"))

    def delete(self, folder: str, numbers: list[str]) -> None:
        self.mark(folder, numbers, "\\Deleted")
        said(self.imap.expunge())

    def move(self, folder: str, numbers: list[str], to: str) -> None:
        said(self.imap.select(f'"{folder}"'))
        said(self.imap.uid("MOVE", ",".join(numbers), f'"{to}"'))

    def holding(self, *folders: str) -> dict[str, bytes]:
        """The bytes of each mail in some folders, by the path that it has as a document."""
        found = {}
        for folder in folders:
            said(self.imap.select(f'"{folder}"', readonly=True))
            validity = self.imap.response("UIDVALIDITY")[1][0].decode()
            for piece in said(self.imap.uid("FETCH", "1:*", "(BODY.PEEK[])")):
                if isinstance(piece, tuple):
                    number = re.search(rb"UID (\d+)", piece[0])
                    assert number is not None
                    found[f"{folder.replace('.', '/')}/{validity}-{number[1].decode()}.eml"] = piece[1]
        return found


@contextmanager
def opened_mailbox(server: MailServer, user: str) -> Iterator[Mailbox]:
    """The account of a user, empty at first, until the end of the block."""
    tls = ssl.create_default_context(cafile=str(server.certificates.authority))
    with imaplib.IMAP4_SSL("localhost", server.tls_port, ssl_context=tls) as imap:
        said(imap.authenticate("PLAIN", lambda _: f"\0{user}\0{WORD}".encode()))
        yield Mailbox(imap)


def said(reply: tuple) -> list:
    """What a server answered that was to agree."""
    kind, pieces = reply
    assert kind == "OK", pieces
    return [piece for piece in pieces if piece is not None]


@contextmanager
def dovecot_serving() -> Iterator[MailServer]:
    """Dovecot, without mails, until the end of the block."""
    assert DOVECOT is not None
    # Not among the files of the test: its sockets need short names, and its mails another owner than root.
    with tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificates = make_certificates(folder / "certificates", "localhost")
        homes = folder / "homes"
        homes.mkdir()
        me, mine = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        people = dict.fromkeys(("internal", "login", "owner"), me) | {"internal_group": mine, "owner_group": mine}
        if os.getuid() == 0:
            people = {
                "internal": "dovecot",
                "internal_group": "dovecot",
                "login": "dovenull",
                "owner": "nobody",
                "owner_group": "nogroup",
            }
            shutil.chown(homes, "nobody")
        ports = free_ports(2)
        configuration = folder / "dovecot.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=folder, certificates=certificates, ports=ports, word=WORD, **people)
        )
        log = folder / "output"
        with log.open("wb") as written:
            process = subprocess.Popen([DOVECOT, "-F", "-c", configuration], stdout=written, stderr=written)
        try:
            for port in ports:
                wait_until_taken(port, process, log)
            yield MailServer(ports[0], ports[1], certificates)
        finally:
            process.terminate()
            process.wait(60)


# What is sent for a command, whose tag stands in front of it; None ends the connection.
Answer = bytes | Callable[[], Iterator[bytes]] | None
Script = Mapping[str, Answer]
HANG_UP = None
# A mailbox with one folder, which is empty, as long as nothing else is said.
SOUND: Script = {
    "": b"* OK ready\r\n",
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN CONDSTORE\r\nTAG OK done\r\n",
    "AUTHENTICATE": b"+ \r\n",
    "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    "STATUS": b"* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 3 MESSAGES 2 HIGHESTMODSEQ 9)\r\nTAG OK done\r\n",
    "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK [READ-ONLY]\r\n",
    "FETCH": (
        b'* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 20 INTERNALDATE "01-Nov-2026 08:00:00 +0000")\r\n'
        b'* 2 FETCH (UID 2 FLAGS (\\Seen) RFC822.SIZE 20 INTERNALDATE "01-Nov-2026 08:00:00 +0000")\r\nTAG OK done\r\n'
    ),
    "UID FETCH": b"* 1 FETCH (UID NUMBER BODY[] {35}\r\nSubject: Gate\r\n\r\nIt opens at one.\r\n)\r\nTAG OK done\r\n",
}


@contextmanager
def scripted_mail_serving(script: dict[str, bytes | Callable[[], Iterator[bytes]] | None]) -> Iterator[int]:
    """The port of a server that answers each command with what the script has for it now, "" being the greeting.

    TAG stands for the tag of the command, NUMBER for the message that was asked for. What is sent for AUTHENTICATE is
    followed by OK as soon as the password has come.
    """
    with answering(partial(_lead, script), patience=60) as port:
        yield port


def _lead(script: Script, connection: socket.socket) -> None:
    """One connection, until either side ends it."""
    connection.settimeout(60)
    # The other end may go away at any time: that is what some tests are about.
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
        if not _send(script[""], connection, {}):
            return
        for line in lines:
            tag, *words = line.split()
            if not words:
                return
            name = b" ".join(words[:2] if words[0] == b"UID" else words[:1]).decode()
            number = words[2] if name == "UID FETCH" else b""
            if not _send(script.get(name, b"TAG BAD what\r\n"), connection, {b"TAG": tag, b"NUMBER": number}):
                return
            if name == "AUTHENTICATE" and lines.readline():
                connection.sendall(tag + b" OK done\r\n")


def _send(answer: Answer, connection: socket.socket, meant: Mapping[bytes, bytes]) -> bool:
    """Whether the connection stays."""
    if answer is None:
        return False
    for part in [answer] if isinstance(answer, bytes) else answer():
        for word, meaning in meant.items():
            part = part.replace(word, meaning)
        connection.sendall(part)
    return True
