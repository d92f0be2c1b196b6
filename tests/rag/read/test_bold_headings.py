from __future__ import annotations

import pytest

from rag.read.bold_headings import BOLD_LEVEL, with_bold_headings
from rag.read.html.html_reader import read_html
from rag.read.layout import Content
from rag.read.markdown import read_markdown
from rag.read.office.docx import read_docx
from rag.read.office.odf import read_odf
from rag.records import BlockKind, Document, SentenceKind, Source
from rag.split.sentences import split_document
from tests.support.office_files import docx, odf, par

BOLD, HEADING, TEXT, ITEM = BlockKind.BOLD_HEADING, BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM
WORDS = "The pool is open from nine to six, in winter from ten to five."

BOLD_RUN = "<w:r><w:rPr><w:b/></w:rPr><w:t>{}</w:t></w:r>"
PLAIN_RUN = '<w:r><w:t xml:space="preserve">{}</w:t></w:r>'
THIN_RUN = '<w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t>{}</w:t></w:r>'
STYLES = (
    '<w:style w:styleId="Strong"><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:styleId="Point"><w:basedOn w:val="Strong"/></w:style>'
)


def kind_of(text: str, following: BlockKind | None = TEXT) -> BlockKind:
    """What a bold line is between running text and a block of that kind."""
    blocks = [(TEXT, WORDS), (BOLD, text), *([(following, WORDS)] if following else [])]
    return with_bold_headings(blocks)[1][0]


def sections(content: Content) -> dict[str, tuple[str, str]]:
    """Of each block what it is, and the headings that it stands under."""
    return {block.span.of(content.text): (block.kind.value, block.section) for block in content.blocks}


class TestWhatHeads:
    @pytest.mark.parametrize("text", ["Opening hours", "2.4 Fees", "May I bring my dog?", "Öffnungszeiten", "開館時間"])
    def test_a_short_line_over_text(self, text: str) -> None:
        assert kind_of(text) is BOLD
        assert kind_of(text, ITEM) is BOLD

    @pytest.mark.parametrize(
        "text",
        [
            "Close the valve before you open the hatch.",
            "Stop!",
            "Note:",
            "Table 7.1. Notable fonts",
            "12",
            "A line that is " + "very " * 12 + "long",
        ],
    )
    def test_not_what_ends_as_a_sentence_does_or_is_long_or_no_word(self, text: str) -> None:
        assert kind_of(text) is TEXT

    @pytest.mark.parametrize("following", [BOLD, HEADING, None])
    def test_not_what_stands_over_no_text(self, following: BlockKind | None) -> None:
        assert kind_of("Opening hours", following) is TEXT

    def test_not_where_most_is_bold(self) -> None:
        blocks = [(TEXT, WORDS), (BOLD, "Opening hours"), (TEXT, WORDS), (BOLD, WORDS), (BOLD, WORDS)]
        assert with_bold_headings(blocks)[1][0] is TEXT

    def test_the_first_line_is_the_document_s_heading_if_it_has_no_other(self) -> None:
        blocks = [(BOLD, "House rules"), (BOLD, "Opening hours"), (TEXT, WORDS)]
        assert with_bold_headings(blocks) == [(HEADING, 1), (BOLD, BOLD_LEVEL), (TEXT, None)]
        assert with_bold_headings([*blocks, (HEADING, "Fees"), (TEXT, WORDS)])[0][0] is TEXT


class TestWord:
    @pytest.mark.parametrize(
        ("paragraph", "is_bold"),
        [
            (par(BOLD_RUN.format("Opening ") + BOLD_RUN.format("hours")), True),
            (par("Opening hours", "Point"), True),
            (par(BOLD_RUN.format("Opening") + PLAIN_RUN.format(" hours")), False),
            (par(THIN_RUN.format("Opening hours"), "Point"), False),
            (par("Opening hours"), False),
        ],
    )
    def test_bold_is_what_runs_or_styles_say(self, paragraph: str, is_bold: bool) -> None:
        content = read_docx(docx(par(WORDS) + paragraph + par("From nine."), styles=STYLES))
        expected = ("bold_heading", "Opening hours") if is_bold else ("paragraph", "")
        assert sections(content)["Opening hours"] == expected
        assert sections(content)["From nine."] == ("paragraph", expected[1])

    def test_a_bold_first_line_is_the_title(self) -> None:
        bold = BOLD_RUN.format("House rules")
        assert read_docx(docx(par(bold) + par(WORDS))).title == "House rules"
        assert read_docx(docx(par(WORDS) + par(bold))).title == ""


class TestOpenDocument:
    @pytest.mark.parametrize(
        ("paragraph", "is_bold"),
        [
            ('<text:p text:style-name="P1">Opening hours</text:p>', True),
            ('<text:p text:style-name="P2">Opening hours</text:p>', True),
            ('<text:p>Opening<text:span text:style-name="P1"> hours</text:span></text:p>', False),
            ('<text:p><text:span text:style-name="P1">Opening hours</text:span></text:p>', True),
            ("<text:p>Opening hours</text:p>", False),
        ],
    )
    def test_bold_is_what_styles_say(self, paragraph: str, is_bold: bool) -> None:
        styles = (
            '<style:style style:name="P1"><style:text-properties fo:font-weight="bold"/></style:style>'
            '<style:style style:name="P2" style:parent-style-name="P1"/>'
        )
        body = f"<text:p>{WORDS}</text:p>{paragraph}<text:p>From nine.</text:p>"
        found = sections(read_odf(odf(body, styles=styles)))
        assert found["From nine."] == ("paragraph", "Opening hours" if is_bold else "")


class TestWebPagesAndMarkdown:
    @pytest.mark.parametrize(
        "line",
        [
            "<p><b>Opening</b> <strong>hours</strong></p>",
            '<p style="font-weight: 700">Opening hours</p>',
            "<div><p><b>Opening hours</b></p></div>",
        ],
    )
    def test_a_bold_line_of_a_page(self, line: str) -> None:
        page = (
            f"<html><body><main><h1>Pool</h1><p>{WORDS}</p>{line}<p>{WORDS[:-1]} on Sundays.</p></main></body></html>"
        )
        found = sections(read_html(page.encode()))
        assert found["Opening hours"] == ("bold_heading", "Pool > Opening hours")
        assert found[f"{WORDS[:-1]} on Sundays."][1] == "Pool > Opening hours"

    @pytest.mark.parametrize("line", ["<p><b>Opening</b> hours</p>", "<ul><li><b>Opening hours</b></li></ul>"])
    def test_not_a_line_with_bold_words_and_not_an_item(self, line: str) -> None:
        page = (
            f"<html><body><main><h1>Pool</h1><p>{WORDS}</p>{line}<p>{WORDS[:-1]} on Sundays.</p></main></body></html>"
        )
        assert sections(read_html(page.encode()))["Opening hours"][1] == "Pool"

    def test_what_is_folded_away_stands_under_its_line(self) -> None:
        page = f"<details><summary>Late returns</summary><p>{WORDS}</p></details>"
        found = sections(read_html(f"<html><body><main><h1>Fees</h1><p>Words.</p>{page}</main></body></html>".encode()))
        assert found[WORDS] == ("paragraph", "Fees > Late returns")

    @pytest.mark.parametrize(("line", "is_bold"), [("**Opening hours**", True), ("**Opening** hours", False)])
    def test_a_bold_line_of_markdown(self, line: str, is_bold: bool) -> None:
        found = sections(read_markdown(f"# Pool\n\n{WORDS}\n\n{line}\n\nFrom nine.\n\n## Fees\n\nNone.\n".encode()))
        assert found["From nine."][1] == ("Pool > Opening hours" if is_bold else "Pool")
        assert found["None."][1] == "Pool > Fees"

    def test_not_a_bold_item_of_markdown(self) -> None:
        assert sections(read_markdown(b"- **Opening hours**\n\nFrom nine.\n"))["From nine."][1] == ""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("No smoking in the dome", SentenceKind.STATEMENT),
        ("Die Kuppel nie ohne Licht betreten", SentenceKind.STATEMENT),
        ("禁煙の場所", SentenceKind.STATEMENT),
        ("May I bring my dog?", SentenceKind.QUESTION),
        ("The dome and its mirror", SentenceKind.HEADING),
    ],
)
def test_a_warning_stays_a_sentence_that_is_quoted(line: str, kind: SentenceKind) -> None:
    """A warning in bold that heads what it is about is the answer to "may I smoke here?"."""
    mirror = "The mirror is coated anew each year, and cleaned with air in spring and autumn."
    content = read_markdown(f"# Dome\n\n**{line}**\n\n{mirror}\n".encode())
    source = Source("dome", "Dome", "dome.md", "text/markdown")
    sentences = split_document(Document(source, content.text, content.blocks, "", ""))
    said = {sentence.span.of(content.text): sentence for sentence in sentences}
    assert said[line].kind is kind
    assert said[mirror].section == f"Dome > {line}"
