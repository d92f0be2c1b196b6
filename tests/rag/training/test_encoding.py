from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag.models.reader import MAX_HEADING_TOKENS, MAX_QUESTION_TOKENS, ReadPassage
from rag.records import Span
from rag.training.encoding import MAX_TOKENS, EncodedPassage, encode, load_tokenizer
from rag.training.example import LabelledPassage, PassageGroup

QUESTION = "What is held back?"
SENTENCES = ("The weir was built in 1911.", "It holds back the mill pond.", "A keeper opens the gate.")
LONG = tuple(f"Gate {number} of the weir opens each spring for a week or so." for number in range(60))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


def labelled(
    *right: int, sentences: tuple[str, ...] = SENTENCES, words: str = "", more: int | None = None, heading: str = ""
) -> LabelledPassage:
    starts = [sum(len(s) + 1 for s in sentences[:i]) for i in range(len(sentences))]
    spans = tuple(Span(start, start + len(s)) for start, s in zip(starts, sentences, strict=True))
    place = None
    if words:
        start = starts[right[0]] + sentences[right[0]].index(words)
        place = Span(start, start + len(words))
    passage = ReadPassage(heading, " ".join(sentences), spans)
    also = frozenset(() if more is None else (more,))
    return LabelledPassage(passage, frozenset(right), also, place, min(right, default=None))


def encoded(tokenizer: Tokenizer, passage: LabelledPassage, question: str = QUESTION) -> EncodedPassage:
    group = encode(PassageGroup(question, (passage,)), tokenizer)
    assert group is not None
    return group.passages[0]


def text(tokenizer: Tokenizer, passage: EncodedPassage, first: int, last: int) -> str:
    return str(tokenizer.decode(list(passage.ids[first:last]), skip_special_tokens=False))


def test_the_input_is_question_heading_and_passage_between_marks(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(1, heading="The mill > Water"))
    whole = f"[CLS] what is held back? [SEP] the mill > water | {' '.join(SENTENCES).lower()} [SEP]"
    assert text(tokenizer, passage, 0, len(passage.ids)) == whole
    assert text(tokenizer, passage, passage.second_part, passage.second_part + 2) == "the mill"
    assert text(tokenizer, passage, passage.text_begins, passage.text_begins + 2) == "the weir"


def test_without_a_heading_there_is_no_mark_for_it(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(1))
    assert text(tokenizer, passage, passage.second_part, passage.second_part + 2) == "the weir"
    assert passage.text_begins == passage.second_part


def test_sentences_and_words_are_found_again_in_the_tokens(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(1, words="the mill pond", more=2, heading="The mill"))
    bounds = [sentence for sentence in passage.sentences if sentence]
    assert [text(tokenizer, passage, *sentence) for sentence in bounds] == [s.lower() for s in SENTENCES]
    assert passage.words is not None
    assert text(tokenizer, passage, *passage.words) == "the mill pond"
    assert (passage.right, passage.more, passage.answers) == ({1}, {2}, True)


def test_a_passage_that_does_not_answer_has_no_right_sentence_and_no_words(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled())
    assert (passage.right, passage.words, passage.answers) == (frozenset(), None, False)


@pytest.mark.parametrize("right", [0, 1, 30, 58, 59])
def test_a_long_passage_is_cut_so_that_the_answer_stays(tokenizer: Tokenizer, right: int) -> None:
    passage = encoded(tokenizer, labelled(right, sentences=LONG, words="each spring", heading="The mill"))
    assert len(passage.ids) <= MAX_TOKENS
    bounds = passage.sentences[right]
    assert bounds is not None
    assert passage.words is not None
    assert text(tokenizer, passage, *bounds) == LONG[right].lower()
    assert text(tokenizer, passage, *passage.words) == "each spring"


def test_a_cut_passage_begins_with_a_sentence_and_keeps_neighbours_on_both_sides(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(30, sentences=LONG))
    kept = [i for i, bounds in enumerate(passage.sentences) if bounds]
    assert passage.sentences[kept[0]] is not None
    assert text(tokenizer, passage, passage.text_begins, passage.text_begins + 2) == f"gate {kept[0]}"
    # It begins with a whole sentence, so up to one less stands before than after, and a part of one at the end.
    assert 0 <= (kept[-1] - 30) - (30 - kept[0]) <= 2


def test_a_passage_of_which_nothing_must_stay_keeps_its_beginning(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(sentences=LONG))
    assert passage.sentences[0] is not None
    assert passage.sentences[-1] is None
    assert len(passage.ids) == MAX_TOKENS


def test_a_long_question_and_heading_are_cut(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(30, sentences=LONG, heading="mill " * 90), question="why " * 500)
    assert passage.second_part == MAX_QUESTION_TOKENS + 2
    assert passage.text_begins == passage.second_part + MAX_HEADING_TOKENS + 1
    assert len(passage.ids) <= MAX_TOKENS


def test_of_a_long_heading_the_part_nearest_to_the_text_stays(tokenizer: Tokenizer) -> None:
    passage = encoded(tokenizer, labelled(1, heading="mill " * 90 + "weir"))
    assert text(tokenizer, passage, passage.text_begins - 2, passage.text_begins - 1) == "weir"


def test_a_group_whose_answering_sentence_has_no_token_is_left_out(tokenizer: Tokenizer) -> None:
    unseen = labelled(1, sentences=("Short.", "\u200b", "Other."))
    assert encode(PassageGroup(QUESTION, (unseen, labelled())), tokenizer) is None
    assert encode(PassageGroup(QUESTION, ()), tokenizer) is None


def test_a_group_says_whether_it_has_an_answer_and_more_of_it(tokenizer: Tokenizer) -> None:
    both = encode(PassageGroup(QUESTION, (labelled(), labelled(1, more=2, heading="The mill"))), tokenizer)
    none = encode(PassageGroup(QUESTION, (labelled(),)), tokenizer)
    assert both is not None
    assert none is not None
    assert (both.is_answerable, both.has_more, both.longest) == (True, True, len(both.passages[1].ids))
    assert (none.is_answerable, none.has_more) == (False, False)


@given(st.lists(st.text(alphabet="aé世😀 -.\u200b", min_size=1, max_size=12), min_size=1, max_size=6))
def test_tokens_of_any_text_stay_inside_their_sentence(tokenizer: Tokenizer, sentences: list[str]) -> None:
    passage = encoded(tokenizer, labelled(sentences=tuple(sentences)))
    bounds = [sentence for sentence in passage.sentences if sentence]
    assert all(passage.text_begins <= a < b <= len(passage.ids) - 1 for a, b in bounds)
    assert all(before[1] <= after[0] for before, after in pairwise(bounds))
