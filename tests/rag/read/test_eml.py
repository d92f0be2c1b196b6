from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read import read_bytes
from rag.read.mail.eml import read_eml
from rag.records import Source
from tests.support.effort import at_most

HEAD = "From: Anna Berg <anna@example.org>; To: ben@example.org; Date: Tue, 03 Jun 2025 14:05:00 +0200"
HEAD_ROW = f"{HEAD}; ISO date: 2025-06-03T14:05:00+02:00"


def mail(text: str = "The pump is red.\n", *, subject: str = "Pump 4", **options: Any) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Anna Berg <anna@example.org>"
    message["To"] = "ben@example.org"
    message["Date"] = "Tue, 03 Jun 2025 14:05:00 +0200"
    message["Subject"] = subject
    message.set_content(text, **options)
    return message


def raw(body: str, *headers: str) -> bytes:
    head = ["From: Anna Berg <anna@example.org>", "To: ben@example.org", "Date: Tue, 03 Jun 2025 14:05:00 +0200"]
    return "\r\n".join([*head, "Subject: Pump 4", *headers, "", *body.split("\n")]).encode()


def blocks(data: bytes) -> list[tuple[str, str, str]]:
    """Kind, section and words of the blocks below the subject and the row that says who wrote."""
    content = read_eml(data)
    found = [(block.kind.value, block.section, block.span.of(content.text)) for block in content.blocks]
    assert found[:2] == [("heading", "Pump 4", "Pump 4"), ("table_row", "Pump 4", HEAD_ROW)]
    return found[2:]


def words(data: bytes) -> list[str]:
    return [text for _, _, text in blocks(data)]


def test_mail_says_who_wrote_to_whom_and_when() -> None:
    content = read_eml(mail("The pump is red.\n\nIt is loud.\n").as_bytes())
    assert [(b.kind.value, b.level, b.section, b.span.of(content.text)) for b in content.blocks] == [
        ("heading", 1, "Pump 4", "Pump 4"),
        ("table_row", 0, "Pump 4", HEAD_ROW),
        ("paragraph", 0, "Pump 4", "The pump is red."),
        ("paragraph", 0, "Pump 4", "It is loud."),
    ]
    assert (content.title, content.warnings) == ("Pump 4", ())


def test_mail_is_read_by_its_media_type() -> None:
    document = read_bytes(mail().as_bytes(), Source("a", "", "/docs/a.eml", "message/rfc822"))
    assert document.source.title == "Pump 4"


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_encodings_are_undone(encoding: str, charset: str) -> None:
    data = mail("Der Motor läuft täglich für fünf Stunden.\n", cte=encoding, charset=charset).as_bytes()
    assert words(data) == ["Der Motor läuft täglich für fünf Stunden."]


def test_japanese_mail_in_seven_bits_is_read() -> None:
    text = "港は千八百八十七年に開かれました。"
    data = raw("", 'Content-Type: text/plain; charset="ISO-2022-JP"') + text.encode("iso-2022-jp")
    assert words(data) == [text]


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "x-unknown", "idna", "base64", "a" * 300, ""])
def test_wrong_or_unknown_charset_does_not_spoil_the_words(charset: str) -> None:
    data = raw("", f'Content-Type: text/plain; charset="{charset}"') + "Der Motor läuft für uns.".encode("cp1252")
    assert words(data) == ["Der Motor läuft für uns."]
    assert read_eml(data).warnings == ("the encoding was guessed: Windows-1252; save the file as UTF-8 to be sure",)


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("=?utf-8?q?Motor_l=C3=A4uft?=", "Motor läuft"),
        ("=?iso-8859-1?B?TW90b3IgbORuZ2U=?= x", "Motor länge x"),
        ("=?utf-8?q?Mo?=\r\n =?utf-8?q?tor?=", "Motor"),
        ("=?x-none?q?Motor_l=E4uft?=", "Motor läuft"),
        ("=?utf-8?b?broken", "=?utf-8?b?broken"),
        ("Motor läuft", "Motor läuft"),
    ],
)
def test_subject_is_decoded(subject: str, title: str) -> None:
    assert read_eml(f"From: a@b.org\r\nSubject: {subject}\r\n\r\nIt is red.".encode()).title == title


def test_paragraphs_of_format_flowed_are_joined() -> None:
    body = "The pump was bought \nin 1998 and \nis red.\nIt is loud.\n> Which pump \n> is it?\n"
    assert blocks(raw(body, "Content-Type: text/plain; format=flowed")) == [
        ("paragraph", "Pump 4", "The pump was bought in 1998 and is red."),
        ("paragraph", "Pump 4", "It is loud."),
        ("heading", "Pump 4 > Earlier message", "Earlier message"),
        ("paragraph", "Pump 4 > Earlier message", "Which pump is it?"),
    ]
    body = "港は千八百 \n八十七年に\n"
    assert words(raw(body, "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes")) == [
        "港は千八百八十七年に"
    ]


EARLIER = [
    ("heading", "Pump 4 > Earlier message", "Earlier message"),
    ("paragraph", "Pump 4 > Earlier message", "Is it red?"),
]


@pytest.mark.parametrize(
    "above",
    [
        "On Mon, 2 Jun 2025 at 09:00, Ben Holm <ben@example.org> wrote:",
        "On Mon, 2 Jun 2025 at 09:00, Ben Holm\n<ben@example.org> wrote:",
        "Am 02.06.25 um 09:00 schrieb Ben Holm:",
        "Le lun. 2 juin 2025 à 09:00, Ben Holm <ben@example.org> a écrit :",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "---------- Forwarded message ---------",
        "From: Ben Holm\nSent: Monday, 2 June 2025 09:00\nTo: Anna Berg\nSubject: Pump 4",
        "Von: Ben Holm\nGesendet: Montag, 2. Juni 2025 09:00\nAn: Anna Berg\nBetreff: Pumpe 4",
    ],
)
@pytest.mark.parametrize("mark", ["", "> "])
def test_earlier_message_has_a_heading_of_its_own(above: str, mark: str) -> None:
    found = blocks(raw(f"It is red.\n\n{above}\n\n{mark}Is it red?\n"))
    assert found[0] == ("paragraph", "Pump 4", "It is red.")
    assert found[1] == EARLIER[0]
    assert found[-1] == EARLIER[1]
    assert " ".join(text for _, _, text in found[2:-1]) == " ".join(above.split())
    assert {section for _, section, _ in found[1:]} == {"Pump 4 > Earlier message"}


def test_head_below_original_message_begins_no_second_one() -> None:
    head = "From: Ben Holm\nSent: Monday\nTo: Anna Berg\nSubject: Pump 4"
    found = blocks(raw(f"Yes.\n\n-----Original Message-----\n{head}\n\nIs it red?\n"))
    assert [text for kind, _, text in found if kind == "heading"] == ["Earlier message"]


def test_words_between_quotes_are_a_reply() -> None:
    found = blocks(raw("Dear Ben\n\n> Is it red?\n\nYes.\n\n>> Is it loud?\n> I hear it.\n\nNo.\n"))
    assert [(section.removeprefix("Pump 4"), text) for kind, section, text in found if kind != "heading"] == [
        ("", "Dear Ben"),
        (" > Earlier message", "Is it red?"),
        (" > Reply", "Yes."),
        (" > Earlier message", "Is it loud?"),
        (" > Earlier message", "I hear it."),
        (" > Reply", "No."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "On 3 May the mayor wrote:",
        "On the pump someone wrote: open me.",
        "From: where the wind blows",
        "Am Montag schrieb niemand.",
    ],
)
def test_prose_that_only_looks_like_the_head_of_a_reply_is_the_authors(text: str) -> None:
    assert words(raw(f"{text}\n\nWe will close the harbour.\n")) == [text, "We will close the harbour."]


def test_line_that_an_mbox_has_marked_is_no_quote() -> None:
    assert words(raw("Hello.\n\n>From here on it is red.\n")) == ["Hello.", "From here on it is red."]


def test_signature_is_kept_under_its_own_heading() -> None:
    assert blocks(raw("It is red.\n\n-- \nAnna Berg\nPumps, +47 22 00 00\n")) == [
        ("paragraph", "Pump 4", "It is red."),
        ("heading", "Pump 4 > Signature", "Signature"),
        ("paragraph", "Pump 4 > Signature", "Anna Berg"),
        ("paragraph", "Pump 4 > Signature", "Pumps, +47 22 00 00"),
    ]


def test_dashes_above_many_lines_begin_no_signature() -> None:
    body = "It is red.\n\n--\n\n" + "A line of its own.\n\n" * 30
    assert "Signature" not in words(raw(body))


def test_plain_text_is_taken_before_html() -> None:
    message = mail("It is red.\n")
    message.add_alternative("<p>It is <b>blue</b>.</p>", subtype="html")
    assert words(message.as_bytes()) == ["It is red."]
    message = mail(" \n")
    message.add_alternative("<p>It is <b>blue</b>.</p>", subtype="html")
    assert words(message.as_bytes()) == ["It is blue."]


def test_html_with_headings_is_taken_before_plain_text() -> None:
    message = mail("News\nThe pump is red.\n")
    message.add_alternative("<H2 class=a>News</H2><p>The pump is <b>red</b>.</p>", subtype="html")
    assert blocks(message.as_bytes())[-2:] == [
        ("heading", "Pump 4 > News", "News"),
        ("paragraph", "Pump 4 > News", "The pump is red."),
    ]


HTML = """<html><head><title>T</title><style>p {color: red}</style></head><body>
<div style="Display: none">Unseen words.</div>
<table width=600><tr><td><table><tr><td><h2>News</h2><p>The pump is red.<br>It is loud.</p></td></tr></table>
<table><tr><th>Part</th><th>Price</th></tr><tr><td><p>Seal</p></td><td>3 EUR</td></tr></table>
</td></tr></table>
<nav>All pumps</nav><ul><li>One</li></ul>
<div>On Mon, 2 Jun 2025 at 09:00, Ben &lt;ben@example.org&gt; wrote:<br></div>
<blockquote type="cite"><div>Is it red?</div><blockquote type="cite">Which?</blockquote></blockquote>
<p>Yes.</p></body></html>"""


def test_html_is_read_whole_with_its_tables_and_quotes() -> None:
    message = mail(HTML, subtype="html")
    earlier = "Pump 4 > Earlier message"
    assert blocks(message.as_bytes()) == [
        ("heading", "Pump 4 > News", "News"),
        ("paragraph", "Pump 4 > News", "The pump is red."),
        ("paragraph", "Pump 4 > News", "It is loud."),
        ("table_row", "Pump 4 > News", "Part: Seal; Price: 3 EUR"),
        ("paragraph", "Pump 4 > News", "All pumps"),
        ("list_item", "Pump 4 > News", "One"),
        ("heading", earlier, "Earlier message"),
        ("paragraph", earlier, "On Mon, 2 Jun 2025 at 09:00, Ben <ben@example.org> wrote:"),
        ("paragraph", earlier, "Is it red?"),
        ("paragraph", earlier, "Which?"),
        ("heading", "Pump 4 > Reply", "Reply"),
        ("paragraph", "Pump 4 > Reply", "Yes."),
    ]


def test_marks_of_quotes_never_reach_the_text() -> None:
    quote = "<blockquote type=cite>a</blockquote>"
    page = f"<table><tr><td>{quote}<td>b<tr><td>c<td>d</table><pre>{quote}</pre><p>\ue000\ue001</p>"
    assert not {"\ue000", "\ue001"} & set(read_eml(mail(page, subtype="html").as_bytes()).text)


def test_attachments_are_named_in_a_warning() -> None:
    message = mail()
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment("Notes.", filename="Pläne.txt")
    content = read_eml(message.as_bytes())
    assert content.warnings == ("2 attachments were not read: a.pdf, Pläne.txt",)
    assert "Notes" not in content.text


def test_pictures_among_the_words_are_passed_over() -> None:
    message = mail("It is red.\n")
    message.add_alternative("<p>It is red.</p><img src=cid:a>", subtype="html")
    message.get_payload(1).add_related(b"GIF89a", maintype="image", subtype="gif", cid="<a>", filename="logo.gif")  # type: ignore[union-attr]
    assert read_eml(message.as_bytes()).warnings == ()


def test_mails_attached_to_mails_are_sections_three_deep() -> None:
    message = mail("Level 5.\n", subject="Mail 5")
    for number in range(4, -1, -1):
        outer = mail(f"Level {number}.\n", subject=f"Mail {number}")
        outer.add_attachment(message)
        message = outer
    content = read_eml(message.as_bytes())
    sections = [block.section for block in content.blocks if block.span.of(content.text).startswith("Level")]
    assert sections == [
        "Mail 0",
        "Mail 0 > Mail 1",
        "Mail 0 > Mail 1 > Mail 2",
        "Mail 0 > Mail 1 > Mail 2 > Mail 3",
    ]
    assert content.warnings == ("mails attached more than 3 deep were left out",)


@pytest.mark.parametrize(
    "data",
    [
        raw("It is red.", "Content-Type: multipart/mixed"),
        raw("It is red.", "Content-Type: multipart/mixed; boundary=b"),
        raw("--b\n\nIt is red.", "Content-Type: multipart/mixed; boundary=b"),
        raw("--b\nContent-Type: text/plain\n\nIt is red.\n--b", "Content-Type: multipart/mixed; boundary=b"),
        raw("Preamble\n--b \n\nIt is red.\n--b--\nEpilogue", 'Content-Type: multipart/mixed; boundary="b"'),
        raw("It is red.", "Content-Type: ???"),
        raw("It is red.", "Content-Transfer-Encoding: unknown"),
        raw("It is red.", "no header", " folded", ": x", "X" * 200 + ": y"),
        raw("SXQgaXMgcmVkLg=", "Content-Transfer-Encoding: base64"),
        raw("It is=20re=\nd.=", "Content-Transfer-Encoding: quoted-printable"),
        b"From anna@example.org Tue Jun  3 14:05:00 2025\r\n" + raw("It is red."),
        raw("It is red.").replace(b"\r\n", b"\n"),
        raw("It is red.").replace(b"\r\n", b"\r"),
        b"\r\n" + raw("It is red."),
    ],
)
def test_broken_mail_is_read_as_far_as_it_goes(data: bytes) -> None:
    assert [text.rstrip("=") for text in words(data)] == ["It is red."]


def test_mail_without_most_headers_is_read() -> None:
    content = read_eml(b"Subject: Pump 4\n\nIt is red.\n")
    assert content.text == "Pump 4\n\nIt is red."
    content = read_eml(b"Date: yesterday\n\nIt is red.\n")
    assert (content.text, content.title) == ("Date: yesterday\n\nIt is red.", "")


@pytest.mark.parametrize("data", [b"It is red.\n", b"Note: it is red.\n\nAnd loud.\n", b"\x00\x01" * 50, b"%PDF-1.4"])
def test_file_without_a_header_of_a_mail_is_refused(data: bytes) -> None:
    with pytest.raises(
        UnreadableDocument, match=r"none of the headers of a mail, such as From: or Date:; an e-mail as"
    ):
        read_eml(data)


@pytest.mark.parametrize(
    "kind", ["multipart/encrypted; boundary=b", "application/pkcs7-mime; smime-type=enveloped-data"]
)
def test_encrypted_mail_says_so(kind: str) -> None:
    with pytest.raises(UnreadableDocument, match="the mail is encrypted; open it in your mail program"):
        read_eml(raw("--b\nContent-Type: application/pgp-encrypted\n\nx\n--b--", f"Content-Type: {kind}"))


def test_body_that_is_no_text_is_left_out_with_a_warning() -> None:
    content = read_eml(raw("") + b"\x00\x01\x02" * 50)
    assert content.warnings[0].startswith("a part of it was left out: it holds NUL bytes")


def test_long_list_of_recipients_is_cut_between_two() -> None:
    many = ", ".join(f"person{number}@example.org" for number in range(500))
    content = read_eml(f"From: a@b.org\r\nTo: {many}\r\n\r\nIt is red.".encode())
    assert content.text.split("\n")[0].endswith("@example.org")
    assert content.warnings == ("of a list of recipients only the first 1,000 characters were read",)


def nested(depth: int, payload: bytes) -> bytes:
    data = b"\r\n" + payload
    for number in range(depth):
        data = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%b\r\n--b%d--" % (
            number,
            number,
            data,
            number,
        )
    return b"From: a@b.org\r\n" + data


TOO_MANY_PARTS = "it has more parts, or parts inside parts, than are read; the others were left out"


def test_parts_inside_parts_are_bounded() -> None:
    with at_most(60):
        content = read_eml(nested(1_000, b"It is red."))
        assert content.text == "From: a@b.org"
        assert content.warnings == (TOO_MANY_PARTS,)
        assert read_eml(nested(10, b"It is red.")).text.endswith("It is red.")
        many = raw("--b\n\nIt is red.\n" * 3_000, "Content-Type: multipart/mixed; boundary=b")
        assert len(words(many)) == 500
        read_eml(nested(20, b"line\n" * 500_000))


@pytest.mark.parametrize(
    "data",
    [
        raw("x", "Content-Type: text/plain; " + 'a="' + ";" * 1_000_000),
        raw("x", "Subject: " + "(" * 1_000_000),
        raw("x", "To: " + "=?utf-8?q?" * 100_000),
        raw("x", *["X: y"] * 200_000),
        raw("On a wrote\n" * 100_000),
        raw("am schrieb schrieb schrieb schrieb:x:\n" * 50_000),
        raw(">" * 300_000 + "x"),
        raw("From: x\n" * 100_000),
        raw("a \n" * 300_000, "Content-Type: text/plain; format=flowed"),
        raw("--b" * 300_000, "Content-Type: multipart/mixed; boundary=b"),
        raw("<blockquote type=cite>" * 20_000, "Content-Type: text/html"),
        raw("<table><tr><td>" * 20_000, "Content-Type: text/html"),
        raw("<table><tr><td>a<td>b" * 20_000, "Content-Type: text/html"),
    ],
    ids=map(str, range(13)),
)
def test_hostile_mail_takes_seconds_at_most(data: bytes) -> None:
    with at_most(20):
        try:
            read_eml(data)
        except UnreadableDocument as error:
            assert str(error)


def test_text_over_the_limit_is_cut_with_a_warning() -> None:
    content = read_eml(raw("The pump is red, and it is loud at night.\n\n" * 150_000))
    assert 4_900_000 < len(content.text) < 5_001_000
    assert content.text.endswith("at night.")
    assert content.warnings == ("of a text in it only the first 5,000,000 characters were read",)


def test_direction_overrides_are_dropped_with_a_warning() -> None:
    content = read_eml(raw("It is \u202eder\u202c.", "Content-Type: text/plain; charset=utf-8"))
    assert content.text.endswith("It is der.")
    assert content.warnings == ("direction control characters were dropped",)


def whole() -> bytes:
    message = mail("Dear Ben,\n\nIt is red.\n\n> Is it?\n\n-- \nAnna\n")
    message.add_alternative(HTML, subtype="html")
    message.add_attachment(mail("Ünder it.\n", subject="=?utf-8?q?Inner?=", cte="base64"))
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    return message.as_bytes()


WHOLE = whole()


def test_same_bytes_give_the_same() -> None:
    assert [read_eml(WHOLE) for _ in range(3)] == [read_eml(WHOLE)] * 3


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=30),
    st.integers(1, len(WHOLE)),
)
def test_broken_bytes_give_content_or_a_clear_error(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(WHOLE)
    for position, byte in flips:
        data[position] = byte
    try:
        content = read_eml(bytes(data[:length]))
    except UnreadableDocument as error:
        assert str(error)
    else:
        assert all(block.span.of(content.text).strip() for block in content.blocks)
