"""An assistant starts `rag mcp`, and talks to it with the SDK's client over its standard streams."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from rag.app import Citewell
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import COMMAND
from tests.support.places import ROOT
from tests.support.processes import environment
from web.settings import WebSettings


@pytest.fixture
def folder(tmp_path: Path, library: Path) -> Path:
    """A data directory as the command finds it, which is closed again."""
    settings = WebSettings(data_dir=tmp_path / "data", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(name=settings.model), create=True) as citewell:
        citewell.documents.ingest([library])
    return settings.data_dir


def started(folder: Path) -> StdioServerParameters:
    command, *arguments = COMMAND
    env = {**environment(), "CITEWELL_READER": "false", "CITEWELL_AUDIT": "on"}
    return StdioServerParameters(
        command=command, args=[*arguments, "mcp", "--data-dir", str(folder)], env=env, cwd=ROOT
    )


def test_an_assistant_finds_a_passage_opens_it_and_checks_it(folder: Path) -> None:
    async def use() -> dict[str, Any]:
        async with Client(started(folder), read_timeout_seconds=200) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            answer = (
                await client.call_tool("ask", {"question": "How long may a boat stay in the harbour?"})
            ).structured_content
            found = (await client.call_tool("search", {"query": "harbour", "limit": 3})).structured_content
            passage = found["passages"][0]
            place = {name: passage[name] for name in ("sha256", "start", "end")} | {
                "document_id": passage["document"]["id"]
            }
            opened = (await client.call_tool("open_citation", place)).structured_content
            checked = (await client.call_tool("verify", place | {"quote": passage["text"]})).structured_content
            listed = (await client.list_resources()).resources
            read: Any = await client.read_resource(f"citewell://documents/{place['document_id']}")
        return {"tools": tools, "answer": answer, "passage": passage, "opened": opened, "checked": checked} | {
            "listed": [str(resource.uri) for resource in listed],
            "text": read.contents[0].text,
        }

    used = asyncio.run(use())
    assert used["tools"] == ["ask", "search", "open_citation", "verify"]
    assert used["answer"]["status"] in ("answered", "possible", "no_answer")
    passage = used["passage"]
    assert used["opened"]["quote"] == passage["text"] == used["text"][passage["start"] : passage["end"]]
    assert used["opened"]["is_current"]
    assert used["checked"]["status"] == "match"
    assert f"citewell://documents/{passage['document']['id']}" in used["listed"]


def test_what_goes_wrong_is_told_to_the_assistant(folder: Path) -> None:
    async def use() -> list[tuple[bool, str]]:
        async with Client(started(folder), read_timeout_seconds=200, mode="legacy") as client:
            results: list[Any] = [
                await client.call_tool("ask", {"question": ""}),
                await client.call_tool("ask", {"query": "What?"}),
                await client.call_tool("open_citation", {"document_id": "none", "sha256": "", "start": 0, "end": 1}),
            ]
        return [(result.is_error, result.content[0].text) for result in results]

    empty, misspelt, missing = asyncio.run(use())
    assert (empty[0], empty[1].startswith("The question is empty.")) == (True, True)
    assert misspelt == (True, "question: Field required; query: Extra inputs are not permitted")
    assert missing == (True, "no document has the id 'none'; `rag documents` lists those there are.")
