"""Questions to suggest that somebody wrote down: those of a file that are marked so and get an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import InputError
from rag.insights.suggestions.background import Suggestion
from rag.records import Answer, AnswerStatus

_SHOWN = 3


def listed(path: Path, ask: Callable[[str], Answer], *, is_stopping: Callable[[], bool]) -> list[Suggestion]:
    """The first three questions of a JSON Lines file that are marked "suggested" and get an answer now.

    Raises InputError for a file that cannot be read, naming the line that is not an object.
    """
    found: list[Suggestion] = []
    for line in _read_lines(path):
        if len(found) == _SHOWN or is_stopping():
            break
        question = str(line.get("question", ""))
        if line.get("suggested") and ask(question).status is AnswerStatus.ANSWERED:
            found.append(Suggestion(question))
    return found


def _read_lines(path: Path) -> Iterator[dict[str, object]]:
    """The objects of a JSON Lines file. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The question file {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number}: not JSON ({error}).") from error
            if not isinstance(value, dict):
                raise InputError(f"{path}, line {number}: expected an object with a question.")
            yield value
