"""What the tests of conversations share."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import apsw

from rag.app import Citewell
from rag.render.shapes import AnswerBody, body_of
from rag.store.base import Reply, Turn
from tests.support.access import EVERYTHING

HARBOUR = "When was the harbour at Westerholm opened?"
OPENED = "The harbour at Westerholm was opened in 1887 after six years of work."
BERTH = "What does a berth cost in summer?"
LEAVE = "How many days of paid leave does every employee have?"
REQUEST = "0b9f7c52-5d2e-4c1b-9a57-3f8f6c1d2e70"


def ask(citewell: Citewell, question: str, **more: Any) -> dict:
    """The answer to a question of a person, as REST shows it."""
    return body_of(AnswerBody, citewell.conversations.ask(question, access=EVERYTHING, **more))


def shown_in(turn: Turn) -> dict:
    """The answer of a turn, as REST shows one of no conversation."""
    return body_of(AnswerBody, Reply(turn.answer))


def sql(citewell: Citewell, statement: str, *values: object) -> list[tuple]:
    """What another program reads or writes in the database."""
    connection = apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite"))
    with connection:
        rows: list[tuple] = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def let_days_pass(citewell: Citewell, conversation_id: str, days: float) -> None:
    """Make the last turn of a conversation so many days older."""
    (conversation,) = sql(citewell, "SELECT updated_at FROM conversations WHERE id = ?", conversation_id)
    then = datetime.fromisoformat(conversation[0]) - timedelta(days=days)
    sql(
        citewell,
        "UPDATE conversations SET updated_at = ? WHERE id = ?",
        then.isoformat(timespec="seconds"),
        conversation_id,
    )


def document_of(body: dict) -> str:
    return body["citations"][0]["document"]["id"]


def is_on_disk(citewell: Citewell, words: bytes) -> bool:
    """Whether any file has these bytes. Another process looks: this one must not open and close the database's file."""
    look = (
        "import sys, pathlib; data, words = pathlib.Path(sys.argv[1]), sys.argv[2].encode()\n"
        "print(any(words in p.read_bytes() for p in data.rglob('*') if p.is_file()))"
    )
    arguments = [sys.executable, "-c", look, str(citewell.settings.data_dir), words.decode()]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout == "True\n"
