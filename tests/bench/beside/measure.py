"""The measuring itself: indexes built, processes started, questions asked in turn, all in one run."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.beside.corpus import Corpus
from tests.bench.beside.driver import Driver, Program
from tests.bench.beside.figures import Footprint, Sample, Summary, Variant, summarise
from tests.bench.beside.judge import Judge

# Seconds before each question: the threads of the process asked before go on looking for work a while.
_PAUSE = 0.05
# Questions asked before memory is read, and before any is counted.
_SETTLING = 10

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Building:
    """One index built: how many passages a second, the bytes it takes, and what its driver said of itself."""

    passages_a_second: float
    size: int
    ready: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Start:
    """One start over an index that is there. Seconds from the start of the process, bytes."""

    ready: float
    first_answer: float
    memory: int | None


def footprints(
    programs: Sequence[Program], corpus: Corpus, home: Path, *, rounds: int, say: Say
) -> tuple[list[Footprint], dict[str, Mapping[str, object]]]:
    """Building and starting, the programs in turn in each round; and what each driver said when it was ready."""
    passages = home / "passages.json"
    listed = [{"id": name, "text": text} for name, text in corpus.passages.items()]
    passages.write_text(json.dumps(listed), encoding="utf-8")
    built: dict[str, list[Building]] = {program.name: [] for program in programs}
    started: dict[str, list[Start]] = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            say(f"{program.name}: building and starting, {number + 1} of {rounds} ...")
            built[program.name].append(build(program, passages, home / program.name))
    for _ in range(rounds):
        for program in programs:
            started[program.name].append(start(program, corpus, home / program.name))
    found = [_footprint(program, built[program.name], started[program.name]) for program in programs]
    return found, {name: buildings[-1].ready for name, buildings in built.items()}


def build(program: Program, passages: Path, index: Path) -> Building:
    """Build an index anew. The models are loaded before the clock starts."""
    shutil.rmtree(index, ignore_errors=True)
    with Driver(program, index, passages=passages) as driver:
        ready = driver.ready
    return Building(ready["passages"] / ready["build_seconds"], size_of(index), ready)


def start(program: Program, corpus: Corpus, index: Path) -> Start:
    """Start it over its index, ask one question, then some more until its memory is read. Files are in the cache."""
    questions = [case.question for case in corpus.cases[: _SETTLING + 1]]
    with Driver(program, index) as driver:
        driver.ask(questions[0])
        first = driver.seconds_since_start()
        for question in questions[1:]:
            driver.ask(question)
        return Start(driver.ready_seconds, first, driver.memory())


def ask_all(
    programs: Sequence[Program], variants: Sequence[Variant], corpus: Corpus, home: Path, *, say: Say
) -> list[Summary]:
    """Each question to each variant before the next question, another variant first each time."""
    judge = Judge(corpus.passages)
    samples: dict[Variant, list[Sample]] = {variant: [] for variant in variants}
    with ExitStack() as running:
        drivers = {p.name: running.enter_context(Driver(p, home / p.name)) for p in programs}
        for variant in variants:
            for case in corpus.cases[:_SETTLING]:
                drivers[variant.program].ask(case.question, variant.read)
        for number, case in enumerate(corpus.cases):
            turn = number % len(variants)
            for variant in (*variants[turn:], *variants[:turn]):
                time.sleep(_PAUSE)
                said = drivers[variant.program].ask(case.question, variant.read)
                right = judge.is_right(case, said.places)
                samples[variant].append(Sample(said.seconds, right, bool(said.error), said.stages))
            if number % 10 == 9:
                say(f"{number + 1} of {len(corpus.cases)} questions ...")
        defaults = {name: driver.ready["reads"] for name, driver in drivers.items()}
    return [summarise(v, samples[v], is_default=defaults[v.program] == v.read) for v in variants]


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder, links not followed; of a file, its own."""
    paths = [folder] if folder.is_file() else folder.rglob("*")
    return sum(path.lstat().st_size for path in paths if not path.is_dir())


def _footprint(program: Program, built: Sequence[Building], started: Sequence[Start]) -> Footprint:
    memories = [s.memory for s in started if s.memory is not None]
    return Footprint(
        program=program.name,
        passages_a_second=statistics.median(b.passages_a_second for b in built),
        ready=statistics.median(s.ready for s in started),
        first_answer=statistics.median(s.first_answer for s in started),
        memory=int(statistics.median(memories)) if memories else None,
        index=built[-1].size,
        weights=sum(size_of(path) for path in program.weights),
        environment=size_of(program.environment),
    )
