"""The page to ask on, and a conversation opened again. Both work without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from rag.app import Citewell
from rag.errors import InvalidQuestion
from rag.records import Access
from rag.render import Body, to_json
from rag.render.shapes import AnswerBody, ConversationBody, body_of
from web.dependencies import AccessDep, CitewellDep, SettingsDep, count_request, question_place_for_page
from web.i18n import texts_for
from web.pages.privacy_notice import privacy_notice
from web.settings import WebSettings
from web.templating import drawn

router = APIRouter(include_in_schema=False)
# What the page's script loads, named in the page so that all of it is fetched at once.
_MODULES = (
    *(
        f"chat/{name}"
        for name in (
            "citewell-chat",
            "answer",
            "card",
            "copy",
            "feedback",
            "language",
            "menu",
            "panel",
            "parts",
            "stream",
            "token",
            "turn",
        )
    ),
    *(f"pages/{name}" for name in ("conversations", "shortcuts", "storage")),
)


@router.get("/", dependencies=[Depends(question_place_for_page)])
def home(
    request: Request, citewell: CitewellDep, access: AccessDep, settings: SettingsDep, q: str = "", c: str = ""
) -> Response:
    """The question box, and the answer to `q` if there is one. A question that cannot be asked is 422.

    With `c`, the id of a conversation, `q` is understood as a follow-up in it. Looking keeps nothing.
    """
    question = q.strip()
    if not question:
        return _ask_page(request, citewell, access, settings, [])
    turn: Body = {"question": question, "answer": None, "complaint": "", "relevance": None}
    try:
        turn["answer"] = body_of(
            AnswerBody, citewell.conversations.ask(question, conversation_id=c or None, access=access)
        )
    except InvalidQuestion as error:
        turn["complaint"] = str(error)
    return _ask_page(request, citewell, access, settings, [turn], title=question, follows=c)


@router.get("/c/{id}", dependencies=[Depends(count_request)])
def show_conversation(
    request: Request,
    id: str,  # noqa: A002 - the name in the address
    citewell: CitewellDep,
    access: AccessDep,
    settings: SettingsDep,
) -> Response:
    """A conversation as it was shown, with its sources. 404 when it was deleted, or its time is over."""
    opened = citewell.conversations.get(id, access=access)
    citewell.audit.reopened(opened)
    body = body_of(ConversationBody, opened)
    turns: list[Body] = [
        {
            "question": turn["answer"]["question"],
            "answer": turn["answer"],
            "complaint": "",
            "relevance": turn["relevance"],
        }
        for turn in body["turns"]
    ]
    return _ask_page(request, citewell, access, settings, turns, title=body["title"], conversation=body)


def _ask_page(
    request: Request,
    citewell: Citewell,
    access: Access,
    settings: WebSettings,
    turns: list[Body],
    *,
    title: str = "",
    conversation: Body | None = None,
    follows: str = "",
) -> Response:
    """The page with what was asked so far. Suggestions help until something was asked, and after no answer.

    `follows` is the conversation that the form without scripts asks in. The title of one is shown where it is not just
    the first question again.
    """
    last = turns[-1]["answer"] if turns else None
    complained = bool(turns) and last is None
    is_quoting = last is not None and last["status"] != "no_answer"
    return drawn(
        request,
        "ask.html",
        {
            "title": title,
            "turns": turns,
            "turns_json": to_json(turns),
            "conversation": conversation,
            "follows": conversation["id"] if conversation else follows,
            "named": bool(conversation) and not turns[0]["question"].startswith(title.removesuffix(" …")),
            "keep_days": settings.keep_conversations_days,
            "suggestions": [] if complained or is_quoting else citewell.insights.suggestions(access=access),
            "document_count": citewell.documents.count(access=access),
            "uploads": settings.uploads,
            "max_question_chars": settings.max_question_chars,
            "modules": _MODULES,
            "notice": privacy_notice(settings, texts_for(request)),
        },
        status_code=422 if complained else 200,
    )
