"""What chat programs ask a language model behind their user's back: for a title of the chat, for tags and so on.

Open WebUI sends such a task to the model of the chat, as a message like any other, and nothing beside its text tells it
from a question. Its templates begin with "### Task:", say which JSON they expect, and end with the chat between marks.
A message of that form is no question of a person: it is not searched for, not counted and not kept. The JSON that it
expects comes back with nothing in it; a title is the first question, in its own words.
"""

from __future__ import annotations

import json
import re

_BEGINNING = "### Task:"
# The key of the JSON that a template expects, and what is given for it.
_EMPTY: dict[str, object] = {"title": "", "tags": [], "follow_ups": [], "queries": [], "text": ""}
_EXPECTED = re.compile(r'\{\s*"(\w+)"\s*:')
_CHAT = re.compile(r"<chat_history>(.*?)</chat_history>", re.DOTALL)
_FIRST_QUESTION = re.compile(r"^USER: (.+)$", re.MULTILINE)
_TITLE_CHARACTERS = 60
_OTHER = "This was taken for a task of a chat program and not for a question, so nothing was searched for."


def task_reply(message: str) -> str | None:
    """What is given for a task of a chat program; None for a message that is none."""
    text = message.lstrip()
    if not text.startswith(_BEGINNING):
        return None
    chat = _CHAT.search(text)
    told = text[: chat.start()] if chat else text
    keys = [key for key in _EXPECTED.findall(told) if key in _EMPTY]
    if not keys:
        return _OTHER
    key = keys[0]
    return json.dumps({key: _title(chat[1]) if key == "title" and chat else _EMPTY[key]}, ensure_ascii=False)


def _title(chat: str) -> str:
    """The first question of the chat, shortened at a word."""
    first = _FIRST_QUESTION.search(chat)
    question = " ".join(first[1].split()) if first else ""
    if len(question) <= _TITLE_CHARACTERS:
        return question
    return (question[:_TITLE_CHARACTERS].rpartition(" ")[0] or question[:_TITLE_CHARACTERS]) + " …"
