"""Assistants ask over HTTP: with the SDK's client in both of its ways to begin, and with bare requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from rag.access.identity import Role
from rag.app import Citewell, Scope
from tests.support import questions
from tests.support.fakes import HashEmbedder
from tests.support.people import quick_people, with_password
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of, serving, web_settings
from web.settings import WebSettings

RULES = '[[rule]]\nsource = "**"\ngroups = ["hr"]\n'
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = WebSettings(data_dir=tmp_path_factory.mktemp("mcp"), questions_per_minute=10_000)
    with serving(ScriptedCitewell(settings)) as port:
        yield port


def with_client(port: int, use: Any, *, mode: str = "auto", key: str = "any") -> Any:
    """What `use` gives for a client of the server, whose errors are those of the test."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=200) as http:
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=200) as client:
                yield client

    async def run() -> Any:
        async with connected() as client:
            return await use(client)

    return asyncio.run(run())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_answer_is_text_links_and_structured_content(port: int, mode: str) -> None:
    async def use(client: Client) -> Any:
        return await client.call_tool("ask", {"question": questions.ANSWERED})

    made = with_client(port, use, mode=mode)
    text, link = made.content
    citation = made.structured_content["citations"][0]
    assert text.text == (
        f"{questions.QUOTE} [1]\n\n[1] The hill observatory, The hill observatory > Visiting > Opening hours:"
        f" http://127.0.0.1:{port}{citation['link']}"
    )
    assert (link.uri, link.name) == ("citewell://documents/observatory", "The hill observatory")
    assert (made.structured_content["status"], citation["quote"]) == ("answered", questions.QUOTE)
    assert not made.is_error


def test_what_may_answer_and_what_was_not_found_are_said(port: int) -> None:
    async def use(client: Client) -> Any:
        return [await client.call_tool("ask", {"question": q}) for q in (questions.POSSIBLE, questions.UNKNOWN)]

    possible, unknown = with_client(port, use)
    assert possible.content[0].text.startswith("This may answer it.\n\n")
    assert [content.type for content in possible.content] == ["text", "resource_link"]
    assert unknown.content[0].text == "I did not find it in 2 documents."
    assert unknown.structured_content["reason"] == "not_found"


def test_a_follow_up_is_understood_from_its_history(port: int) -> None:
    async def use(client: Client) -> Any:
        history = [{"question": questions.ANSWERED, "quotes": [questions.QUOTE]}]
        return await client.call_tool("ask", {"question": questions.FOLLOW_UP, "history": history})

    assert with_client(port, use).structured_content["stand_alone_question"] == questions.STAND_ALONE


def test_documents_are_resources(port: int) -> None:
    async def use(client: Client) -> Any:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        read: Any = await client.read_resource("citewell://documents/observatory")
        return listed, templates, read.contents[0].text

    listed, templates, text = with_client(port, use)
    assert {str(resource.uri) for resource in listed} == {
        "citewell://documents/observatory",
        "citewell://documents/newsletter",
    }
    assert [template.uri_template for template in templates] == ["citewell://documents/{id}"]
    assert questions.QUOTE in text


@pytest.mark.parametrize("uri", ["citewell://documents/none", "file:///etc/passwd", "citewell://documents/..%2f.."])
def test_another_resource_there_is_not(port: int, uri: str) -> None:
    async def use(client: Client) -> str:
        with pytest.raises(Exception) as error:
            await client.read_resource(uri)
        return str(error.value)

    assert any(words in with_client(port, use) for words in ("document has the id", "There is no such resource"))


def call(client: TestClient, method: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    """A request as any program can make it, without the SDK."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return client.post("/mcp", json=body, headers=HEADERS | (headers or {}))


def test_a_program_without_the_sdk_can_ask(scripted_client: TestClient) -> None:
    listed = call(scripted_client, "tools/list").json()["result"]["tools"]
    assert [tool["name"] for tool in listed] == ["ask", "search", "open_citation", "verify"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in listed)
    made = call(scripted_client, "tools/call", name="ask", arguments={"question": questions.ANSWERED}).json()["result"]
    assert made["structuredContent"]["citations"][0]["quote"] == questions.QUOTE


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("ask", {"question": "  "}, "The question is empty."),
        ("ask", {}, "question: Field required"),
        ("search", {"query": "x", "limit": 1_000}, "limit: Input should be less than or equal to 50"),
        (
            "open_citation",
            {"document_id": "observatory", "sha256": "", "start": 9, "end": 9},
            "expected start before end",
        ),
        ("remove", {}, "There is no tool 'remove'; expected one of ask, search, open_citation, verify."),
    ],
)
def test_what_cannot_be_called_is_an_error_that_says_why(
    scripted_client: TestClient, name: str, arguments: dict[str, Any], words: str
) -> None:
    result = call(scripted_client, "tools/call", name=name, arguments=arguments).json()["result"]
    assert result["isError"]
    assert words in result["content"][0]["text"]


def test_questions_are_limited_as_elsewhere_and_the_assistant_is_told_to_wait(tmp_path: Path) -> None:
    settings = WebSettings(data_dir=tmp_path, questions_per_minute=1)
    with client_of(settings, ScriptedCitewell(settings)) as client:
        first, second = (
            call(client, "tools/call", name="ask", arguments={"question": questions.ANSWERED}).json()["result"]
            for _ in range(2)
        )
    assert not first.get("isError")
    assert second["isError"]
    assert "Try again in" in second["content"][0]["text"]


def test_a_key_has_the_rights_of_its_person_and_without_one_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "access.toml").write_text(RULES)
    settings = WebSettings(data_dir=tmp_path, reader=False, sign_in=("local",))
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.people = quick_people(citewell._store.people)
        citewell.documents.put("hr-rules", b"# Loans\n\nA loan lasts four weeks.", media_type="text/markdown")
        keys = {}
        for name, group in (("ida", "hr"), ("tom", "it")):
            with_password(citewell.people, name, Role.READER, groups=[group])
            keys[name] = citewell.people.keys.add(name, str(tmp_path), [Scope.READ], days=1).text
        with client_of(web_settings(citewell), citewell) as client:
            found = {
                name: call(client, "resources/list", {"Authorization": f"Bearer {key}"}).json()["result"]["resources"]
                for name, key in keys.items()
            }
            hidden = call(
                client,
                "resources/read",
                {"Authorization": f"Bearer {keys['tom']}"},
                uri="citewell://documents/hr-rules",
            )
            unknown = call(client, "tools/list")
    assert [resource["uri"] for resource in found["ida"]] == ["citewell://documents/hr-rules"]
    assert found["tom"] == []
    assert hidden.json()["error"]["message"].startswith("no document has the id 'hr-rules'")
    assert (unknown.status_code, unknown.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_sessions_to_listen_in_or_to_end(scripted_client: TestClient, method: str) -> None:
    assert scripted_client.request(method, "/mcp", headers=HEADERS).status_code == 405


def test_another_sites_page_cannot_call(scripted_client: TestClient) -> None:
    assert call(scripted_client, "tools/list", {"Origin": "https://evil.example"}).status_code == 403
