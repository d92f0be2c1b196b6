"""The pages for people: ask, the list of documents, one document. All work without JavaScript."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from rag import render
from rag.errors import InvalidQuestion, PageNotFound
from rag.pipeline import Pipeline
from rag.render import LINK_SHA256_DIGITS, Body, to_json
from rag.settings import Settings
from web.dependencies import DocumentId, PipelineDep, SettingsDep, count_request, question_place_for_page
from web.document_view import Marking, blocks_to_show, is_text, marking, marks_of
from web.templating import templates

router = APIRouter(include_in_schema=False)
_DOCUMENTS_A_PAGE = 100
# What the page's script loads, named in the page so that all of it is fetched at once.
_MODULES = (
    *(
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
    ),
    *("conversations", "shortcuts", "storage"),
)


@router.get("/", dependencies=[Depends(question_place_for_page)])
def home(request: Request, pipeline: PipelineDep, settings: SettingsDep, q: str = "", c: str = "") -> Response:
    """The question box, and the answer to `q` if there is one. A question that cannot be asked is 422.

    With `c`, the id of a conversation, `q` is understood as a follow-up in it. Looking keeps nothing.
    """
    question = q.strip()
    if not question:
        return _ask_page(request, pipeline, settings, [])
    turn: Body = {"question": question, "answer": None, "complaint": "", "relevance": None}
    try:
        turn["answer"] = pipeline.converse(question, conversation_id=c or None)
    except InvalidQuestion as error:
        turn["complaint"] = str(error)
    return _ask_page(request, pipeline, settings, [turn], title=question, follows=c)


@router.get("/c/{id}", dependencies=[Depends(count_request)])
def show_conversation(
    request: Request,
    id: str,  # noqa: A002 - the name in the address
    pipeline: PipelineDep,
    settings: SettingsDep,
) -> Response:
    """A conversation as it was shown, with its sources. 404 when it was deleted, or its time is over."""
    body = render.conversation_body(pipeline.conversation(id))
    turns: list[Body] = [
        {
            "question": turn["answer"]["question"],
            "answer": turn["answer"],
            "complaint": "",
            "relevance": turn["relevance"],
        }
        for turn in body["turns"]
    ]
    return _ask_page(request, pipeline, settings, turns, title=body["title"], conversation=body)


def _ask_page(
    request: Request,
    pipeline: Pipeline,
    settings: Settings,
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
    return templates.TemplateResponse(
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
            "suggestions": [] if complained or (last and last["answer"]) else pipeline.suggestions(),
            "document_count": pipeline.health().documents,
            "uploads": settings.uploads,
            "max_question_chars": settings.max_question_chars,
            "modules": _MODULES,
        },
        status_code=422 if complained else 200,
    )


@router.get("/documents")
def list_documents(
    request: Request,
    pipeline: PipelineDep,
    settings: SettingsDep,
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The documents by title, a page of them at a time; with `q` those whose title or file name has all its words."""
    everything = [render.document_body(info) for info in pipeline.documents()]
    words = q.casefold().split()
    found = [body for body in everything if all(word in _searched(body) for word in words)]
    pages = max(1, -(-len(found) // _DOCUMENTS_A_PAGE))
    page = min(page, pages)
    return templates.TemplateResponse(
        request,
        "documents.html",
        {
            "documents": found[(page - 1) * _DOCUMENTS_A_PAGE : page * _DOCUMENTS_A_PAGE],
            "found": len(found),
            "total": len(everything),
            "query": q.strip(),
            "page": page,
            "pages": pages,
            "uploads": settings.uploads,
            "needs_key": bool(settings.api_key),
            "suffixes": pipeline.suffixes(),
            "failed": [render.failed_file_body(file) for file in pipeline.failed_files()],
        },
    )


def _searched(body: Body) -> str:
    return f"{body['title']} {body['location']}".casefold()


@router.get("/documents/{id}")
def show_document(
    request: Request,
    id: DocumentId,  # noqa: A002 - the name in the address
    pipeline: PipelineDep,
    start: Annotated[int | None, Query(ge=0)] = None,
    end: Annotated[int | None, Query(ge=1)] = None,
    sha256: Annotated[str, Query(pattern=r"^[0-9a-f]*$", max_length=64)] = "",
) -> Response:
    """One document's text, with the characters marked that a citation points at, and the page that they stand on.

    When the document has another text by now, the cited one is shown if it is kept, and said to be superseded.
    """
    document, version = pipeline.document(id), None
    if len(sha256) >= LINK_SHA256_DIGITS and not is_text(document, sha256):
        earlier = pipeline.version(id, sha256)
        if earlier is not None:
            version, document = earlier
    outcome, span = marking(document, start, end, sha256)
    blocks = blocks_to_show(document, span)
    view = pipeline.page_view(document, span) if span is not None and version is None else None
    return templates.TemplateResponse(
        request,
        "document.html",
        {
            "document": document,
            "source": render.source_body(document.source),
            "blocks": blocks,
            "changed": outcome is Marking.CHANGED,
            "misplaced": outcome is Marking.MISPLACED,
            "marked": span is not None,
            "version": version,
            "has_original": version is None and pipeline.has_original(id),
            "view": view,
            "marks": marks_of(view) if view else [],
        },
    )


@router.get("/documents/{id}/pages/{number}.png")
def show_page(
    id: DocumentId,  # noqa: A002 - the name in the address
    number: int,
    pipeline: PipelineDep,
    sha256: Annotated[str, Query(pattern=r"^[0-9a-f]*$", max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """A page of the PDF that a document was read from, as a picture; with `sha256`, of the file that has this one.

    404 when there is no such page or file, or another one by now; 422 when the page cannot be drawn.
    """
    name = pipeline.picture_name(id, number)
    if not name.startswith(sha256):
        raise PageNotFound("the document was read from another file since; its page is another one now.")
    # A browser may keep it, but asks each time whether it still may show it: a deleted document is gone for it too.
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, no-cache"}
    if f'"{name}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(pipeline.page_picture(id, number).png, media_type="image/png", headers=headers)
