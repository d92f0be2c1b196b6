"""Of what a person makes of a follow-up question, how much do the rules make? `python -m tests.bench.followups --help`.

CANARD has dialogues about sections of an encyclopaedia: questions, their answers copied out of the section, and each
question as a person wrote it to stand alone. It has no passages, so they are built from the answers, in three ways
(`--build`):

- answers: each answer is a passage under the title of its article and the heading of its section;
- sections: the answers of a section are the paragraphs of a document, which is ingested like any other;
- bare: each answer is a passage, with nothing over it.

The answers of all articles compete. A question is searched for as it was asked (raw), as `rag.answer.followup` makes it
stand alone (ours), and as the person wrote it (human), by Citewell's own search. The passage that holds the answer
is the right one. Questions without an answer are left out, and so is the last one of a dialogue, whose answer is not
given.

The rules see what a conversation has: earlier questions as they made them, earlier answers as quotes, title and
heading as topics. At the first question there is nothing earlier, but those who asked it had title and heading before
them: so they are given as topics, unless `--topics` says `cited` (only once an answer was given) or `none`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag.answer.followup.stand_alone import stand_alone
from rag.app import Citewell
from rag.errors import InputError, RagError
from rag.models.catalogue import load_model
from rag.models.embedder import Embedder, OnnxEmbedder
from rag.records import Block, BlockKind, Document, Exchange, Passage, Sentence, SentenceKind, Source, Span
from rag.settings import BUNDLED_MODEL, Settings
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING

_DEPTH = 100
# With this in front of the titles, the seven articles that were read before the halves were made are to be tuned on.
_SALT = "159"
_NO_ANSWER = frozenset({"i don t know", "cannotanswer", "i do not know"})
WAYS = ("raw", "ours", "human")
BUILDS = ("answers", "sections", "bare")
TOPICS = ("given", "cited", "none")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a dialogue."""

    dialogue: str
    number: int  # from 1
    title: str
    heading: str
    question: str
    human: str
    answer: str  # "" when there is none, or none that is known

    @property
    def section(self) -> str:
        """An id for the section that the dialogue is about, fit to be a document's."""
        return hashlib.sha256(f"{self.title}\n{self.heading}".encode()).hexdigest()[:32]

    @property
    def is_complete(self) -> bool:
        """Whether the person found nothing to add to it."""
        return _letters(self.question) == _letters(self.human)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A turn, the question that the rules made of it, how long they took, and at which rank each way found it."""

    turn: Turn
    ours: str
    seconds: float
    ranks: Mapping[str, int]  # by way, from 1; 0 is nowhere


def main() -> None:
    """Measure, print a table, and write the outcomes if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.followups", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--canard", type=Path, metavar="FILE", required=True, help="a list of turns in JSON")
    parser.add_argument("--half", choices=("tune", "test", "all"), default="test", help="by article (default: test)")
    parser.add_argument("--build", choices=BUILDS, action="append", help="may be repeated (default: all)")
    parser.add_argument("--topics", choices=TOPICS, action="append", help="may be repeated (default: all)")
    parser.add_argument("--stores", type=Path, metavar="FOLDER", help="keep what is indexed here, and use it again")
    parser.add_argument("--outcomes", type=Path, metavar="FOLDER", help="write each question and its ranks here")
    given = parser.parse_args()
    try:
        turns = read_canard(given.canard)
        with _folder(given.stores) as folder:
            embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, folder))
            sys.stdout.write("".join(f"{line}\n" for line in HEAD))
            for build in given.build or BUILDS:
                with open_build(build, turns, embedder, folder / build) as citewell:
                    for topics in given.topics or TOPICS:
                        asked = [turn for turn in turns if given.half in ("all", half_of(turn.title))]
                        outcomes = measure(asked, citewell, all_places(turns, build), topics)
                        sys.stdout.write("".join(f"{line}\n" for line in table(f"{build}, {topics}", outcomes)))
                        sys.stdout.flush()
                        if given.outcomes:
                            _write_outcomes(given.outcomes / f"{build}-{topics}-{given.half}.jsonl", outcomes)
    except RagError as error:
        parser.error(str(error))


def read_canard(path: Path) -> list[Turn]:
    """The turns of a CANARD file, in its order; an answer stands in the history of the turn after it."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        dialogues: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            dialogues.setdefault(str(row["QuAC_dialog_id"]), []).append(row)
        return [turn for rows in dialogues.values() for turn in _turns(rows)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as CANARD: {error!r}.") from error


def _turns(rows: Sequence[Mapping[str, Any]]) -> Iterator[Turn]:
    for row, after in pairwise([*rows, None]):
        assert row is not None
        history = row["History"]
        answer = after["History"][-1] if after else ""
        is_one = _letters(answer) not in _NO_ANSWER
        yield Turn(
            str(row["QuAC_dialog_id"]),
            int(row["Question_no"]),
            history[0],
            history[1],
            " ".join(str(row["Question"]).split()),
            " ".join(str(row["Rewrite"]).split()),
            " ".join(answer.split()) if is_one else "",
        )


def half_of(title: str) -> str:
    """Which half an article belongs to: the one that rules may be tuned on, or the one that is reported."""
    return "test" if hashlib.sha256(f"{_SALT} {title}".encode()).digest()[0] % 2 else "tune"


Places = dict[tuple[str, str], frozenset[tuple[str, Span]]]


def all_places(turns: Sequence[Turn], build: str) -> Places:
    """For the answers of each section, by section and text: the documents and spans where they stand.

    With nothing over the answers, the same words for another section are just as right.
    """
    places: Places = {}
    anywhere: dict[str, set[tuple[str, Span]]] = {}
    for document in make_documents(turns):
        for block in document.blocks[1:]:
            text = block.span.of(document.text)
            places[document.source.id, text] = frozenset({(document.source.id, block.span)})
            anywhere.setdefault(text, set()).add((document.source.id, block.span))
    if build == "bare":
        return {key: frozenset(anywhere[key[1]]) for key in places}
    return places


def make_documents(turns: Sequence[Turn]) -> list[Document]:
    """A document for each section: its heading, then its answers, each once, in order, as paragraphs."""
    sections: dict[str, list[Turn]] = {}
    for turn in turns:
        sections.setdefault(turn.section, []).append(turn)
    return [_document(found) for found in sections.values()]


def _document(turns: Sequence[Turn]) -> Document:
    first = turns[0]
    parts = [" ".join(first.heading.split()), *dict.fromkeys(turn.answer for turn in turns if turn.answer)]
    blocks, start = [], 0
    for number, part in enumerate(parts):
        kind, level = (BlockKind.PARAGRAPH, 0) if number else (BlockKind.HEADING, 1)
        blocks.append(Block(Span(start, start + len(part)), kind, level, parts[0]))
        start += len(part) + 2
    text = "\n\n".join(parts)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Document(Source(first.section, first.title, f"api:{first.section}"), text, tuple(blocks), sha256, sha256)


@contextmanager
def open_build(build: str, turns: Sequence[Turn], embedder: Embedder, folder: Path) -> Iterator[Citewell]:
    """Citewell over the passages of a build, which are indexed first if they are not there."""
    settings = Settings(data_dir=folder, reader=False)
    documents = make_documents(turns)
    if build == "sections":
        with Citewell.open(settings, embedder=embedder, create=True) as citewell:
            citewell.documents.add(documents)
            yield citewell
        return
    store = SqliteStore.open(folder, create=True)
    with Citewell(settings, store, embedder, None) as citewell:
        with store.write_lock():
            store.bind_model(embedder.identity)
            for document in documents:
                if not store.is_stored(document):
                    _store_answers(document, store, embedder, is_bare=build == "bare")
        citewell.maintenance.rebuild()
        yield citewell


def _store_answers(document: Document, store: SqliteStore, embedder: Embedder, *, is_bare: bool) -> None:
    """Each answer as one sentence and one passage, whatever stands in it."""
    head, *answers = [block.span for block in document.blocks]
    sentences = [Sentence(span, SentenceKind.STATEMENT, head.of(document.text)) for span in answers]
    over = "" if is_bare else f"{document.source.title}\n{head.of(document.text)}\n"
    passages = [
        Passage(place, place + 1, span, head.of(document.text), None, over + span.of(document.text))
        for place, span in enumerate(answers)
    ]
    if answers:
        store.put_document(
            document,
            sentences,
            embedder.embed([span.of(document.text) for span in answers]),
            passages,
            embedder.embed([passage.search_text for passage in passages]),
        )


def rewrite(turns: Sequence[Turn], topics: str) -> dict[tuple[str, int], tuple[str, float]]:
    """What the rules make of each turn, and the seconds they took, by dialogue and number."""
    made: dict[tuple[str, int], tuple[str, float]] = {}
    history: list[Exchange] = []
    for turn in turns:
        both = (turn.title, turn.heading)
        if turn.number == 1:
            history = [Exchange("", topics=both)] if topics == "given" else []
        started = time.perf_counter()
        ours = stand_alone(turn.question, history)
        made[turn.dialogue, turn.number] = ours, time.perf_counter() - started
        quotes = (turn.answer,) if turn.answer else ()
        history = [*history, Exchange(ours, quotes, both if quotes and topics != "none" else ())]
    return made


def measure(turns: Sequence[Turn], citewell: Citewell, places: Places, topics: str) -> list[Outcome]:
    """The outcome of every turn that has an answer."""
    made = rewrite(turns, topics)
    outcomes = []
    for turn in turns:
        if turn.answer:
            ours, seconds = made[turn.dialogue, turn.number]
            texts = dict(zip(WAYS, (turn.question, ours, turn.human), strict=True))
            right = places[turn.section, turn.answer]
            ranks = {way: _rank(search(citewell, text), right) for way, text in texts.items()}
            outcomes.append(Outcome(turn, ours, seconds, ranks))
    return outcomes


@lru_cache(maxsize=50_000)
def search(citewell: Citewell, question: str) -> tuple[tuple[str, Span], ...]:
    """Where the passages found for a question stand, best first."""
    return tuple(
        (hit.chunk.source.id, hit.chunk.span) for hit in citewell.questions.search(question, _DEPTH, access=EVERYTHING)
    )


def _rank(found: Sequence[tuple[str, Span]], places: frozenset[tuple[str, Span]]) -> int:
    """The rank, from 1, of the first passage that holds one of the places whole; 0 when none does."""
    for rank, (document, span) in enumerate(found, start=1):
        if any(i == document and span.start <= place.start and place.end <= span.end for i, place in places):
            return rank
    return 0


HEAD = (
    "| build, topics | turns | n | R@1 raw/ours/human | R@5 | MRR | of the gap closed (R@1, R@5, MRR) |",
    "|---|---|---|---|---|---|---|",
)


def table(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Rows of Markdown: all turns, all but the first, the complete ones, and how those were treated."""
    groups = {
        "all": outcomes,
        "from the second": [o for o in outcomes if o.turn.number > 1],
        "complete": [o for o in outcomes if o.turn.is_complete],
    }
    rows = [_row(name, group, found) for group, found in groups.items() if found]
    kept = [o.ours == o.turn.question for o in groups["complete"]]
    changed = [o.ours != o.turn.question for o in outcomes if not o.turn.is_complete]
    micro = [o.seconds * 1e6 for o in outcomes]
    return [
        *rows,
        f"| {name} | complete left unchanged: {_share(kept)}; others changed: {_share(changed)}; "
        f"microseconds: median {statistics.median(micro):.0f}, most {max(micro):.0f} |",
    ]


def _row(name: str, group: str, outcomes: Sequence[Outcome]) -> str:
    figures = {way: _figures([outcome.ranks[way] for outcome in outcomes]) for way in WAYS}
    cells = [" / ".join(f"{figures[way][place]:.3f}" for way in WAYS) for place in range(3)]
    closed = [_closed(*(figures[way][place] for way in WAYS)) for place in range(3)]
    return f"| {name} | {group} | {len(outcomes)} | {' | '.join(cells)} | {', '.join(closed)} |"


def _figures(ranks: Sequence[int]) -> tuple[float, float, float]:
    """Recall at 1 and at 5, and the mean reciprocal rank."""
    mean = statistics.fmean
    return mean(r == 1 for r in ranks), mean(0 < r <= 5 for r in ranks), mean(1 / r if r else 0.0 for r in ranks)


def _closed(raw: float, ours: float, human: float) -> str:
    """How much of the way from raw to human ours goes; a dash where there is no way to go."""
    return f"{(ours - raw) / (human - raw):.0%}" if human > raw else "-"


def _share(claims: Sequence[bool]) -> str:
    return f"{sum(claims)} of {len(claims)}"


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Where the indexes are made: the folder that was named, or one that is removed in the end."""
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="citewell-bench-") as folder:
        yield Path(folder)


def _write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """A line of JSON for each turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "dialogue": o.turn.dialogue,
            "number": o.turn.number,
            "title": o.turn.title,
            "heading": o.turn.heading,
            "question": o.turn.question,
            "rewritten": o.ours,
            "human": o.turn.human,
            "answer": o.turn.answer,
            **o.ranks,
        }
        for o in outcomes
    ]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _letters(text: str) -> str:
    """The words of `text` in lower case with single spaces, without marks."""
    return " ".join(re.findall(r"\w+", text.casefold()))


if __name__ == "__main__":
    main()
