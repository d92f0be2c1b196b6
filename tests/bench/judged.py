"""Question sets with judgements, read from the files that their authors publish. Nothing of them is kept here.

Two kinds: a `Collection` asks which documents, or which passages, a question is about; a `Choice` asks which of a few
given sentences answers it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError
from rag.evaluate.cases import read_squad
from rag.read import read_bytes
from rag.records import Document, Source, Span


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, questions by id, and for each question the ids of the documents that are about it."""

    documents: list[Document]
    questions: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class PlacedQuestion:
    """A question and the places in one document that answer it."""

    text: str
    document_id: str
    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A question and its candidate sentences, as (text, whether it answers)."""

    question: str
    title: str
    candidates: tuple[tuple[str, bool], ...]

    @property
    def is_decisive(self) -> bool:
        """Whether right and wrong candidates are there; without both, every order is equally good."""
        return len({right for _, right in self.candidates}) == 2


def read_scifact(folder: Path) -> Collection:
    """SciFact's test questions, in the layout of BEIR: corpus.jsonl, queries.jsonl, qrels/test.tsv."""
    rows = [line.split("\t") for line in _read(folder / "qrels" / "test.tsv").splitlines()[1:]]
    relevant = _collect((query, document) for query, document, grade in rows if int(grade) > 0)
    queries = {item["_id"]: item["text"] for item in _json_lines(folder / "queries.jsonl")}
    documents = [_document(d["_id"], d["title"], d["text"]) for d in _json_lines(folder / "corpus.jsonl") if d["text"]]
    return Collection(documents, {query: queries[query] for query in relevant}, relevant)


def read_cranfield(folder: Path) -> Collection:
    """Cranfield: cran.all.1400.xml, cran.qry.xml, cranqrel.trec.txt.

    Judgements number the queries 1 to 225 in the order of the file, whatever its <num> says. Two documents have no
    text: they cannot be found, and count as missed.
    """
    documents = []
    for body in re.findall(r"<doc>(.*?)</doc>", _read(folder / "cran.all.1400.xml"), re.DOTALL):
        title, text = _tag("title", body), _tag("text", body)
        text = text.removeprefix(title).strip()  # most texts begin with their title
        if text:
            documents.append(_document(_tag("docno", body), title, text))
    queries = re.findall(r"<title>(.*?)</title>", _read(folder / "cran.qry.xml"), re.DOTALL)
    rows = [line.split() for line in _read(folder / "cranqrel.trec.txt").splitlines()]
    relevant = _collect((query, document) for query, _, document, grade in rows if int(grade) > 0)
    numbered = {str(number): " ".join(query.split()) for number, query in enumerate(queries, start=1)}
    return Collection(documents, {query: numbered[query] for query in relevant}, relevant)


def read_places(path: Path) -> tuple[list[Document], list[PlacedQuestion]]:
    """The paragraphs of a SQuAD file as documents, and its answerable questions."""
    documents, cases = read_squad(path)
    return documents, [PlacedQuestion(c.question, c.document_id, c.places) for c in cases if c.document_id and c.places]


def read_wikiqa(path: Path) -> list[Choice]:
    """The questions of a WikiQA file; the candidates of each are the sentences of one text, in order."""
    found: dict[str, tuple[str, str, list[tuple[str, bool]]]] = {}
    for row in csv.DictReader(_read(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        _, _, candidates = found.setdefault(row["QuestionID"], (row["Question"], row["DocumentTitle"], []))
        candidates.append((row["Sentence"], row["Label"] == "1"))
    return [Choice(question, title, tuple(candidates)) for question, title, candidates in found.values()]


def read_trecqa(path: Path) -> list[Choice]:
    """The questions of a TrecQA file; the candidates of each come from many texts. Words are in its first rows."""
    choices = []
    for body in re.findall(r"<QApairs.*?>\n(.*?)</QApairs>", _read(path), re.DOTALL):
        rows = [(kind, " ".join(words.split())) for kind, words in re.findall(r"<(\w+)>\n(.*)\n", body)]
        candidates = tuple((words, kind == "positive") for kind, words in rows[1:])
        choices.append(Choice(rows[0][1], "", candidates))
    return choices


def _document(identifier: str, title: str, text: str) -> Document:
    """A plain text as ingesting it would read it."""
    return read_bytes(text.encode(), Source(identifier, title or identifier, f"api:{identifier}"))


def _collect(pairs: Iterator[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """The second of each pair, gathered by the first, in the order of the first."""
    gathered: dict[str, frozenset[str]] = {}
    for key, value in pairs:
        gathered[key] = gathered.get(key, frozenset()) | {value}
    return gathered


def _tag(name: str, body: str) -> str:
    """What stands in the first <name> of `body`, on one line; "" without one."""
    found = re.search(rf"<{name}>(.*?)</{name}>", body, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _json_lines(path: Path) -> Iterator[dict[str, str]]:
    return (json.loads(line) for line in _read(path).splitlines() if line.strip())


def _read(path: Path) -> str:
    """The text of a file. Raises InputError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
