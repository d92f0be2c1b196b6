"""Checks desk questions: `python -m rag.training.check_desk FOLDER...`, folders of docs/ and questions.jsonl.

A line is right when its file exists, the sentence stands in it (white space folded), the words stand in the sentence,
and what `more` and `also` name stands in the files too. For each folder without a mistake the questions that have an
answer and those that have none are counted, and over all folders each kind. Ends with 1 when anything is wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def problems(folder: Path) -> Iterator[str]:
    """A line for each mistake in one collection."""
    texts = {path.relative_to(folder / "docs").as_posix(): _folded(path) for path in _documents(folder)}
    seen: dict[str, int] = {}
    for number, line in enumerate(_lines(folder), start=1):
        try:
            asked = json.loads(line)
        except json.JSONDecodeError as error:
            yield f"{folder.name}:{number}: not JSON: {error}"
            continue
        yield from (f"{folder.name}:{number}: {wrong}" for wrong in _wrong(asked, texts))
        first = seen.setdefault(asked.get("question", "").casefold(), number)
        if first != number:
            yield f"{folder.name}:{number}: the question of line {first} again"


def kinds(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each kind occurs among the questions with an answer, and among those without."""
    answered: Counter[str] = Counter()
    unanswered: Counter[str] = Counter()
    for asked in map(json.loads, _lines(folder)):
        (unanswered if asked["words"] is None else answered)[asked.get("kind", "")] += 1
    return answered, unanswered


def _wrong(asked: dict[str, Any], texts: dict[str, str]) -> Iterator[str]:
    for name in ("file", "question", "sentence"):
        if not isinstance(asked.get(name), str) or not asked[name].strip():
            yield f"{name} is missing"
            return
    if "words" not in asked:
        yield "words is missing; null says that nothing answers"
        return
    yield from _place_wrong(asked, texts)
    for also in asked.get("also", []):
        yield from (f"also: {wrong}" for wrong in _place_wrong(also, texts))
    text = texts.get(asked["file"], "")
    for more in asked.get("more", []):
        if " ".join(more.split()) not in text:
            yield f"more does not stand in {asked['file']}: {more[:60]!r}"
    if asked["words"] is None and (asked.get("more") or asked.get("also")):
        yield "more and also belong to questions that have an answer"


def _place_wrong(place: dict[str, Any], texts: dict[str, str]) -> Iterator[str]:
    if place["file"] not in texts:
        yield f"there is no file {place['file']}"
        return
    sentence = " ".join(place["sentence"].split())
    if sentence not in texts[place["file"]]:
        yield f"the sentence does not stand in {place['file']}: {sentence[:60]!r}"
    if place["words"] is not None and " ".join(place["words"].split()) not in sentence:
        yield f"the words do not stand in the sentence: {place['words'][:60]!r}"


def _lines(folder: Path) -> list[str]:
    return (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()


def _documents(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "docs").rglob("*") if path.is_file())


def _folded(path: Path) -> str:
    return " ".join(path.read_text(encoding="utf-8").split())


def main(arguments: Sequence[str]) -> int:
    """Check the folders given and print what was found; 1 when anything is wrong."""
    status = 0
    answered: Counter[str] = Counter()
    unanswered: Counter[str] = Counter()
    for folder in map(Path, arguments):
        if found := list(problems(folder)):
            print(*found, sep="\n")
            status = 1
            continue
        here, not_here = kinds(folder)
        counts = f"{here.total()} with an answer, {not_here.total()} without"
        print(f"{folder.name}: {len(_documents(folder))} documents, {counts}")
        answered, unanswered = answered + here, unanswered + not_here
    print(f"together: {answered.total()} with an answer, {unanswered.total()} without")
    for kind in sorted(answered | unanswered, key=lambda kind: -(answered[kind] + unanswered[kind])):
        print(f"  {kind or 'no kind'}: {answered[kind]} with, {unanswered[kind]} without")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
