"""`kill -9` at random moments of writing: what was acknowledged is there and answers, and nothing is half there."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.barrels import CHANGE, text_of, token
from tests.support.effort import at_most
from tests.support.fakes import HashEmbedder
from tests.support.processes import python_process

pytestmark = pytest.mark.crash

FILES = 60
KILLS = 20
# Seconds. A restart reads the database once to make the index that the killed process did not publish.
QUICK = 5.0

INGEST = """
import sys
from pathlib import Path
from tests.support.fakes import HashEmbedder
from rag.app import Citewell
from rag.settings import Settings
def acknowledge(result, number, total):
    print(result.document_id, flush=True)
print("ready", flush=True)
with Citewell.open(Settings(data_dir=Path(sys.argv[1])), embedder=HashEmbedder(), create=True) as citewell:
    citewell.documents.ingest([Path(sys.argv[2])], on_result=acknowledge)
print("done", flush=True)
"""


def reopen(data: Path) -> Citewell:
    """The data directory of what a killed process left. Fails when that takes long."""
    with at_most(QUICK):
        citewell = Citewell.open(Settings(data_dir=data), embedder=HashEmbedder(), create=True)
        citewell.questions.search("Which shed holds tar?", access=EVERYTHING)
    return citewell


def contents(citewell: Citewell) -> dict[str, tuple[str, int, int]]:
    """For each stored document its text, and the numbers of its sentences and passages."""
    infos = citewell.documents.all(access=EVERYTHING)
    assert all(info.sentences == len(citewell.documents.sentences(info.source.id, access=EVERYTHING)) for info in infos)
    return {
        i.source.id: (citewell.documents.get(i.source.id, access=EVERYTHING).text, i.sentences, i.chunks) for i in infos
    }


def assert_sound(citewell: Citewell) -> None:
    """Every part of the database holds. The index on disk may be one that was never finished, until a rebuild."""
    assert [c for c in citewell.maintenance.check() if not c.ok and c.name != "vector index"] == []


def assert_found(citewell: Citewell, document_id: str, word: str) -> None:
    """The document is found by its own word, quoted exactly, and the quote can be verified."""
    hits = citewell.questions.search(f"Which place is called {word}?", access=EVERYTHING)
    # Not always the first: the vectors here are made by chance.
    (hit,) = [hit for hit in hits if word in hit.chunk.text]
    assert hit.chunk.source.id == document_id
    answer = citewell.questions.ask(f"What does the keeper call {word} in his letters?", access=EVERYTHING)
    document = citewell.documents.get(document_id, access=EVERYTHING)
    places = [c for c in answer.citations if c.place.source.id == document_id]
    for citation in places:
        place = citation.place
        assert place.span.of(document.text) == citation.quote
        checked = citewell.questions.verify(
            document_id,
            sha256=place.text_sha256,
            start=place.span.start,
            end=place.span.end,
            quote=citation.quote,
            access=EVERYTHING,
        )
        assert checked.status is VerificationStatus.MATCH
    assert word in hit.chunk.text


def kill(process: subprocess.Popen[str], lines: int, seconds: float) -> list[str]:
    """What a process printed until it was killed, some seconds after its first `lines` lines."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        first = [process.stdout.readline() for _ in range(lines)]
        time.sleep(seconds)
        process.kill()
        # Not `communicate`: it passes over lines that came together with the last one of `first`.
        rest, errors = process.stdout.read(), process.stderr.read()
    assert errors == ""
    # A last line without its end was not acknowledged.
    return "".join([*first, rest]).split("\n")[:-1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text(text_of(number), encoding="utf-8")
    return folder


def test_ingest_killed_at_any_moment_keeps_what_it_acknowledged(files: Path, tmp_path: Path) -> None:
    with reopen(tmp_path / "clean") as clean:
        results = clean.documents.ingest([files])
        expected = contents(clean)
    assert len(expected) == FILES
    words = {result.document_id: token(number) for number, result in enumerate(results)}
    chance = random.Random(20_240)  # noqa: S311 - when to kill
    seen = set()
    for number in range(KILLS):
        data = tmp_path / f"data{number}"
        process = python_process(INGEST, data, files)
        ready, *acknowledged = kill(process, chance.randrange(1, FILES + 2), chance.uniform(0, 0.02))
        assert ready == "ready"
        acknowledged = [line for line in acknowledged if line != "done"]
        seen.add(len(acknowledged))
        with reopen(data) as citewell:
            stored = contents(citewell)
            assert set(acknowledged) <= set(stored)
            assert len(stored) - len(acknowledged) in (0, 1), "at most the one in hand"
            assert stored == {document_id: expected[document_id] for document_id in stored}
            assert_sound(citewell)
            for document_id in acknowledged:
                assert_found(citewell, document_id, str(words[document_id]))
            if number % 5 == 0:
                citewell.documents.ingest([files])
                assert contents(citewell) == expected
                assert [check for check in citewell.maintenance.check() if not check.ok] == []
    assert len(seen) > KILLS // 2, f"the moments hardly differ: {sorted(seen)}"


def steps_of(seed: int) -> list[tuple[str, str | None]]:
    """Puts, replacements and removals of a few documents: (id, text), and None for a removal."""
    chance = random.Random(seed)  # noqa: S311 - an order of steps
    steps: list[tuple[str, str | None]] = []
    there: set[int] = set()
    for version in range(400):
        number = chance.randrange(8)
        if number in there and chance.random() < 0.4:
            there.remove(number)
            steps.append((f"d{number}", None))
        else:
            there.add(number)
            steps.append((f"d{number}", text_of(number, version)))
    return steps


def after(steps: list[tuple[str, str | None]]) -> dict[str, str]:
    """What is stored after these steps."""
    documents: dict[str, str] = {}
    for document_id, text in steps:
        if text is None:
            del documents[document_id]
        else:
            documents[document_id] = text
    return documents


@pytest.mark.parametrize("seed", range(8))
def test_replacing_and_removing_killed_at_any_moment_leaves_one_of_two_states(tmp_path: Path, seed: int) -> None:
    """Either all acknowledged steps and no more, or with the one in hand; and never a text that was removed."""
    steps = steps_of(seed)
    chance = random.Random(seed)  # noqa: S311 - when to kill
    process = python_process(CHANGE, tmp_path / "data", json.dumps(steps))
    ready, *lines = kill(process, chance.randrange(1, 80), chance.uniform(0, 0.02))
    assert ready == "ready"
    done = len(lines)
    assert lines == [str(number) for number in range(done)]
    assert done < len(steps)
    with reopen(tmp_path / "data") as citewell:
        texts = {document_id: text for document_id, (text, _, _) in contents(citewell).items()}
        assert texts in (after(steps[:done]), after(steps[: done + 1]))
        assert_sound(citewell)
        versions = {text.rpartition("calls the place ")[2].split()[0] for text in texts.values()}
        for number, (_, text) in enumerate(steps[:done]):
            word = token(int(steps[number][0][1:]), number)
            if text is not None and word not in versions:
                assert all(
                    word not in hit.chunk.text
                    for hit in citewell.questions.search(f"Which place is called {word}?", access=EVERYTHING)
                )
        for document_id, text in texts.items():
            assert_found(citewell, document_id, text.rpartition("calls the place ")[2].split()[0])
