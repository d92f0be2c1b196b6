"""The server: the SDK's, with the tools, and with the documents as resources. Errors are results, never tracebacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from rag.errors import InputError, RagError
from rag.mcp import tool_results as results
from rag.mcp.caller import Caller, CallRefused
from rag.mcp.mcp_tools import TOOLS

# Documents in one answer to a request for the list.
_PAGE = 100
# Characters of a document that is given as a resource: an assistant reads less, and the whole is kept in memory.
_MAX_CHARACTERS = 1_000_000
_NOT_FOUND = -32002  # as the protocol has it for a resource that there is not

_INSTRUCTIONS = (
    "Answers from the organisation's own documents, copied word for word, each with a citation that can be checked."
    " Use `ask` for questions; quote what it gives unchanged."
)
McpContext = ServerRequestContext[Any, Any]
Given = TypeVar("Given")


def make_server(caller_of: Callable[[McpContext], Caller]) -> Server[Any]:
    """The server; `caller_of` says for each request who makes it."""
    return Server(
        "citewell",
        version=version("citewell"),
        title="Citewell",
        instructions=_INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=partial(_call_tool, caller_of),
        on_list_resources=partial(_list_resources, caller_of),
        on_list_resource_templates=_list_templates,
        on_read_resource=partial(_read_resource, caller_of),
    )


async def _list_tools(_context: McpContext, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[tool.about for tool in TOOLS.values()])


async def _call_tool(
    caller_of: Callable[[McpContext], Caller],
    context: McpContext,
    params: types.CallToolRequestParams,
) -> types.CallToolResult:
    tool = TOOLS.get(params.name)
    if tool is None:
        return results.failed(f"There is no tool {params.name[:100]!r}; expected one of {', '.join(TOOLS)}.")
    caller = caller_of(context)
    try:
        given = tool.takes.model_validate(params.arguments or {})
        call = partial(tool.call, caller, given)
        if not tool.is_question:
            return await anyio.to_thread.run_sync(call)
        async with caller.place():
            return await anyio.to_thread.run_sync(call)
    except ValidationError as error:
        return results.failed(_wrong(error))
    except RagError as error:
        return results.failed(caller.explain(error))
    except CallRefused as error:
        return results.failed(str(error))


def _wrong(error: ValidationError) -> str:
    """Each argument that is wrong, and why. What was given is not repeated."""
    places = [(".".join(str(part) for part in item["loc"]), item["msg"]) for item in error.errors()]
    return "; ".join(f"{place or 'arguments'}: {message.rstrip('.')}" for place, message in places)


async def _list_resources(
    caller_of: Callable[[McpContext], Caller],
    context: McpContext,
    params: types.PaginatedRequestParams | None,
) -> types.ListResourcesResult:
    cursor = params.cursor if params and params.cursor else "0"
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise MCPError(types.INVALID_PARAMS, f"The cursor is {cursor[:50]!r}; expected one that a list came with.")
    caller, start = caller_of(context), int(cursor)
    infos = await _in_thread(caller, partial(caller.citewell.documents.all, access=caller.access))
    listed = [
        types.Resource(
            uri=results.uri_of(info.source.id), name=info.source.title, mime_type="text/plain", size=info.characters
        )
        for info in infos[start : start + _PAGE]
    ]
    return types.ListResourcesResult(
        resources=listed, next_cursor=str(start + _PAGE) if start + _PAGE < len(infos) else None
    )


async def _list_templates(
    _context: McpContext, _params: types.PaginatedRequestParams | None
) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        uri_template=f"{results.SCHEME}{{id}}",
        name="document",
        description="The text of a document, into which citations point.",
        mime_type="text/plain",
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def _read_resource(
    caller_of: Callable[[McpContext], Caller],
    context: McpContext,
    params: types.ReadResourceRequestParams,
) -> types.ReadResourceResult:
    caller = caller_of(context)
    if not params.uri.startswith(results.SCHEME):
        raise MCPError(_NOT_FOUND, f"There is no such resource; expected one that begins with {results.SCHEME}.")
    document_id = unquote(params.uri.removeprefix(results.SCHEME))
    text = await _in_thread(caller, partial(_text_of, caller, document_id))
    contents = types.TextResourceContents(uri=params.uri, mime_type="text/plain", text=text)
    return types.ReadResourceResult(contents=[contents])


def _text_of(caller: Caller, document_id: str) -> str:
    document = caller.citewell.documents.get(document_id, access=caller.access)
    if len(document.text) > _MAX_CHARACTERS:
        raise InputError(
            f"The document has {len(document.text):,} characters; at most {_MAX_CHARACTERS:,} are given in one piece."
            " Use the tools search and open_citation."
        )
    caller.citewell.audit.opened(document_id, what="text", sha256=document.text_sha256)
    return document.text


async def _in_thread(caller: Caller, call: Callable[[], Given]) -> Given:
    """What a call gives; its errors are the protocol's."""
    try:
        return await anyio.to_thread.run_sync(call)
    except RagError as error:
        raise MCPError(_NOT_FOUND, caller.explain(error)) from error
