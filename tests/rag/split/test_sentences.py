import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.read import read_bytes, read_document
from rag.read.canonical import clean_text
from rag.records import Block, BlockKind, Document, SentenceKind, Source, Span
from rag.split import split_document, split_sentences
from tests.support.articles import SCRAPED_ARTICLES, ScrapedArticle

# (id, sentences): the text is the sentences joined by a space, so that each row says what is expected only once.
RULES = [
    ("two_sentences", ["It rained.", "We stayed in."]),
    ("no_final_mark", ["It rained.", "We stayed in"]),
    ("question_and_exclamation", ["Did it rain?", "It did!", "We stayed in."]),
    ("mixed_marks", ["Really!?", "Yes, really.", "What?!", "No!!"]),
    ("title_doctor", ["Dr. Berg and Prof. Lind met Mrs. Ek.", "They talked."]),
    ("eg_and_ie", ["Metals, e.g. Copper or Zinc, are sold by weight, i.e. by the kilo.", "Wood is not."]),
    ("number_sign", ["Pump No. 5 is out of order.", "Use No. 6."]),
    ("figure", ["The valve is shown in Fig. 3 of the annex.", "Close it."]),
    ("figures_and_pages", ["See figs. 3 and 4 on pp. 12 to 14.", "Then go on."]),
    ("paragraph_of_a_law", ["Art. 5 para. 3 applies.", "See paras. 4 and 5."]),
    ("units", ["Take 2 tbsp. of oil and 5 tsp. of salt.", "It holds 3 cu. ft. of sand."]),
    ("versus", ["It was Norrvik vs. Westerholm again.", "Norrvik won."]),
    ("country_inside", ["The U.S. government agreed.", "The U.K. did not."]),
    ("country_at_the_end", ["She lives in the U.S.", "He lives in Peru."]),
    ("country_before_a_name", ["The U.S. Senate voted on it.", "Nobody spoke."]),
    ("initials", ["J. K. Rowling wrote it.", "We read it."]),
    ("middle_initial", ["Anna B. Lund opened the gate.", "It was late."]),
    ("decimals", ["It weighs 3.5 kg or 0.75 on paper.", "That is little."]),
    ("money", ["The fund paid $6.3 billion.", "Nobody complained."]),
    ("money_in_brackets", ["It paid 903.9 billion yen ($6.3 billion).", "That was in June."]),
    ("version_inside", ["Version 2.10.4 reads v1.2 files.", "Older ones do not."]),
    ("version_at_the_end", ["We run version 3.10.", "It is enough."]),
    ("hour_at_the_end", ["We left at 5 p.m.", "Then it rained."]),
    ("hour_inside", ["We left at 5 p.m. on Monday.", "Then it rained."]),
    ("company", ["Lund Inc. sold Berg & Co. Ltd. to us.", "We paid."]),
    ("approximately", ["It is approx. 5 km long.", "A walk takes an hour."]),
    ("et_cetera_inside", ["Nails, screws etc. are in the box.", "Take some."]),
    ("et_al", ["Lind et al. measured it twice.", "So did we."]),
    ("doctorate", ["She holds a Ph.D. in geology.", "He does not."]),
    ("saint", ["The road to St. Olof is closed.", "Take the other."]),
    ("month", ["The gate opened on Jan. 5 and closed on Feb. 7.", "Nobody came."]),
    ("one_letter_at_the_end", ["We chose plan B.", "It worked."]),
    ("short_answer", ["No.", "It is not."]),
    ("address", ["See https://example.org/a.b/c?d=e.f for more.", "Go on."]),
    ("address_at_the_end", ["It is at https://example.org/a/b.html.", "Go on."]),
    ("host_name", ["The site example.com is up.", "Mail info@example.com today."]),
    ("file_name", ["Open Node.js and read setup.cfg.", "Then go on."]),
    ("dotted_name", ["Call System.Text.Json for that.", "It is quick."]),
    ("ellipsis_inside", ["It was... well, wet.", "We left."]),
    ("ellipsis_at_the_end", ["We waited...", "Nobody came."]),
    ("ellipsis_character", ["We waited…", "Nobody came … at all."]),
    ("ellipsis_between_spaces", ["The crew … left the ship.", "It sank."]),
    ("quote_of_two_sentences", ["He said “It is late. We should go.”", "Then he left."]),
    ("quote_and_who_said_it", ["“It is late. We should go,” said Anna Berg.", "They went."]),
    ("question_quoted", ["“Will it rain?” he asked.", "It did."]),
    ("question_quoted_and_name", ["“Will it rain?” Anna Berg asked.", "It did."]),
    ("straight_quotes", ['She called it "a very. Odd. Thing" twice.', "So it was."]),
    ("stop_behind_the_quote", ["He wrote “no”.", "She wrote “yes”."]),
    ("german_quotes", ["Er sagte „Es ist spät. Wir gehen.“", "Dann ging er."]),
    ("french_quotes", ["Il a dit « Il pleut. On reste. »", "Puis il est parti."]),
    ("single_quotes", ["'It is late.'", "It was."]),
    ("apostrophes", ["It's the crew's; don't touch it.", "The dogs’ bowl is full."]),
    ("brackets_inside", ["The pump (see Fig. 3. Note the arrow) runs.", "It is loud."]),
    ("brackets_around", ["It ran.", "(Nobody had asked. It just did.)", "Then it stopped."]),
    ("bracket_before_the_stop", ["It ran (for a while).", "Then it stopped."]),
    ("small_letter_behind_the_bracket", ["It ran (it was new!) and ran.", "Then it stopped."]),
    ("citation_mark", ["The gate opened in 1887.[3]", "It closed in 1929.[4, 5]", "That was all."]),
    ("citation_marks_in_a_row", ["It closed.[4][citation needed]", "It opened.[5]:24–26", "That was all."]),
    ("unclosed_quote", ["He said “it is late.", "We should go.", "They went."]),
    ("unopened_quote", ["It is late,” he said.", "They went.", "It rained."]),
    ("unclosed_straight_quote", ['He said "it is late.', "We should go.", "They went."]),
    ("unclosed_bracket", ["The pump (see the annex runs.", "It is loud.", "It is old."]),
    ("inches", ['The pipe is 5" wide.', 'The other is 6" wide.', "Both leak."]),
    ("counter_in_the_line", ["1. Open the valve.", "2. Start the pump."]),
    ("letter_in_brackets", ["(a) Open the valve.", "(b) Start the pump."]),
    ("section_number", ["This is laid down in Section 3.2.", "Read it."]),
    ("stutter", ["The head of industry said so.", "said.", "It rained."]),
    ("lone_stop", ["This is China’s economy.", ".", "Next."]),
    ("emoji", ["We won 🎉.", "Thanks 👩‍👩‍👧 all."]),
    ("combining_characters", ["The cafe\u0301 is open.", "Come in."]),
]
RULES_IN_GERMAN = [
    ("zum_beispiel", ["Das gilt z. B. für Berlin.", "In Bonn gilt es nicht."]),
    ("das_heisst", ["Er kam spät, d. h. nach neun.", "Sie war schon da."]),
    ("doktor", ["Dr. Weiß und Prof. Dr. Lang kamen.", "Sie blieben."]),
    ("datum", ["Am 3. Oktober ist Feiertag.", "Am 4. Mai nicht."]),
    ("jahrhundert", ["Das Haus ist aus dem 19. Jahrhundert.", "Es steht noch."]),
    ("ordnungszahl", ["Der 2. Weltkrieg endete im 2. Quartal.", "Das 1. Treffen war zum 3. Termin."]),
    ("tag_am_satzende", ["Sie kam am 3.", "Er ging am 4.", "Danach regnete es."]),
    ("firma", ["Die Fa. Lund zahlt.", "Dipl.-Ing. Berg auch."]),
    ("beziehungsweise", ["Öl bzw. Gas wird teurer.", "Holz auch."]),
    ("circa_und_nummer", ["Es sind ca. 5 km bis Haus Nr. 7.", "Dann links."]),
    ("inklusive", ["Es kostet 5 Euro inkl. Fahrt.", "Das ist viel."]),
    ("abbildung", ["Das zeigt Abb. 3 auf S. 5.", "Es ist klar."]),
]


def quotes(text: str, language: str = "en") -> list[str]:
    return [span.of(text) for span in split_sentences(text, language=language)]


@pytest.mark.parametrize("expected", [row[1] for row in RULES], ids=[row[0] for row in RULES])
def test_rules(expected: list[str]) -> None:
    assert quotes(" ".join(expected)) == expected


@pytest.mark.parametrize("expected", [row[1] for row in RULES_IN_GERMAN], ids=[row[0] for row in RULES_IN_GERMAN])
def test_rules_in_german(expected: list[str]) -> None:
    assert quotes(" ".join(expected), "de") == expected


def test_sentences_may_follow_each_other_without_a_space() -> None:
    assert quotes("We came to the end.The next day it rained.") == ["We came to the end.", "The next day it rained."]


def test_line_break_always_ends_a_sentence() -> None:
    assert quotes("Opening hours\nWe open at nine\n\n“We close. ( At\nfive.") == [
        *("Opening hours", "We open at nine", "“We close.", "( At", "five."),
    ]


def test_offsets_count_code_points() -> None:
    assert split_sentences("🎉 a\u0301 bit.  Next one.") == [Span(0, 9), Span(11, 20)]


@pytest.mark.parametrize("space", "\x0b\x85\xa0\u1680\u2003\u2028\u202f\u3000", ids=ascii)
def test_wide_white_space_before_a_mark_harms_nothing(space: str) -> None:
    assert quotes(f"We chose plan A{space}. It worked.")[0] == f"We chose plan A{space}."
    assert quotes(f"Was it A{space}? It was.", "fr") == [f"Was it A{space}?", "It was."]


def test_lone_surrogate_is_a_character_like_others() -> None:
    assert quotes("The wo\ud800rd is here. It rained.") == ["The wo\ud800rd is here.", "It rained."]


def test_text_without_words_has_no_sentence() -> None:
    assert split_sentences(" \n\t\n\u3000") == []


def test_long_sentence_is_cut_at_a_clause_then_at_a_space_then_anywhere() -> None:
    clause, word = "one two three, " * 60, "four " * 200
    for text in (clause, word, "x" * 1500):
        pieces = quotes(text)
        assert all(0 < len(piece) <= 600 for piece in pieces)
        assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(piece.endswith("three,") for piece in quotes(clause))
    assert all(piece.endswith("four") for piece in quotes(word))


def test_long_quotation_is_split_into_its_sentences() -> None:
    inside = " ".join(f"We said so on day number {day} of the year." for day in range(10))
    assert len(quotes(f"“{inside}” He left.")) == 11


HOSTILE = ["a", " ", ".", "1", '"', "“", "”", "(", "[1]", "'", "`", "«", "„", "a. ", "A.", '. "', "“a. ", "www.", "\n"]


@pytest.mark.parametrize("unit", HOSTILE, ids=[ascii(unit) for unit in HOSTILE])
def test_a_million_of_the_same_takes_seconds(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    started = time.process_time()
    spans = split_sentences(text)
    assert time.process_time() - started < 15  # 0.2 to 2 s on two cores; what is quadratic takes minutes
    check_cover(text, Span(0, len(text)), spans)


def check_cover(text: str, whole: Span, spans: list[Span]) -> None:
    """The spans are in order, apart, trimmed, and hold every visible character of the whole."""
    ends = [whole.start, *(position for span in spans for position in (span.start, span.end)), whole.end]
    assert ends == sorted(ends)
    assert all(
        text[before:after].isspace() or before == after for before, after in zip(ends[::2], ends[1::2], strict=True)
    )
    assert all(span.of(text) == span.of(text).strip() != "" for span in spans)


PROSE = st.lists(
    st.sampled_from(
        [*"ab.!?…,;:()[]“”\"'„«»’ \n\t\u00a0\u3000", "Dr. ", "word ", "Word ", ". ", "3.", "[1]", "https://a.b"]
    )
    | st.characters(),
    max_size=120,
).map("".join)


@given(PROSE.filter(lambda text: text != ""), st.sampled_from(["en", "de", "fr", "ja", "xx"]))
def test_sentences_hold_every_visible_character(text: str, language: str) -> None:
    spans = split_sentences(text, language=language)
    check_cover(text, Span(0, len(text)), spans)
    assert all("\n" not in span.of(text) for span in spans)


@given(PROSE.filter(lambda text: text.strip() != ""), st.sampled_from(["text/plain", "text/markdown", "text/html"]))
def test_sentences_of_a_document_fill_its_blocks_and_never_cross_them(text: str, media_type: str) -> None:
    # Cleaned first: raw NUL bytes would be refused as binary.
    document = read_bytes(clean_text("words " + text)[0].encode(), Source("a", "", "a", media_type))
    sentences = split_document(document)
    for block in document.blocks:
        inside = [s.span for s in sentences if block.span.start <= s.span.start < block.span.end]
        check_cover(document.text, block.span, inside)
    assert [s.span for s in sentences] == sorted(s.span for s in sentences)


def document_of(*blocks: tuple[BlockKind, str], section: str = "") -> Document:
    text, made = "", []
    for kind, words in blocks:
        made.append(Block(Span(len(text), len(text) + len(words)), kind, section=section, page=4))
        text += words + "\n\n"
    return Document(Source("a", "A", "a"), text, tuple(made), "", "")


def kinds(*blocks: tuple[BlockKind, str]) -> list[tuple[str, str]]:
    document = document_of(*blocks)
    return [(s.kind.value, s.span.of(document.text)) for s in split_document(document)]


def test_heading_and_table_row_are_one_sentence_each() -> None:
    assert kinds(
        (BlockKind.HEADING, "What is new? All of it."),
        (BlockKind.TABLE_ROW, "Part: Seal. Small; Price: 3 EUR"),
        (BlockKind.LIST_ITEM, "Open the box. Take it out."),
    ) == [
        ("heading", "What is new? All of it."),
        ("statement", "Part: Seal. Small; Price: 3 EUR"),
        ("statement", "Open the box."),
        ("statement", "Take it out."),
    ]


def test_code_is_a_fragment_line_by_line() -> None:
    assert kinds((BlockKind.CODE, "pump start\n\n  pump stop")) == [
        ("fragment", "pump start"),
        ("fragment", "pump stop"),
    ]


def test_wrapped_paragraph_is_split_across_its_line_breaks() -> None:
    assert kinds((BlockKind.PARAGRAPH, "The pump\nruns. It\nis loud.")) == [
        ("statement", "The pump\nruns."),
        ("statement", "It\nis loud."),
    ]


def test_sentence_carries_section_and_page_of_its_block() -> None:
    (sentence,) = split_document(document_of((BlockKind.PARAGRAPH, "It rained."), section="Weather > June"))
    assert (sentence.section, sentence.page, sentence.kind) == ("Weather > June", 4, SentenceKind.STATEMENT)


@pytest.mark.parametrize("article", SCRAPED_ARTICLES, ids=lambda article: article.credit)
def test_scraped_article_is_split_into_its_true_sentences(article: ScrapedArticle) -> None:
    document = read_document(article.path, max_bytes=1_000_000)
    sentences = split_document(document)
    text = document.text
    assert [b.kind for b in document.blocks] == [BlockKind.LIST_ITEM] * 3 + [BlockKind.PARAGRAPH] * 14
    others = [(s.kind.value, s.span.of(text)) for s in sentences if s.kind is not SentenceKind.STATEMENT]
    assert others == [("credit", article.credit), ("fragment", "said."), ("fragment", ".")]
    statements = [s.span.of(text) for s in sentences if s.kind is SentenceKind.STATEMENT]
    assert len(statements) == 21
    assert all(statement[-1] == "." and statement.count(". ") == 0 for statement in statements)
    assert json.dumps(statements).count(article.price) == 1
