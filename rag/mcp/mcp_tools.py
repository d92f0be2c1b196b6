"""The tools: each takes its arguments, makes one call of the library, and gives the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from pydantic import BaseModel

from rag.errors import InputError
from rag.mcp import tool_arguments as arguments
from rag.mcp import tool_results as results
from rag.mcp.caller import Caller
from rag.records import Span

_Call = Callable[[Caller, Any], types.CallToolResult]


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool, and what it does."""

    about: types.Tool
    takes: type[BaseModel]
    call: _Call
    is_question: bool  # whether it takes a place among the questions


def _ask(caller: Caller, given: arguments.AskArguments) -> types.CallToolResult:
    before = caller.citewell.conversations.retold(arguments.exchanges_of(given.history))
    reply = caller.citewell.conversations.ask(given.question, history=before, access=caller.access)
    return results.answered(reply.answer, caller.service)


def _search(caller: Caller, given: arguments.SearchArguments) -> types.CallToolResult:
    hits = caller.citewell.questions.search(given.query, given.limit, access=caller.access)
    caller.citewell.audit.searched(given.query, hits, access=caller.access)
    return results.found(hits, caller.service)


def _open_citation(caller: Caller, given: arguments.CitationPlace) -> types.CallToolResult:
    document = caller.citewell.documents.get(given.document_id, sha256=given.sha256, access=caller.access)
    if not given.start < given.end <= len(document.text):
        raise InputError(
            f"start is {given.start} and end {given.end}; expected start before end, and end at most"
            f" {len(document.text)}, the length of the text."
        )
    today = caller.citewell.documents.info(given.document_id, access=caller.access).text_sha256
    caller.citewell.audit.opened(given.document_id, what="text", sha256=document.text_sha256)
    return results.opened(document, Span(given.start, given.end), is_current=today == document.text_sha256)


def _verify(caller: Caller, given: arguments.QuotedPlace) -> types.CallToolResult:
    return results.verified(
        caller.citewell.questions.verify(
            given.document_id,
            sha256=given.sha256,
            start=given.start,
            end=given.end,
            quote=given.quote,
            access=caller.access,
        )
    )


def _tool(
    name: str, title: str, description: str, takes: type[BaseModel], call: _Call, *, is_question: bool = False
) -> McpTool:
    about = types.Tool(
        name=name,
        title=title,
        description=description,
        input_schema=takes.model_json_schema(),
        output_schema=results.OUTPUTS[name].model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )
    return McpTool(about, takes, call, is_question)


TOOLS: Mapping[str, McpTool] = {
    tool.about.name: tool
    for tool in (
        _tool(
            "ask",
            "Ask the documents",
            "Answer a question with sentences copied word for word from the organisation's documents, each with its"
            " source. Repeat the quotes unchanged and keep their numbers. When it may only be an answer, or nothing was"
            " found, the text says so: then say so too, and do not answer from elsewhere as if the documents had said"
            " it.",
            arguments.AskArguments,
            _ask,
            is_question=True,
        ),
        _tool(
            "search",
            "Search the documents",
            "Find the passages of the organisation's documents that are nearest to a question or a few words, best"
            " first. Nearest does not mean that they answer.",
            arguments.SearchArguments,
            _search,
            is_question=True,
        ),
        _tool(
            "open_citation",
            "Open a citation",
            "Show the text around a citation of `ask` or a passage of `search`: give its document id, sha256, start"
            " and end.",
            arguments.CitationPlace,
            _open_citation,
        ),
        _tool(
            "verify",
            "Check a citation",
            "Say whether a quote still stands, word for word, where a citation says.",
            arguments.QuotedPlace,
            _verify,
        ),
    )
}
