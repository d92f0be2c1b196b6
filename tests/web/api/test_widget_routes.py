"""Pages of other sites: which may ask, with what, and what they may not do; the frame; the files they load."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web import assets
from web.settings import WebSettings

INTRANET = "https://intranet.example"
OTHER = "https://other.example"
KEY = "the key of the service"
BY_KEY = {"Authorization": f"Bearer {KEY}"}
FROM_PAGE = {"Origin": INTRANET}
ASK: dict[str, Any] = {"json": {"question": "How big is the mirror?"}}
TOKENS = "/api/v1/widget/tokens"


@pytest.fixture
def keyed(settings: WebSettings) -> WebSettings:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return replace(settings, api_key=KEY, allowed_origins=(INTRANET, OTHER))


@pytest.fixture
def intranet(keyed: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
    """A service that two origins are named to."""
    with client_of(keyed, scripted) as client:
        yield client


def token_of(client: TestClient, **body: str) -> str:
    response = client.post(TOKENS, headers=BY_KEY, json=body)
    assert response.status_code == 200, response.text
    return response.json()["token"]


class TestTokens:
    def test_who_has_the_key_gets_one(self, intranet: TestClient, keyed: WebSettings) -> None:
        body = intranet.post(TOKENS, headers=BY_KEY, json={"origin": INTRANET}).json()
        assert body["expires_in"] == keyed.widget_token_seconds
        assert KEY not in str(body)

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY}])
    def test_others_do_not(self, intranet: TestClient, headers: dict[str, str]) -> None:
        response = intranet.post(TOKENS, headers=headers, json={})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")

    def test_a_token_gets_no_other_one(self, intranet: TestClient) -> None:
        by_token = {"Authorization": f"Bearer {token_of(intranet)}"}
        assert intranet.post(TOKENS, headers=by_token, json={}).status_code == 401

    def test_without_a_key_there_are_none(self, scripted_client: TestClient) -> None:
        response = scripted_client.post(TOKENS, headers=BY_KEY, json={})
        assert response.status_code == 403
        assert "CITEWELL_API_KEY" in response.json()["detail"]

    def test_none_is_bound_to_an_origin_that_may_not_ask(self, intranet: TestClient) -> None:
        response = intranet.post(TOKENS, headers=BY_KEY, json={"origin": "https://evil.example"})
        assert response.status_code == 422
        assert "CITEWELL_ALLOWED_ORIGINS" in response.json()["detail"]


class TestForeignPages:
    def test_with_a_token_a_listed_page_asks(self, intranet: TestClient) -> None:
        headers = FROM_PAGE | {"Authorization": f"Bearer {token_of(intranet, origin=INTRANET)}"}
        response = intranet.post("/api/v1/ask", headers=headers, **ASK)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == INTRANET
        assert "Retry-After" in response.headers["access-control-expose-headers"]
        assert intranet.get("/api/v1/suggestions", headers=headers).status_code == 200

    def test_without_one_it_is_told_so_and_can_read_it(self, intranet: TestClient) -> None:
        response = intranet.post("/api/v1/ask", headers=FROM_PAGE, **ASK)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert "/api/v1/widget/tokens" in response.json()["detail"]
        assert response.headers["access-control-allow-origin"] == INTRANET

    def test_the_token_of_another_origin_is_none(self, intranet: TestClient) -> None:
        headers = FROM_PAGE | {"Authorization": f"Bearer {token_of(intranet, origin=OTHER)}"}
        assert intranet.post("/api/v1/ask", headers=headers, **ASK).status_code == 401

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/v1/documents"),
            ("GET", "/api/v1/documents/observatory/text"),
            ("DELETE", "/api/v1/documents/observatory"),
            ("GET", "/api/v1/conversations/x"),
            ("GET", "/api/v1/unanswered"),
            ("GET", "/documents"),
            ("GET", "/"),
            ("GET", "/openapi.json"),
            ("PUT", "/api/v1/ask"),
        ],
    )
    def test_a_token_is_good_for_asking_only(self, intranet: TestClient, method: str, path: str) -> None:
        headers = FROM_PAGE | {"Authorization": f"Bearer {token_of(intranet)}"}
        response = intranet.request(method, path, headers=headers)
        assert (response.status_code, response.json()["detail"]) == (
            401,
            "A page of another site may only ask questions here.",
        )

    def test_with_the_key_it_may_what_the_key_may(self, intranet: TestClient) -> None:
        assert intranet.get("/api/v1/documents", headers=FROM_PAGE | BY_KEY).status_code == 200

    def test_a_public_widget_needs_no_token_and_may_no_more(
        self, keyed: WebSettings, scripted: ScriptedCitewell
    ) -> None:
        with client_of(replace(keyed, widget_public=True), scripted) as client:
            assert client.post("/api/v1/ask", headers=FROM_PAGE, **ASK).status_code == 200
            assert client.get("/api/v1/documents", headers=FROM_PAGE).status_code == 401

    def test_an_origin_that_is_not_named_asks_nothing_with_any_token(self, intranet: TestClient) -> None:
        headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {token_of(intranet)}"}
        response = intranet.post("/api/v1/ask", headers=headers, **ASK)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers

    def test_the_service_own_page_and_programs_need_no_token(self, intranet: TestClient) -> None:
        assert intranet.post("/api/v1/ask", **ASK).status_code == 200
        own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        assert intranet.post("/api/v1/ask", headers=own, **ASK).status_code == 200

    def test_the_service_own_origin_may_be_named_too(self, keyed: WebSettings, scripted: ScriptedCitewell) -> None:
        with client_of(replace(keyed, allowed_origins=("http://localhost",)), scripted) as client:
            assert client.get("/api/v1/documents", headers={"Origin": "http://localhost"}).status_code == 200

    def test_before_a_request_the_browser_asks_without_a_token(self, intranet: TestClient) -> None:
        asked = FROM_PAGE | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        response = intranet.options("/api/v1/ask", headers=asked)
        assert response.status_code == 200
        assert "authorization" in response.headers["access-control-allow-headers"].lower()

    def test_a_secret_that_is_damaged_is_no_500(self, intranet: TestClient, keyed: WebSettings) -> None:
        (keyed.data_dir / "widget-secret").write_bytes(b"?")
        headers = FROM_PAGE | {"Authorization": "Bearer v1.e30.AAAA"}
        assert intranet.post("/api/v1/ask", headers=headers, **ASK).status_code == 503
        assert intranet.post(TOKENS, headers=BY_KEY, json={}).status_code == 503


class TestFrame:
    def test_only_the_named_origins_may_frame_it(self, intranet: TestClient) -> None:
        response = intranet.get("/widget", params={"token": token_of(intranet)})
        assert response.status_code == 200
        assert f"frame-ancestors {INTRANET} {OTHER};" in response.headers["content-security-policy"]
        assert intranet.get("/").headers["content-security-policy"].count("frame-ancestors 'none'") == 1

    def test_without_names_none_may(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        with client_of(replace(settings, widget_public=True), scripted) as client:
            assert "frame-ancestors 'none'" in client.get("/widget").headers["content-security-policy"]

    @pytest.mark.parametrize("token", ["", "v1.e30.AAAA"])
    def test_without_a_token_it_says_so_in_the_frame(self, intranet: TestClient, token: str) -> None:
        response = intranet.get("/widget", params={"token": token}, headers={"Accept": "text/html"})
        assert response.status_code == 401
        assert "This frame needs a token" in response.text
        assert f"frame-ancestors {INTRANET}" in response.headers["content-security-policy"]

    def test_it_answers_without_scripts_and_carries_its_token_on(self, intranet: TestClient) -> None:
        token = token_of(intranet)
        page = intranet.get("/widget", params={"token": token, "theme": "dark", "q": "How big is the mirror?"}).text
        assert "<mark>76 centimetres</mark>" in page
        assert f'name="token" value="{token}"' in page
        assert 'theme="dark"' in page
        assert page.count('target="_blank" rel="noopener"') == page.count('class="cw-open"') > 0

    def test_a_question_that_cannot_be_asked_is_422(self, intranet: TestClient) -> None:
        query = {"token": token_of(intranet), "q": "x" * 5000}
        assert intranet.get("/widget", params=query).status_code == 422

    def test_what_the_address_holds_stays_text(self, keyed: WebSettings, scripted: ScriptedCitewell) -> None:
        with client_of(replace(keyed, widget_public=True), scripted) as client:
            hostile = '"><script>alert(1)</script>'
            page = client.get(
                "/widget", params={"token": hostile, "theme": hostile, "q": "mirror", "lang": hostile}
            ).text
            assert "<script>alert" not in page


class TestFiles:
    @pytest.mark.parametrize("path", ["/widget.js", "/static/citewell-chat.js", "/static/chat/citewell-chat.css"])
    def test_pages_of_other_sites_may_load_them(self, intranet: TestClient, path: str) -> None:
        response = intranet.get(path, headers=FROM_PAGE)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == INTRANET
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"
        assert intranet.get("/").headers["cross-origin-resource-policy"] == "same-origin"

    def test_they_come_compressed_to_who_takes_that(self, scripted_client: TestClient) -> None:
        packed = scripted_client.get("/static/chat/citewell-chat.css")
        plain = scripted_client.get("/static/chat/citewell-chat.css", headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content) / 3
        assert "Accept-Encoding" in packed.headers["vary"]

    def test_one_that_the_browser_has_is_not_sent_again(self, scripted_client: TestClient) -> None:
        first = scripted_client.get("/static/pages/page.css")
        again = scripted_client.get("/static/pages/page.css", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("name", ["..%2Fapp.py", "../app.py", "nothing.js", "locales", "", "%00", "/etc/passwd"])
    def test_nothing_else_is_sent(self, scripted_client: TestClient, name: str) -> None:
        assert scripted_client.get(f"/static/{name}").status_code in (404, 405)

    def test_a_file_that_changed_is_read_again(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "a.js"
        monkeypatch.setattr(assets, "_files", lambda: {"a.js": file})
        file.write_text("let a = 1;\n")
        first = assets.asset("a.js")
        file.write_text("let b = 2;\n")
        assert (first.content, assets.asset("a.js").content) == (b"let a=1;", b"let b=2;")

    def test_comments_are_left_out_and_what_is_in_quotes_stays(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        file = tmp_path / "a.js"
        monkeypatch.setattr(assets, "_files", lambda: {"a.js": file})
        file.write_text(
            '/* Of all\n * this */\n\nimport "./b.js"; // said at the end\n// and alone\nfunction f() {\n'
            '  /** Why. */\n  return "a // b /* c */" + `  ${1} // d`;\n}\n'
        )
        assert assets.asset("a.js").content.decode() == (
            'import"./b.js";function f(){return"a // b /* c */"+`  ${1} // d`;}'
        )
        assert gzip.decompress(assets.asset("a.js").compressed) == assets.asset("a.js").content

    def test_a_style_is_made_small_too(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "a.css"
        monkeypatch.setattr(assets, "_files", lambda: {"a.css": file})
        file.write_text('/* why */\n.a > .b {\n  content: "/* c */";\n  width: calc(1px + 2px);\n}\n')
        assert assets.asset("a.css").content.decode() == '.a>.b{content:"/* c */";width:calc(1px + 2px)}'
