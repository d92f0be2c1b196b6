"""The passages that all programs are given, and the questions that they are asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rag.errors import InputError
from rag.evaluate.cases import Case, read_cases, read_squad
from rag.read import MEDIA_TYPES, read_document
from rag.records import Document

_PASSAGE_CHARS = 800
_MAX_BYTES = 50_000_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts by passage id, and answerable questions, each with what counts as right."""

    name: str
    passages: dict[str, str]
    cases: list[Case]


def squad_corpus(path: Path, *, passages: int, questions: int, seed: int) -> Corpus:
    """Paragraphs of a SQuAD file, evenly spread, and answerable questions about them, likewise."""
    documents, cases = read_squad(path)
    chosen = {d.source.id: d.text for d in evenly(documents, passages, seed)}
    about = [case for case in cases if case.places and case.document_id in chosen]
    return Corpus(path.name, chosen, evenly(about, questions, seed))


def folder_corpus(folder: Path, asked: Path, *, passages: int, questions: int, seed: int) -> Corpus:
    """Passages of the documents in a folder, and questions of a file as `rag evaluate` takes it.

    Right is a sentence that the file names, or if it names none, one that holds an answer. Raises InputError.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MEDIA_TYPES and path.is_file())
    texts: dict[str, str] = {}
    for number, path in enumerate(files):
        document = read_document(path, max_bytes=_MAX_BYTES)
        texts |= {f"{number}-{at}": text for at, text in enumerate(_passages(document))}
    if not texts:
        raise InputError(f"{folder} holds no document that can be read.")
    kept = dict(evenly(list(texts.items()), passages, seed))
    cases = [case for case in read_cases(asked) if case.is_answerable]
    return Corpus(folder.name, kept, evenly(cases, questions, seed))


def evenly(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """`count` of the items at equal distances, in order; all when there are no more. The seed says where it begins."""
    if count >= len(items):
        return list(items)
    begin = random.Random(seed).random()  # noqa: S311 - it chooses questions, not secrets
    return [items[int((number + begin) * len(items) / count)] for number in range(count)]


def _passages(document: Document) -> Iterator[str]:
    """Neighbouring blocks of one section, joined up to a length."""
    held, section = "", ""
    for block in document.blocks:
        text = block.span.of(document.text)
        if held and (block.section != section or len(held) + len(text) > _PASSAGE_CHARS):
            yield held
            held = ""
        held, section = f"{held}\n{text}" if held else text, block.section
    if held:
        yield held
