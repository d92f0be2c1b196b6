import struct
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read import read_bytes
from rag.read.mail.compound import Compound
from rag.read.mail.eml import read_eml
from rag.read.mail.msg import read_msg
from rag.read.mail.packed_rtf import packed_text, unpack
from rag.records import Source
from tests.support.effort import at_most
from tests.support.msg_files import (
    ADDRESS,
    BODY,
    BODY_PAGE,
    CLASS,
    DATA,
    DISPLAY_TO,
    HEADERS,
    HIDDEN,
    HTML,
    LONG_NAME,
    MESSAGE_PAGE,
    METHOD,
    MOMENT,
    NAME,
    ROLE,
    RTF,
    SENDER_ADDRESS,
    SHORT_NAME,
    SMTP,
    SUBJECT,
    VALUES,
    compound,
    mail,
    outlook,
)

RECIPIENTS: list[dict[int, Any]] = [
    {ROLE: 1, NAME: "Ben Holm", SMTP: "ben@example.org"},
    {ROLE: 2, NAME: "'cy@example.org'", ADDRESS: "cy@example.org"},
    {ROLE: 1, NAME: "Dora", ADDRESS: "/o=Harbour/cn=dora"},
    {ROLE: 3, NAME: "Unseen", SMTP: "unseen@example.org"},
]
HEAD = "From: Anna Berg <anna@example.org>; To: Ben Holm <ben@example.org>, Dora; Cc: cy@example.org; "
HEAD += "ISO date: 2025-06-03T12:05:00+00:00"


def words(data: bytes) -> list[str]:
    content = read_msg(data)
    return [block.span.of(content.text) for block in content.blocks]


def test_outlooks_own_fields_say_who_wrote_to_whom_and_when() -> None:
    content = read_msg(outlook(recipients=RECIPIENTS))
    assert [(b.kind.value, b.section, b.span.of(content.text)) for b in content.blocks] == [
        ("heading", "Pump 4", "Pump 4"),
        ("table_row", "Pump 4", HEAD),
        ("paragraph", "Pump 4", "The pump is red."),
        ("heading", "Pump 4 > Earlier message", "Earlier message"),
        ("paragraph", "Pump 4 > Earlier message", "Is it?"),
    ]
    assert (content.title, content.warnings) == ("Pump 4", ())


def test_file_of_fifteen_megabytes_is_read() -> None:
    attached = [{LONG_NAME: "a.pdf", DATA: bytes(range(256)) * 60_000}]
    assert words(outlook(attachments=attached))[-1] == "Is it?"


def test_mail_is_read_by_its_media_type() -> None:
    document = read_bytes(outlook(), Source("a", "", "/docs/a.msg", "application/vnd.ms-outlook"))
    assert document.source.title == "Pump 4"


@pytest.mark.parametrize("length", [1, 1_000, 700_000], ids=["small", "large", "with a table of tables"])
def test_another_reader_of_such_files_sees_the_same_mail(length: int) -> None:
    """What is tested here are files of this project's own making; this is how far they are the real thing."""
    oxmsg = pytest.importorskip("oxmsg")
    attached = {DATA: b"%PDF-", LONG_NAME: "a.pdf", METHOD: 1}
    body = "It is red. " * length
    found = oxmsg.Message.load(outlook({BODY: body}, recipients=RECIPIENTS, attachments=[attached]))
    assert (found.subject, found.sender) == ("Pump 4", '"Anna Berg" <anna@example.org>')
    assert (found.sent_date, found.body) == (MOMENT, body)
    assert [person.name for person in found.recipients] == ["Ben Holm", "'cy@example.org'", "Dora", "Unseen"]
    assert [(file.file_name, file.file_bytes) for file in found.attachments] == [("a.pdf", b"%PDF-")]


@pytest.mark.parametrize("is_html", [False, True])
def test_mail_reads_the_same_as_in_an_eml_file(is_html: bool) -> None:
    body = "Dear Ben,\n\nIt is rød.\n\n> Is it?\n\n-- \nAnna\n"
    page = "<html><body><p>It is rød.</p><blockquote type=cite>Is it?</blockquote></body></html>"
    sent = EmailMessage()
    sent["From"], sent["To"] = "Anna Bérg <anna@example.org>", "ben@example.org, cy@example.org"
    sent["Date"], sent["Subject"] = "Tue, 03 Jun 2025 14:05:00 +0200", "Pump 4"
    headers = sent.as_string()
    sent.set_content(page if is_html else body, subtype="html" if is_html else "plain")
    sent.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    own = {BODY: None, HTML: page.encode(), BODY_PAGE: 65001} if is_html else {BODY: body}
    attached = [{DATA: b"%PDF-", SHORT_NAME: "A~1.PDF", LONG_NAME: "a.pdf"}]
    assert read_msg(outlook({HEADERS: headers, **own}, attachments=attached)) == read_eml(sent.as_bytes())


def test_texts_of_eight_bits_are_read_by_their_code_page() -> None:
    data = outlook({SUBJECT: "Насос", BODY: "Он красный.", MESSAGE_PAGE: 1251}, encoding="cp1251")
    assert words(data)[::2] == ["Насос", "Он красный."]
    data = outlook({BODY: None, HTML: "<p>Он красный.</p>".encode("koi8-r"), BODY_PAGE: 20866})
    assert words(data)[-1] == "Он красный."


def test_attachments_are_named_and_pictures_among_the_words_are_not() -> None:
    attachments = [{SHORT_NAME: "A~1.PDF"}, {LONG_NAME: "logo.png", HIDDEN: True}, {DATA: b"x"}]
    content = read_msg(outlook(attachments=attachments))
    assert content.warnings == ("2 attachments were not read: A~1.PDF, without a name",)


def test_mails_attached_to_mails_are_sections_three_deep() -> None:
    inner = mail({SUBJECT: "Mail 4", BODY: "Level 4."}, is_inner=True)
    for number in range(3, -1, -1):
        values = {SUBJECT: f"Mail {number}", BODY: f"Level {number}."}
        inner = mail(values, attachments=[{METHOD: 5, DATA: inner}], is_inner=number > 0)
    content = read_msg(compound(inner))
    sections = [block.section for block in content.blocks if block.span.of(content.text).startswith("Level")]
    assert sections == [
        "Mail 0",
        "Mail 0 > Mail 1",
        "Mail 0 > Mail 1 > Mail 2",
        "Mail 0 > Mail 1 > Mail 2 > Mail 3",
    ]
    assert content.warnings == ("mails attached more than 3 deep were left out",)


def packed(rtf: bytes) -> bytes:
    """RTF packed without any reference back."""
    flags = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return struct.pack("<II4sI", len(flags) + 12, len(rtf), b"LZFu", 0) + flags


# From the worked example of [MS-OXRTFCP] 3.1.1, with references to the window that every packer starts from.
EXAMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_packed_rtf_is_unpacked() -> None:
    assert unpack(EXAMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    repeated = struct.pack("<II4sI", 0, 8, b"LZFu", 0) + b"\x04ab" + struct.pack(">H", 207 << 4 | 4)
    assert unpack(repeated) == b"abababab"  # a reference may run into what it writes
    assert unpack(struct.pack("<II4sI", 0, 4, b"MELA", 0) + b"{\\rt") == b"{\\rt"


def test_body_in_rtf_alone_is_read() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss\fcharset0 Arial;}}\f0 Die Pumpe l\'e4uft \u-10179?\u-8704?.\par "
    )
    rtf += rb'{\field{\*\fldinst{HYPERLINK "http://example.org/"}}{\fldrslt{Mehr davon}}} hier.\par}'
    assert words(outlook({BODY: None, RTF: packed(rtf)}))[2:] == ["Die Pumpe läuft \U0001f600.", "Mehr davon hier."]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x" * 15, "it is cut off"),
        (struct.pack("<II4sI", 0, 4, b"none", 0), "it is packed in an unknown way"),
        (struct.pack("<II4sI", 0, 2**32 - 1, b"LZFu", 0), "it has 4,294,967,295 bytes, but 5,000,000 are read"),
        (packed(b"{\\rtf1{\\fonttbl" + b"\\f1" * 300_000), "its list of fonts is too long"),
        (packed(rb"{\rtf1\u9999999999 x}"), "it is RTF that does not make sense"),
    ],
)
def test_rtf_that_cannot_be_read_leaves_the_mail_with_a_warning(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        packed_text(data)
    content = read_msg(outlook({BODY: None, RTF: data}))
    assert content.warnings == (f"the body was left out: {said}",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"It is red.", "it is no compound file; a mail as Outlook saves it was expected"),
        (compound({"WordDocument": b"x" * 5_000}), "it is no mail but another document in a compound file"),
        (
            outlook({BODY: None, CLASS: "IPM.Note.SMIME"}, attachments=[{LONG_NAME: "smime.p7m"}]),
            "the mail is encrypted",
        ),
        (outlook()[:-600], "it is damaged"),
    ],
)
def test_what_is_no_mail_to_be_read_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        read_msg(data)


def changed(data: bytes, *fields: tuple[int, int]) -> bytes:
    """A file with some numbers of 32 bits written into it."""
    changed = bytearray(data)
    for place, number in fields:
        struct.pack_into("<I", changed, place, number)
    return bytes(changed)


LARGE = outlook({BODY: "It is red. " * 700_000})
DIRECTORY = 512 * (1 + struct.unpack_from("<I", outlook(), 48)[0])


@pytest.mark.parametrize(
    "data",
    [
        changed(
            LARGE, (44, 2**31), (len(LARGE) - 4, struct.unpack_from("<I", LARGE, 68)[0])
        ),  # a table of tables that goes in circles
        changed(outlook(), (80, struct.unpack_from("<I", outlook(), 76)[0])),  # a table named twice
        changed(outlook(), (DIRECTORY + 76, 0)),  # a folder inside itself
        changed(outlook(), (DIRECTORY + 128 + 68, 1)),  # an entry beside itself
        changed(outlook(), (60, 10**6)),
        changed(outlook(), (30, 0xFFFF)),
    ],
    ids=["circle of tables", "table twice", "folder in itself", "entry beside itself", "no sector", "sector size"],
)
def test_file_that_points_into_itself_is_refused_at_once(data: bytes) -> None:
    reason = "it is damaged: its parts do not fit together; save the mail"
    with at_most(5), pytest.raises(UnreadableDocument, match=reason):
        read_msg(data)


def test_streams_that_share_their_bytes_are_not_read_for_ever() -> None:
    file = Compound(outlook({BODY: "red" * 9_000}))
    body = "__substg1.0_1000001F"
    with pytest.raises(UnreadableDocument, match="it is damaged"):
        for _ in range(10):
            assert len(file.read(file.root, body, max_bytes=10**6)) == 54_000
    assert file.read(file.root, body, max_bytes=100) == b""
    assert file.read(file.root, "not there", max_bytes=100) == b""


WHOLE = outlook(
    {HTML: b"<p>It is red.</p>", RTF: EXAMPLE, DISPLAY_TO: "Ben", SENDER_ADDRESS: "/o=x"},
    recipients=RECIPIENTS,
    attachments=[{METHOD: 5, DATA: mail(VALUES, is_inner=True)}, {LONG_NAME: "a.pdf", DATA: b"x" * 5_000}],
)


def test_same_bytes_give_the_same() -> None:
    assert [read_msg(WHOLE) for _ in range(3)] == [read_msg(WHOLE)] * 3


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1) | st.integers(0, 600), st.integers(0, 255)), max_size=30),
    st.integers(1, len(WHOLE)) | st.just(len(WHOLE)),
)
def test_broken_bytes_give_content_or_a_clear_error(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(WHOLE)
    for position, byte in flips:
        data[position] = byte
    try:
        content = read_msg(bytes(data[:length]))
    except UnreadableDocument as error:
        assert str(error)
    else:
        assert all(block.span.of(content.text).strip() for block in content.blocks)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_any_packed_bytes_are_unpacked_or_refused(noise: bytes, size: int) -> None:
    for data in (noise, struct.pack("<II4sI", 0, size, b"LZFu", 0) + noise, packed(b"{\\rtf1" + noise)):
        try:
            packed_text(data)
        except UnreadableDocument as error:
            assert str(error)
