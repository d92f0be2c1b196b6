"""Desk collections: documents with questions as people ask them, and where in the stored text each answer stands.

A collection is a folder with `docs/` and `questions.jsonl`. Its gold lines are copied from raw Markdown; the stored
sentences are what was read from it. Both are folded to their bare words, and matched within the file that a line names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.records import SentenceKind, Span, StoredSentence
from rag.text.words import content_stems, fold

# An inline link or picture keeps its text, as does a link by reference.
_LINK = re.compile(r"!?\[+([^\[\]]*)\]+(?:\([^)]*\)|\[[^\]]*\])")
_MARKUP = re.compile(r"<[^>]+>|&\w+;|^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s)?")
_NO_WORD = re.compile(r"[\W_]+")

# A stored sentence inside a gold line stands for it from so many words on, and from this share of the line's words.
_MIN_PART_WORDS, _MIN_PART_SHARE = 3, 0.3
# From this share of its content words on, a question is asked in the words of the document.
_PLAIN = 0.6


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A line of a document that answers, as it stands in the raw file, and the words in it that do."""

    file: str  # below docs/
    sentence: str
    words: str


@dataclass(frozen=True, slots=True)
class DeskCase:
    """A question to a collection. Without `gold` nothing in it answers, and `tempting` is what only looks like it."""

    number: int  # line of questions.jsonl, from 1
    question: str
    gold: tuple[GoldLine, ...]
    tempting: str = ""
    kind: str = ""

    @property
    def is_answerable(self) -> bool:
        """The documents answer it."""
        return bool(self.gold)

    @property
    def is_plain(self) -> bool:
        """It is asked in the document's words: .6 or more of its content stems stand in the line it was written for.

        A question without any content stem is not plain.
        """
        asked = set(content_stems(self.question))
        said = set(content_stems(self.gold[0].sentence if self.gold else self.tempting))
        return bool(asked) and len(asked & said) >= _PLAIN * len(asked)


@dataclass(frozen=True, slots=True)
class DeskCollection:
    """A folder of documents and the questions to it."""

    name: str
    docs: Path
    cases: tuple[DeskCase, ...]


def read_collections(folders: Sequence[Path]) -> list[DeskCollection]:
    """The collections in these folders. Raises InputError for what is none, and for two of one name."""
    collections = [read_collection(folder) for folder in folders]
    names = [collection.name for collection in collections]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two folders are called {name}; expected collections with names that tell them apart.")
    return collections


def read_collection(folder: Path) -> DeskCollection:
    """The collection in `folder`.

    Raises InputError when docs/ or questions.jsonl is missing, and naming the line that is not of the form.
    """
    docs, questions = folder / "docs", folder / "questions.jsonl"
    if not docs.is_dir() or not questions.is_file():
        raise InputError(f"{folder} is no desk collection: expected a folder with docs/ and questions.jsonl.")
    try:
        lines = questions.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The question file {questions} cannot be read: {error}.") from error
    cases = tuple(_cases(lines, questions))
    if not cases:
        raise InputError(f"{questions} holds no question.")
    return DeskCollection(folder.resolve().name, docs, cases)


def _cases(lines: Sequence[str], path: Path) -> Iterator[DeskCase]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _case(number, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}, line {number}: expected an object with "file", "question", "sentence" and "words" '
                f"(null: nothing answers); {error!r}."
            ) from error
        yield case


def _case(number: int, item: dict[str, Any]) -> DeskCase:
    question, sentence, kind = item["question"].strip(), item["sentence"].strip(), item.get("kind") or ""
    if not question or not sentence:
        raise ValueError("the question or the sentence is empty")
    if item["words"] is None:
        return DeskCase(number, question, (), tempting=sentence, kind=kind)
    gold = tuple(GoldLine(place["file"], place["sentence"], place["words"] or "") for place in _places(item))
    return DeskCase(number, question, gold, kind=kind)


def _places(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [item, *item.get("also", [])]


def match(line: GoldLine, sentences: Sequence[StoredSentence]) -> tuple[Span, ...]:
    """Where the quotable `sentences` of the line's file say the line; none when it is not there.

    The sentences that are the line, if any are; else those that hold it; else those that the line holds, where it was
    split, and of them those with the answering words, if they are in one; else, for a row of a table, the shortest that
    has all its cells, since a row is read as "column: cell; column: cell".
    """
    gold = bare(line.sentence)
    folded = [(bare(s.text), s.span) for s in sentences if s.kind is SentenceKind.STATEMENT]
    if not gold:
        return ()
    for found in (
        [(text, span) for text, span in folded if text == gold],
        [(text, span) for text, span in folded if _holds(text, gold)],
        _with_words([(text, span) for text, span in folded if _is_part(text, gold)], bare(line.words)),
        sorted((pair for pair in folded if _has_cells(pair[0], line.sentence)), key=lambda pair: len(pair[0]))[:1],
    ):
        if found:
            return tuple(span for _, span in found)
    return ()


def bare(text: str) -> str:
    """The words of a piece of Markdown, or of what was read from it, with one space between.

    "- **Ask** [the desk](desk.md), | first" -> "ask the desk first"
    """
    return " ".join(_NO_WORD.sub(" ", fold(_MARKUP.sub(" ", _LINK.sub(r"\1", text)))).split())


def _holds(text: str, part: str) -> bool:
    """Whole words of `part` stand in `text`, next to each other."""
    return f" {part} " in f" {text} "


def _is_part(text: str, gold: str) -> bool:
    words = len(text.split())
    return words >= max(_MIN_PART_WORDS, _MIN_PART_SHARE * len(gold.split())) and _holds(gold, text)


def _with_words(parts: list[tuple[str, Span]], words: str) -> list[tuple[str, Span]]:
    return [(text, span) for text, span in parts if words and _holds(text, words)] or parts


def _has_cells(text: str, row: str) -> bool:
    """The cells of a table row stand in `text`, one behind the other; of a line without a pipe that is not asked."""
    cells = [cell for cell in map(bare, row.split("|")) if cell]
    position = 0
    for cell in cells:
        found = f" {text} ".find(f" {cell} ", position)
        if found < 0:
            return False
        position = found + len(cell) + 1
    return "|" in row and bool(cells)
