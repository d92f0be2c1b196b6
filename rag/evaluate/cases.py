"""Questions with what counts as right, read from a question file or a SQuAD file, and what became of one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.records import Block, BlockKind, Document, Source, Span


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what counts as right. No answer and no sentence: the documents do not say.

    With `document_id`, `places` are the gold answers in that document; else `sentences` are the gold sentences, or, if
    a file gives none, `answers` are strings one of which a right sentence holds.
    """

    question: str
    answers: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    document_id: str | None = None
    places: tuple[Span, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the documents answer it."""
        return bool(self.answers or self.sentences)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one case."""

    case: Case
    answered: bool
    right: bool  # the best sentence, shown or not
    rank: int | None  # of the first passage that holds a gold answer, from 1, down to 20
    confidence: float
    milliseconds: float
    best: str  # the best sentence's text
    words: str = ""  # of it, those that are marked as the answer
    any_right: bool = False  # one of the three best statements, shown or not
    further: tuple[bool, ...] = ()  # of the second and third sentence, if they are shown: whether each is right

    @property
    def is_right(self) -> bool:
        """Whether the best sentence is right, which no sentence is for a question without an answer."""
        return self.right and self.case.is_answerable


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON Lines file: "question", "answers" (none: unanswerable), optionally "sentence" and "also".

    Raises InputError naming the line that is not of this form.
    """
    cases = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            gold = [item["sentence"]] if item.get("sentence") else []
            question, answers, sentences = item["question"], item["answers"], gold + item.get("also", [])
            if not (question.strip() and isinstance(answers, list) and all(map(str.strip, answers + sentences))):
                raise ValueError("one of them is empty or of the wrong kind")
            cases.append(Case(question, tuple(answers), tuple(sentences)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}, line {number}: expected an object with "question" and a list "answers"; {error!r}.'
            ) from error
    if not cases:
        raise InputError(f"{path} holds no question.")
    return cases


def read_squad(path: Path) -> tuple[list[Document], list[Case]]:
    """A SQuAD file's paragraphs as documents, and its questions as cases. A paragraph's text is taken as it is.

    A gold answer whose offset does not point at its text is looked up in the paragraph; a question none of whose
    answers stand there is left out. Raises InputError when the file is not of the SQuAD form.
    """
    documents: dict[str, Document] = {}
    cases = []
    try:
        for article in json.loads(_read_text(path))["data"]:
            title = str(article.get("title") or "").replace("_", " ")
            for paragraph in article["paragraphs"]:
                document = _paragraph(title, paragraph["context"])
                documents[document.source.id] = document
                cases += [case for asked in paragraph["qas"] if (case := _squad_case(document, asked))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a SQuAD file: expected data[].paragraphs[].qas[]; {error!r}.") from error
    if not cases:
        raise InputError(f"{path} holds no question.")
    return list(documents.values()), cases


def _paragraph(title: str, text: str) -> Document:
    """One paragraph as a document of its own; a block for each of its lines."""
    blocks, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            blocks.append(Block(Span(start, start + len(line)), BlockKind.PARAGRAPH))
        start += len(line) + 1
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    identifier = hashlib.sha256(f"{title}\n{sha256}".encode()).hexdigest()[:16]
    source = Source(identifier, title or "untitled", f"api:{identifier}")
    return Document(source, text, tuple(blocks), sha256, sha256)


def _squad_case(document: Document, asked: dict[str, Any]) -> Case | None:
    """One question of a SQuAD paragraph; None when its answers do not stand there, and it cannot be judged."""
    places = []
    given = [] if asked.get("is_impossible") else asked["answers"]
    for answer in given:
        text, start = answer["text"].strip(), answer["answer_start"]
        if not document.text.startswith(text, start):
            start = document.text.find(text)
        if text and start >= 0:
            places.append(Span(start, start + len(text)))
    if given and not places:
        return None
    answers = tuple(place.of(document.text) for place in places)
    return Case(asked["question"].strip(), answers, document_id=document.source.id, places=tuple(places))


def _read_text(path: Path) -> str:
    """The text of a question file. Raises InputError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The question file {path} cannot be read: {error}.") from error
