"""A mailbox as a source: Dovecot, asked over TLS; and servers that lie, whose answers are written here."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import DocumentTooLarge, FetchFailed, InvalidSetting
from rag.hosts import parse_host
from rag.ingest.sources.web.urls import Url
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.imap_client import ImapClient, why_no_password
from rag.sources.imap_source import ImapSource
from rag.sources.pace import Pace
from rag.sources.source_file import ConfiguredSource, parse_source_file
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.mail_servers import (
    HANG_UP,
    SOUND,
    WORD,
    Answer,
    Mailbox,
    MailServer,
    dovecot_serving,
    needs_dovecot,
    opened_mailbox,
    scripted_mail_serving,
)
from tests.support.source_scenes import (
    counts,
    cut_short,
    ids,
    readers,
    stored,
    sync,
    write_source_file,
)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailServer]:
    with dovecot_serving() as server:
        yield server


@pytest.fixture
def box(dovecot: MailServer, request: pytest.FixtureRequest) -> Iterator[Mailbox]:
    """The mailbox of a user who is called as the test says."""
    with opened_mailbox(dovecot, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def mail_citewell(dovecot: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """One that trusts the authority of Dovecot's certificate, and knows the word of all accounts."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "word").write_text(WORD)
    settings = Settings(data_dir=folder, reader=False, ca_file=dovecot.certificates.authority)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        yield citewell


def follow(citewell: Citewell, server: MailServer, user: str, **more: object) -> None:
    """Name the account of a user as the only source."""
    word = citewell.settings.data_dir / "word"
    table = {"kind": "imap", "url": server.url, "user": user, "password_file": word, "requests_per_second": 10_000}
    write_source_file(citewell, **{user: table | more})


def mail(number: int, text: str = "") -> bytes:
    """A mail, as it is sent."""
    head = (
        f"From: Ida <ida@example.org>\r\nTo: all@example.org\r\nSubject: Gate {number}\r\n"
        f"Message-ID: <gate-{number}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return head.encode() + (text or f"Gate {number} opens at eight.").encode() + b"\r\n"


def held(box: Mailbox, folders: list[str]) -> dict[str, bytes]:
    """The bytes of each mail, by the path that it is to have as a document."""
    return {path.replace("Caf&AOk-", "Café"): data for path, data in box.holding(*folders).items()}


@needs_dovecot
@pytest.mark.parametrize("box", ["home"], indirect=True)
def test_what_is_stored_is_what_the_mailbox_holds_before_and_after_a_change(
    mail_citewell: Citewell, dovecot: MailServer, box: Mailbox
) -> None:
    """Cut short on the way in, and again over a changed mailbox, and gone on with; a folder gets other readers."""
    folders = ["INBOX", "Projects", "Projects.Gates", "Caf&AOk-"]
    for folder in folders[1:]:
        box.create(folder)
    box.create("Vault")
    for folder in (*folders, "Vault"):
        box.imap.setacl(f'"{folder}"', "$staff", "lr")
    for number in range(200):
        box.put(folders[number % 4], mail(number))
    for number in range(300, 310):
        box.put("Vault", mail(number))
    folders.append("Vault")
    follow(mail_citewell, dovecot, "home", rights="acl", group_map={"$staff": "staff", "$board": "board"})
    cut_short(mail_citewell, results=33)
    assert sync(mail_citewell).ok
    assert stored(mail_citewell) == held(box, folders)
    assert len(ids(mail_citewell)) == 210
    assert set(readers(mail_citewell).values()) == {frozenset({"staff"})}
    known = ids(mail_citewell)
    numbers = box.numbers("INBOX")
    for number in range(20):
        box.put("INBOX", mail(number, f"Gate {number} is closed."))
    box.delete("INBOX", numbers[:20])
    moved = {path: data for path, data in box.holding("Projects").items() if int(path.partition("-")[2][:-4]) <= 20}
    box.move("Projects", box.numbers("Projects")[:20], "Caf&AOk-")
    box.delete("Projects.Gates", box.numbers("Projects.Gates")[:20])
    for number in range(200, 220):
        box.put("Projects.Gates", mail(number))
    box.imap.setacl("Vault", "$staff", "l")
    box.imap.setacl("Vault", "$board", "lr")
    cut_short(mail_citewell, results=25)
    report = sync(mail_citewell)
    assert (report.ok, report.problems, report.failed) == (True, (), 0)
    assert stored(mail_citewell) == held(box, folders)
    now = ids(mail_citewell)
    place = {data: path for path, data in held(box, folders).items()}
    assert [now[place[data]] for data in moved.values()] == [known[path] for path in moved]
    given = readers(mail_citewell)
    assert given == {path: frozenset({"board" if path.startswith("Vault/") else "staff"}) for path in now}
    assert sum(groups == {"board"} for groups in given.values()) == 10
    assert counts(sync(mail_citewell)) == (0, 0, 0, 0, 210, 0)
    assert [check for check in mail_citewell.maintenance.check() if not check.ok] == []


@needs_dovecot
@pytest.mark.parametrize("box", ["marks"], indirect=True)
def test_a_message_that_is_marked_as_deleted_goes_and_one_that_is_read_stays_unread(
    mail_citewell: Citewell, dovecot: MailServer, box: Mailbox
) -> None:
    for number in range(4):
        box.put("INBOX", mail(number), arrived=f"0{number + 1}-Nov-2026 08:00:00 +0100")
    follow(mail_citewell, dovecot, "marks", since="2026-11-02")
    assert counts(sync(mail_citewell, "marks")) == (3, 0, 0, 0, 0, 0)
    found = [info for info in mail_citewell.documents.all(access=EVERYTHING) if "marks/" in info.source.location]
    assert sorted(info.source.title for info in found) == ["Gate 1", "Gate 2", "Gate 3"]
    numbers = box.numbers("INBOX")
    assert box.imap.uid("SEARCH", "SEEN") == ("OK", [b""])
    box.mark("INBOX", numbers[3:], "\\Deleted")
    assert counts(sync(mail_citewell, "marks")) == (0, 0, 0, 1, 2, 0)


@needs_dovecot
@pytest.mark.parametrize("box", ["anew"], indirect=True)
def test_a_folder_whose_messages_are_numbered_anew_has_the_same_documents(
    mail_citewell: Citewell, dovecot: MailServer, box: Mailbox
) -> None:
    for _ in range(2):
        box.create("Rules")
        for number in range(5):
            box.put("Rules", mail(number))
        before = ids(mail_citewell, "anew")
        follow(mail_citewell, dovecot, "anew")
        report = sync(mail_citewell, "anew")
        box.delete("Rules", box.numbers("Rules"))
        box.imap.unselect()
        box.imap.delete("Rules")
    assert counts(report) == (0, 0, 5, 0, 0, 0)
    after = ids(mail_citewell, "anew")
    assert sorted(after.values()) == sorted(before.values())
    assert not after.keys() & before.keys()


@needs_dovecot
@pytest.mark.parametrize("box", ["rights"], indirect=True)
def test_rights_of_a_folder_are_those_of_its_mails_and_no_mail_is_read_again_for_them(
    mail_citewell: Citewell, dovecot: MailServer, box: Mailbox
) -> None:
    for folder, count in (("Open", 20), ("Board", 10), ("Denied", 1)):
        box.create(folder)
        box.imap.setacl(folder, "$staff", "lr")
        for number in range(count):
            box.put(folder, mail(number, f"{folder} {number} opens at eight."))
    box.imap.setacl("Denied", "-eve", "r")
    group_map = {"$staff": "staff", "bo": "board"}
    follow(mail_citewell, dovecot, "rights", rights="acl", group_map=group_map)
    assert counts(sync(mail_citewell, "rights")) == (31, 0, 0, 0, 0, 0)
    staff, board = frozenset({"staff"}), frozenset({"board"})
    given = readers(mail_citewell, "rights")
    assert {path: staff for path in given if not path.startswith("Denied")} == {
        path: groups for path, groups in given.items() if groups
    }
    box.imap.setacl("Board", "$staff", "l")
    box.imap.setacl("Board", "bo", "lr")
    report = sync(mail_citewell, "rights")
    assert (counts(report), report.rights_changed) == ((0, 0, 0, 0, 31, 0), 10)
    assert readers(mail_citewell, "rights") == {
        path: board if path.startswith("Board") else groups for path, groups in given.items()
    }
    with pytest.raises(InvalidSetting, match="rights needs group_map"):
        ImapSource(configured("imap://localhost", 'rights = "acl"'), pace(), Settings(), password=WORD)


@needs_dovecot
@pytest.mark.parametrize("box", ["some"], indirect=True)
def test_folders_are_chosen_by_patterns_and_trash_only_by_name(
    mail_citewell: Citewell, dovecot: MailServer, box: Mailbox
) -> None:
    for folder in ("Projects", "Projects.Gates", "Private"):
        box.create(folder)
    for number, folder in enumerate(("INBOX", "Projects", "Projects.Gates", "Private", "Trash")):
        box.put(folder, mail(number))

    def folders(**more: object) -> set[str]:
        follow(mail_citewell, dovecot, "some", max_removed=1, **more)
        assert sync(mail_citewell, "some").ok
        return {path.rpartition("/")[0] for path in stored(mail_citewell, "some")}

    assert folders() == {"INBOX", "Projects", "Projects/Gates", "Private"}
    assert folders(exclude=["Private/"]) == {"INBOX", "Projects", "Projects/Gates"}
    assert folders(include=["Projects/"], exclude=["Gates/"]) == {"Projects"}
    assert folders(include=["Trash/"]) == {"Trash"}


@needs_dovecot
@pytest.mark.parametrize("box", ["tls"], indirect=True)
def test_a_password_goes_only_to_a_server_that_is_known_by_its_certificate(
    dovecot: MailServer, box: Mailbox, tmp_path: Path
) -> None:
    box.put("INBOX", mail(1))
    known = Settings(data_dir=tmp_path, ca_file=dovecot.certificates.authority)
    for url in (dovecot.url, f"imap://localhost:{dovecot.starttls_port}"):
        with closing(ImapSource(configured(url, user="tls"), pace(), known, password=WORD)) as found:
            assert [entry.path.partition("/")[0] for entry in found.list("").entries] == ["INBOX"]
        stranger = ImapSource(configured(url), pace(), Settings(data_dir=tmp_path), password=WORD)
        with pytest.raises(FetchFailed, match="its certificate is not trusted"):
            stranger.list("")
        elsewhere = ImapSource(configured(url.replace("localhost", "127.0.0.1")), pace(), known, password=WORD)
        with pytest.raises(FetchFailed, match="its certificate is not trusted"):
            elsewhere.list("")
    wrong = ImapSource(configured(dovecot.url), pace(), known, password=WORD.upper())
    with pytest.raises(FetchFailed, match=r"^imaps://localhost:\d+/: the server does not take the user and the"):
        wrong.list("")


def test_a_password_is_sent_encrypted_and_only_where_one_is_asked_for() -> None:
    mail_host = Url("imap", parse_host("mail.example"), 143, "/")
    here = Url("imap", parse_host("localhost"), 143, "/")
    assert "a password is sent over an encrypted connection only" in why_no_password(
        mail_host, "NONAUTH", is_encrypted=False
    )
    assert why_no_password(mail_host, "NONAUTH", is_encrypted=True) == ""
    assert why_no_password(here, "NONAUTH", is_encrypted=False) == ""
    assert "lets everybody in without a password" in why_no_password(here, "AUTH", is_encrypted=False)


def endless(start: bytes, more: bytes) -> Answer:
    return lambda: itertools.chain([start], itertools.repeat(more))


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [
        ("", HANG_UP, "the server ended the connection"),
        ("", b"HTTP/1.1 400 Bad Request\r\n", "does not speak proper IMAP"),
        ("", b"* PREAUTH welcome\r\n", "lets everybody in without a password"),
        ("", endless(b"* OK ", b"x" * 10_000), "it sends a line of more than 100,000 bytes"),
        ("", endless(b"", b"* OK " + b"x" * 2_000 + b"\r\n"), "it sends too much before anything is asked"),
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n", "takes a user and a password in ASCII only"),
        ("AUTHENTICATE", "TAG NO I do not know wörd\r\n".encode(), "does not take the user and the password"),
        ("AUTHENTICATE", HANG_UP, "the server ended the connection"),
        ("LIST", b"* LIST () NIL {4294967296}\r\n", "the answer has more than 5,000,000 bytes"),
        ("LIST", b"* LIST () NIL {" + b"9" * 5_000 + b"}\r\n", "does not speak proper IMAP"),
        ("LIST", b"* LIST (((((((((((((((((((((((((((((((( INBOX\r\nTAG OK done\r\n", "answers what is no IMAP"),
        ("LIST", b'* LIST () "/" "INBOX\r\nTAG OK done\r\n', "answers what is no IMAP"),
        ("LIST", b"* LIST () NIL\r\nTAG OK done\r\n", "answers what is no IMAP"),
        ("LIST", b"* BYE it is late\r\n", "it is late"),
        ("LIST", b"TAG2 OK done\r\n", "does not speak proper IMAP"),
        ("LIST", b'* LIST () "/" ../etc\r\nTAG OK done\r\n', "../etc is no name of a folder"),
        ("LIST", b'* LIST () "." a/b\r\nTAG OK done\r\n', "a/b is no name of a folder"),
        ("LIST", b'* LIST () "/" {2}\r\n\r\n\r\nTAG OK done\r\n', r"\\r\\n is no name of a folder"),
        ("LIST", b'* LIST () "/" &AAo-\r\nTAG OK done\r\n', "&AAo- is no name of a folder"),
        ("LIST", b'* LIST () "/" &2AA-\r\nTAG OK done\r\n', "&2AA- is no name of a folder"),
        ("STATUS", b"TAG NO not for you\r\n", "the server says not for you"),
        (
            "STATUS",
            b"* STATUS INBOX (UIDVALIDITY x UIDNEXT 1 MESSAGES 1)\r\nTAG OK done\r\n",
            "answers what is no IMAP",
        ),
        ("STATUS", b"TAG OK done\r\n", "answers what is no IMAP"),
        ("EXAMINE", b"* 2 EXISTS\r\n* OK [UIDVALIDITY 8] x\r\nTAG OK done\r\n", "numbered anew meanwhile"),
        ("EXAMINE", b"TAG NO [NOPERM]\r\n", r"the server says \[NOPERM\]"),
        ("EXAMINE", b"TAG OK done\r\n", "answers what is no IMAP"),
        (
            "EXAMINE",
            b"* 9999999 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK done\r\n",
            "2 messages were listed where 500",
        ),
        ("FETCH", b"TAG OK done\r\n", "0 messages were listed where 2 were expected"),
        ("FETCH", b"* 1 FETCH (FLAGS (UID 1 RFC822.SIZE 2))\r\nTAG OK done\r\n", "0 messages were listed where 2"),
        ("FETCH", b"* 9 FETCH (UID 9 FLAGS () RFC822.SIZE 2)\r\nTAG OK done\r\n", "0 messages were listed where 2"),
        ("FETCH", b"* 1 FETCH (UID -1 FLAGS () RFC822.SIZE 2)\r\nTAG OK done\r\n", "answers what is no IMAP"),
        (
            "FETCH",
            endless(b"", b"* 1 FETCH (FLAGS (" + b"x" * 9_000 + b"))\r\n"),
            "the answer has more than 1,200,000 bytes",
        ),
        ("FETCH", HANG_UP, "the connection was lost while it was listed"),
    ],
)
def test_a_server_that_is_wrong_about_what_it_has_costs_nothing(command: str, answer: Answer, said: str) -> None:
    script = dict(SOUND) | {command: answer}
    with (
        scripted_mail_serving(script) as port,
        closing(asking(port)) as source,
        pytest.raises(FetchFailed, match=said) as raised,
    ):
        list(source.list("").entries)
    assert WORD not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HANG_UP, "the server ended the connection"),
        (b"TAG OK done\r\n", "the server does not have it any more"),
        (b"* 1 FETCH (UID 9 BODY[] {1}\r\nx)\r\nTAG OK done\r\n", "the server does not have it any more"),
        (b"* 1 FETCH (UID NUMBER BODY[] NIL)\r\nTAG OK done\r\n", "the server does not have it any more"),
        (b"TAG NO no\r\n", "the server says no"),
        (b"* 1 FETCH BODY\r\nTAG OK done\r\n", "answers what is no IMAP"),
    ],
)
def test_a_message_that_does_not_come_whole_is_told_of_and_what_is_stored_stays(
    one_citewell: Citewell, tmp_path: Path, answer: bytes | None, said: str
) -> None:
    word = tmp_path / "word"
    word.write_text(WORD)
    script = dict(SOUND)
    with scripted_mail_serving(script) as port:
        mine = {"kind": "imap", "url": f"imap://127.0.0.1:{port}", "user": "ida", "password_file": word}
        write_source_file(one_citewell, bad=mine | {"requests_per_second": 10_000, "max_removed": 1})
        sync(one_citewell, "bad")
        kept = stored(one_citewell, "bad")
        assert kept == {f"INBOX/7-{number}.eml": b"Subject: Gate\r\n\r\nIt opens at one.\r\n" for number in (1, 2)}
        script["UID FETCH"] = answer
        script["STATUS"] = (SOUND["STATUS"] or b"").replace(b"UIDNEXT 3", b"UIDNEXT 4")  # type: ignore[union-attr]
        script["FETCH"] = (SOUND["FETCH"] or b"").replace(b"UID 2", b"UID 3")  # type: ignore[union-attr]
        report = sync(one_citewell, "bad")
        assert said in report.failures[0].error
        assert "INBOX/7-1.eml" in stored(one_citewell, "bad")
        script["UID FETCH"] = SOUND["UID FETCH"]
        assert sync(one_citewell, "bad").ok


def test_a_message_has_no_more_bytes_than_it_may_whatever_was_said_of_it() -> None:
    script = dict(SOUND) | {"UID FETCH": b"* 1 FETCH (UID NUMBER BODY[] {4294967296}\r\nxxxx"}
    with scripted_mail_serving(script) as port, closing(asking(port)) as source:
        entry = next(source.list("").entries)
        with pytest.raises(DocumentTooLarge, match="it has more than 1,000 bytes, which are allowed"):
            source.read(entry, 1_000)
        script["UID FETCH"] = SOUND["UID FETCH"]
        assert source.read(entry, 1_000) == b"Subject: Gate\r\n\r\nIt opens at one.\r\n"


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_without_an_end() -> None:
    stop = threading.Event()

    def drops() -> Iterator[bytes]:
        yield b"* OK "
        while not stop.wait(0.01):
            yield b"x"

    with scripted_mail_serving(dict(SOUND) | {"": drops}) as port:
        client = ImapClient(configured(f"imap://127.0.0.1:{port}"), pace(), Settings(), WORD, seconds=0.2)
        with closing(client), pytest.raises(FetchFailed, match="it was not there in whole after"):
            client.can("ACL")
        stop.set()


def test_a_connection_that_was_ended_meanwhile_is_made_again() -> None:
    script = dict(SOUND)
    with scripted_mail_serving(script) as port, closing(asking(port)) as source:
        one, two = source.list("").entries
        hung_up = iter([True])

        def once() -> Iterator[bytes]:
            if next(hung_up, False):
                yield b"* BYE too long idle\r\n"
            else:
                yield SOUND["UID FETCH"]  # type: ignore[misc] # it is bytes

        script["UID FETCH"] = once
        assert source.read(one, 1_000) == source.read(two, 1_000) == b"Subject: Gate\r\n\r\nIt opens at one.\r\n"


@pytest.mark.parametrize(
    ("url", "lines", "said"),
    [
        ("https://mail.example", "", "it begins with 'https'; expected an address with imaps:// or imap://"),
        ("imaps://mail.example/INBOX", "", "url has something behind the host; choose folders with include"),
        ("imaps://mail.example", 'since = "last year"', "since is 'last year'; expected a day"),
    ],
)
def test_what_cannot_be_asked_of_a_mail_server_is_said_before_it_is_asked(
    tmp_path: Path, url: str, lines: str, said: str
) -> None:
    with pytest.raises(InvalidSetting, match=said):
        ImapSource(configured(url, lines), pace(), Settings(data_dir=tmp_path), password=WORD)
    with pytest.raises(InvalidSetting, match="expected a user, and password_env or password_file"):
        ImapSource(configured("imaps://mail.example"), pace(), Settings(data_dir=tmp_path), password="")


def configured(url: str, lines: str = "", user: str = "ida") -> ConfiguredSource:
    written = f'[source.home]\nkind = "imap"\nurl = "{url}"\nuser = "{user}"\n{lines}\n'
    return parse_source_file(written.encode(), FILE_NAME)["home"]


def asking(port: int) -> ImapSource:
    """A source that asks a server of ours."""
    return ImapSource(configured(f"imap://127.0.0.1:{port}"), pace(), Settings(), password=WORD)


def pace() -> Pace:
    return Pace(per_second=10_000, seconds=600)
