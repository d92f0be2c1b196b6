"""Sentences whose words were recognised on a picture: how sure, and whether they may be quoted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.records import Block, BlockKind, Document, RecognisedWord, SentenceKind, Source, Span
from rag.split import chunk_sentences, split_document

TEXT = "The pier closes at nine. Dogs are not welcome. It rained."


def document(*confidences: float) -> Document:
    """A paragraph whose words were recognised, those after the given ones for certain."""
    words, start = [], 0
    for number, word in enumerate(TEXT.split()):
        start = TEXT.index(word, start)
        sure = confidences[number] if number < len(confidences) else 1.0
        words.append(RecognisedWord(Span(start, start + len(word)), sure, (0.1, 0.1, 0.2, 0.2)))
        start += len(word)
    block = Block(Span(0, len(TEXT)), BlockKind.PARAGRAPH, page=1, recognised=tuple(words))
    return Document(Source("a", "Notice", "/a.pdf"), TEXT, (block,), "", "")


def test_a_sentence_is_as_sure_as_its_words_are_on_average() -> None:
    """(.9 + .9 + .9 + .9 + .8) / 5 = .88"""
    sentences = split_document(document(0.9, 0.9, 0.9, 0.9, 0.8))
    assert [(s.recognised, s.kind) for s in sentences] == [(0.88, SentenceKind.STATEMENT)] + [
        (1.0, SentenceKind.STATEMENT)
    ] * 2


@pytest.mark.parametrize(
    ("confidences", "kind"),
    [
        pytest.param((0.6,) * 5, SentenceKind.UNSURE, id="all of it is poor"),
        pytest.param((0.95, 0.95, 0.55, 0.95, 0.95), SentenceKind.UNSURE, id="one word is a guess"),
        pytest.param((0.75,) * 5, SentenceKind.STATEMENT, id="sure enough"),
    ],
)
def test_a_sentence_that_was_recognised_poorly_is_not_quoted(
    confidences: tuple[float, ...], kind: SentenceKind
) -> None:
    assert split_document(document(*confidences))[0].kind is kind


def test_a_lone_mark_that_was_read_in_a_stain_makes_no_sentence_unsure() -> None:
    """(0 + 4 * 1) / 5 = .8"""
    given = document(0.0)
    text = TEXT.replace("The", "---", 1)
    first = split_document(replace(given, text=text))[0]
    assert (first.kind, first.recognised) == (SentenceKind.STATEMENT, 0.8)


def test_what_the_file_has_as_text_has_no_such_confidence() -> None:
    given = document()
    plain = replace(given, blocks=tuple(replace(block, recognised=()) for block in given.blocks))
    assert {sentence.recognised for sentence in split_document(plain)} == {None}


def test_a_passage_does_not_go_on_over_a_sentence_that_is_not_quoted() -> None:
    given = document(*[1.0] * 5, 0.3, 0.3, 0.3, 0.3)
    sentences = split_document(given)
    passages = chunk_sentences(given, sentences, count_tokens=lambda text: len(text.split()), max_tokens=100)
    assert [passage.span.of(TEXT) for passage in passages] == ["The pier closes at nine.", "It rained."]
