"""Messages of a chat to a question, and to what was asked and quoted before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.records import Exchange
from rag.render import quotes_in
from web.openai.openai_errors import OpenAiRefusal
from web.openai.openai_requests import ChatMessage, ContentPart, InputItem

_TEXTS = ("text", "input_text", "output_text")
_MAX_TOPIC = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The last message, and what was said before, oldest first; its questions are as they were typed."""

    question: str
    before: tuple[Exchange, ...] = ()


def asked_in(messages: Sequence[ChatMessage | InputItem], *, param: str) -> Asked:
    """The question of a chat. Raises OpenAiRefusal where the last message is not one of the user, with text.

    `param` is what the messages are called in the request.
    """
    said = [message for message in messages if getattr(message, "type", "message") == "message"]
    if not said or said[-1].role != "user":
        role = said[-1].role if said else "none"
        raise OpenAiRefusal(
            f"The last message is of the role {role}; expected one of the user, which is the question.",
            code="invalid_value",
            param=param,
        )
    question = said[-1].content
    if isinstance(question, list):
        other = next((part.type for part in question if part.type not in _TEXTS), None)
        if other is not None:
            raise OpenAiRefusal(
                f"The question has a part of the type {other[:50]!r}; only text can be asked with.",
                code="unsupported_content",
                param=param,
            )
    return Asked(_text(question), _exchanges(said[:-1]))


def _exchanges(messages: Sequence[ChatMessage | InputItem]) -> tuple[Exchange, ...]:
    """Each question with what was quoted to it."""
    found: list[Exchange] = []
    for message in messages:
        if message.role == "user":
            found.append(Exchange(_text(message.content)))
        elif message.role == "assistant" and found:
            found[-1] = Exchange(found[-1].question, quotes_in(_text(message.content)), _topics(message))
    return tuple(found)


def _text(content: str | list[ContentPart] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content if part.type in _TEXTS and part.text)
    return content or ""


def _topics(message: ChatMessage | InputItem) -> tuple[str, ...]:
    """The titles of what an answer cites, where its annotations came back with it."""
    given: list[dict[str, Any]] = list(getattr(message, "annotations", None) or ())
    if isinstance(message.content, list):
        given += [annotation for part in message.content for annotation in part.annotations or ()]
    titles = []
    for annotation in given:
        inner = annotation.get("url_citation", annotation)
        title = inner.get("title") if isinstance(inner, dict) else None
        if isinstance(title, str) and title.isprintable():
            titles.append(title[:_MAX_TOPIC])
    return tuple(dict.fromkeys(titles))
