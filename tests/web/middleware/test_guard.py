import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import web
from rag.errors import InvalidSetting
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of, read_until, serving
from web.app import create_app
from web.auth import check_exposure
from web.settings import WebSettings
from web.signin.service_key import key_matches

WEB = Path(web.__file__).parent
ASK: dict[str, Any] = {"json": {"question": "How big is the mirror?"}}
INTRANET = "https://intranet.example"


@pytest.fixture
def shared_client(settings: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
    """A service whose API the pages of one other origin may call."""
    with client_of(replace(settings, allowed_origins=(INTRANET,), widget_public=True), scripted) as client:
        yield client


class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/", 200),
            ("GET", "/?q=How+big+is+the+mirror%3F", 200),
            ("GET", "/documents/observatory", 200),
            ("GET", "/static/citewell-chat.js", 200),
            ("GET", "/api/v1/documents/observatory/text", 200),
            ("GET", "/documents/observatory/pages/x.png", 422),
            ("GET", "/openapi.json", 200),
            ("GET", "/nowhere", 404),
            ("GET", "/api/v1/ask", 405),
            ("PUT", "/api/v1/documents/a", 415),
            ("GET", "/api/v1/search", 422),
            ("GET", "/?q=fail", 500),
        ],
    )
    def test_every_response_has_them(
        self, scripted_client: TestClient, scripted: ScriptedCitewell, method: str, path: str, status: int
    ) -> None:
        scripted.questions.failure = RuntimeError("broken") if status == 500 else None
        response = scripted_client.request(method, path)
        assert response.status_code == status
        policy = dict(rule.partition(" ")[::2] for rule in response.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["form-action"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"

    def test_only_static_files_may_be_kept(self, scripted_client: TestClient) -> None:
        assert scripted_client.get("/").headers["cache-control"] == "no-store"
        assert scripted_client.get("/static/pages/page.css").headers["cache-control"] == "no-cache"

    def test_a_refused_request_has_them_too(self, scripted_client: TestClient) -> None:
        response = scripted_client.get("/", headers={"Host": "evil.example"})
        assert response.status_code == 421
        assert "content-security-policy" in response.headers


class TestHost:
    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8000"]
    )
    def test_this_machine_is_answered(self, scripted_client: TestClient, host: str) -> None:
        assert scripted_client.get("/healthz", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "localhost.evil.example", "evil.example:80", "127.0.0.1.example", "", "localhost:x", "[::1"],
    )
    def test_another_host_is_not(self, scripted_client: TestClient, host: str) -> None:
        response = scripted_client.get("/healthz", headers={"Host": host})
        assert (response.status_code, response.headers["content-type"]) == (421, "application/problem+json")
        assert "CITEWELL_ALLOWED_HOSTS" in response.json()["detail"]

    def test_named_hosts_and_the_bound_address_are_answered(
        self, settings: WebSettings, scripted: ScriptedCitewell
    ) -> None:
        open_to = replace(
            settings, host="10.1.2.3", api_key="right-key-of-desk", allowed_hosts=("Docs.Example", "fd00::7")
        )
        with client_of(open_to, scripted) as client:
            for host in ("10.1.2.3:8000", "docs.example", "[fd00::7]:8000"):
                assert client.get("/healthz", headers={"Host": host}).status_code == 200
            assert client.get("/healthz", headers={"Host": "sub.docs.example"}).status_code == 421


class TestOrigins:
    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", f"{INTRANET}.evil.example", "http://intranet.example", "*"]
    )
    def test_an_unlisted_origin_may_not_read(self, shared_client: TestClient, origin: str) -> None:
        response = shared_client.get("/api/v1/documents", headers={"Origin": origin})
        assert "access-control-allow-origin" not in response.headers
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert "access-control-allow-origin" not in shared_client.options("/api/v1/ask", headers=asked).headers

    def test_a_listed_origin_may_read_without_credentials(self, shared_client: TestClient) -> None:
        response = shared_client.post("/api/v1/ask", headers={"Origin": INTRANET}, **ASK)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == INTRANET
        assert "access-control-allow-credentials" not in response.headers
        assert "Origin" in response.headers["vary"]

    def test_without_a_list_no_origin_may_read(self, scripted_client: TestClient) -> None:
        response = scripted_client.get("/api/v1/documents", headers={"Origin": INTRANET})
        assert not [name for name in response.headers if name.startswith("access-control")]


class TestCrossSite:
    FOREIGN = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    )

    @pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: "-".join(headers.values()))
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/api/v1/documents/a"),
            ("DELETE", "/api/v1/documents/observatory"),
            ("POST", "/api/v1/feedback"),
            ("POST", "/api/v1/ask"),
        ],
    )
    def test_a_page_of_another_site_cannot_change_anything(
        self, scripted_client: TestClient, method: str, path: str, headers: dict[str, str]
    ) -> None:
        response = scripted_client.request(method, path, headers=headers, json={"id": "a", "relevance": "relevant"})
        assert (response.status_code, response.headers["content-type"]) == (403, "application/problem+json")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
            {"Origin": "https://localhost"},
            {"Sec-Fetch-Site": "none"},
        ],
        ids=["program", "own-page", "own-page-behind-tls", "typed"],
    )
    def test_an_own_page_and_a_program_may(self, scripted_client: TestClient, headers: dict[str, str]) -> None:
        given = {"id": "a", "relevance": "relevant"}
        assert scripted_client.post("/api/v1/feedback", headers=headers, json=given).status_code == 204

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    @pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/verify", "/api/v1/feedback"])
    def test_what_a_form_can_send_is_415(self, scripted_client: TestClient, path: str, kind: str) -> None:
        body = b'{"id": "a", "relevance": "relevant", "question": "Why?"}'
        response = scripted_client.post(path, content=body, headers={"Content-Type": kind})
        assert (response.status_code, response.headers["content-type"]) == (415, "application/problem+json")


LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class TestHiddenVisits:
    @pytest.mark.parametrize(
        "other",
        [
            {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
            {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
            {"Sec-Fetch-Mode": "cors", "Origin": "https://evil.example"},
            {"Sec-Fetch-Dest": "iframe"},
        ],
        ids=["fetch", "picture", "cors", "frame"],
    )
    @pytest.mark.parametrize("path", ["/?q=mirror", "/api/v1/search?q=mirror", "/documents"])
    def test_do_not_ask_in_the_name_of_the_visitor(
        self, scripted_client: TestClient, scripted: ScriptedCitewell, path: str, other: dict[str, str]
    ) -> None:
        assert scripted_client.get(path, headers=LINK | other).status_code == 403
        assert scripted.insights.noted == []

    def test_a_link_may_be_followed(self, scripted_client: TestClient) -> None:
        assert scripted_client.get("/?q=mirror", headers=LINK).status_code == 200

    def test_a_listed_page_may_ask_and_any_page_loads_files(self, shared_client: TestClient) -> None:
        listed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": INTRANET}
        assert shared_client.get("/api/v1/search?q=mirror", headers=listed).status_code == 200
        script = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
        assert shared_client.get("/widget.js", headers=script).status_code == 200


class TestHeads:
    @pytest.mark.parametrize("path", ["/", "/documents", "/documents/observatory", "/api/v1/documents", "/healthz"])
    def test_are_answered_like_the_whole_without_a_body(self, scripted_client: TestClient, path: str) -> None:
        head, whole = scripted_client.head(path), scripted_client.get(path)
        assert (head.status_code, head.headers["content-type"]) == (200, whole.headers["content-type"])
        assert (head.content, whole.content != b"") == (b"", True)

    @pytest.mark.parametrize(
        "headers", [[("x", "a" * 40_000)], [(f"x-{n}", "a") for n in range(101)]], ids=["long", "many"]
    )
    def test_of_requests_that_are_too_large_are_refused(
        self, scripted_client: TestClient, headers: list[tuple[str, str]]
    ) -> None:
        response = scripted_client.get("/healthz", headers=headers)
        assert (response.status_code, response.headers["connection"]) == (431, "close")


def test_a_length_said_in_two_ways_is_refused_and_the_connection_closed(scripted: ScriptedCitewell) -> None:
    """What stands behind such a request could be another's, smuggled past a server in front."""
    smuggled = (
        b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    with serving(scripted) as port, socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(smuggled)
        received = read_until(connection, b"alive")
    assert received.startswith(b"HTTP/1.1 400")
    assert b"alive" not in received


class TestExposure:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "docs.example", ""])  # noqa: S104 - refused
    def test_a_wider_address_needs_a_key_or_uploads_off(self, settings: WebSettings, host: str) -> None:
        wide = replace(settings, host=host)
        with pytest.raises(InvalidSetting, match="CITEWELL_API_KEY"):
            create_app(wide)
        check_exposure(replace(wide, api_key="secret"))
        check_exposure(replace(wide, uploads=False))

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
    def test_this_machine_needs_neither(self, settings: WebSettings, host: str) -> None:
        check_exposure(replace(settings, host=host))


@pytest.mark.parametrize(
    ("authorization", "matches"),
    [("Bearer kéy", True), ("bearer kéy", True), ("Bearer ké", False), ("kéy", False), ("", False)],
)
def test_a_key_matches_as_a_whole(authorization: str, matches: bool) -> None:
    assert key_matches(authorization, "kéy") is matches


FORBIDDEN = (
    r"\|\s*safe\b", r"Markup\(", r"autoescape\s+false", r"innerHTML", r"outerHTML", r"insertAdjacentHTML",
    r"document\.write", r"\beval\(", r"new Function", r"\son[a-z]+\s*=\s*[\"']", r"\sstyle\s*=", r"javascript:",
    r"<style", r"<script(?![^>]*\ssrc=)", r"https?://(?!www\.w3\.org/)",
)  # fmt: skip


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_nothing_in_the_web_folder_can_turn_text_into_markup_or_leave_the_machine(pattern: str) -> None:
    sources = [path for path in WEB.rglob("*") if path.suffix in (".html", ".js", ".css", ".svg")]
    assert len(sources) > 8
    found = {path.name: re.findall(pattern, path.read_text(encoding="utf-8")) for path in sources}
    assert not {name: hits for name, hits in found.items() if hits}
    if pattern == r"Markup\(":
        assert not [path for path in WEB.glob("*.py") if "Markup(" in path.read_text(encoding="utf-8")]
