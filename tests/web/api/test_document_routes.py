import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from tests.support.access import EVERYTHING
from tests.support.servers import client_of
from web.settings import WebSettings

TEXT = "# Bees\n\nThe hives stand behind the mill. They are opened twice a year.\n"
MARKDOWN = {"Content-Type": "text/markdown"}


def put(client: TestClient, text: str | bytes = TEXT, address: str = "bees", **headers: str) -> tuple[int, dict]:
    response = client.put(f"/api/v1/documents/{address}", content=text, headers=MARKDOWN | headers)
    return response.status_code, response.json()


def test_put_creates_then_leaves_unchanged_then_updates(empty_client: TestClient) -> None:
    status, body = put(empty_client)
    assert (status, body["id"], body["status"]) == (201, "bees", "created")
    assert body["sentences"] == 3
    status, body = put(empty_client)
    assert (status, body["status"]) == (200, "unchanged")
    status, body = put(empty_client, TEXT + "\nThe honey is dark.\n")
    assert (status, body["status"]) == (200, "updated")


def test_what_was_put_can_be_asked_and_what_was_deleted_cannot(empty_client: TestClient) -> None:
    put(empty_client)
    found = empty_client.get("/api/v1/search", params={"q": "Where do the hives stand?"}).json()["passages"]
    assert "The hives stand behind the mill." in found[0]["text"]
    assert empty_client.delete("/api/v1/documents/bees").status_code == 204
    assert empty_client.get("/api/v1/search", params={"q": "Where do the hives stand?"}).json()["passages"] == []
    assert empty_client.get("/api/v1/documents/bees").status_code == 404
    assert empty_client.delete("/api/v1/documents/bees").status_code == 404


def test_a_created_document_says_where_it_is(empty_client: TestClient) -> None:
    response = empty_client.put("/api/v1/documents/bees", content=TEXT, headers=MARKDOWN)
    info = empty_client.get(response.headers["location"]).json()
    assert (info["id"], info["title"], info["location"]) == ("bees", "Bees", "api:bees")
    assert info["content_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()


def test_a_given_title_wins_over_the_one_in_the_document(empty_client: TestClient) -> None:
    put(empty_client, address="bees?title=Our%20bees")
    assert empty_client.get("/api/v1/documents/bees").json()["title"] == "Our bees"


def test_the_list_has_all_documents_by_title(client: TestClient, citewell: Citewell) -> None:
    listed = client.get("/api/v1/documents").json()["documents"]
    assert [entry["id"] for entry in listed] == [info.source.id for info in citewell.documents.all(access=EVERYTHING)]
    titles = [entry["title"] for entry in listed]
    assert titles == sorted(titles)


def test_of_a_file_only_the_name_is_shown(client: TestClient) -> None:
    locations = {entry["location"] for entry in client.get("/api/v1/documents").json()["documents"]}
    assert {"harbour.md", "leave.txt", "pump.html"} <= locations


def test_the_text_is_an_attachment_named_by_its_hash(client: TestClient, citewell: Citewell) -> None:
    document = citewell.documents.get(citewell.documents.all(access=EVERYTHING)[0].source.id, access=EVERYTHING)
    response = client.get(f"/api/v1/documents/{document.source.id}/text")
    assert response.content == document.text.encode()
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-disposition"] == f'attachment; filename="{document.source.id}.txt"'
    assert response.headers["etag"] == f'"{document.text_sha256}"'
    assert hashlib.sha256(response.content).hexdigest() == document.text_sha256


def test_the_text_is_saved_under_a_name_that_every_system_can_write(empty_client: TestClient) -> None:
    put(empty_client, address="CON")
    response = empty_client.get("/api/v1/documents/CON/text")
    assert response.headers["content-disposition"] == 'attachment; filename="_CON.txt"'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/documents/none"),
        ("GET", "/api/v1/documents/none/text"),
        ("DELETE", "/api/v1/documents/none"),
        ("GET", "/documents/none"),
    ],
)
def test_an_unknown_document_is_404(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.json()["title"]) == (404, "Document not found")


@pytest.mark.parametrize("name", ["a b", "ü", "x" * 65, "a%2Fb", "%00", "a%0d%0aX-Evil:1", "%2e%2e", "%2e", "..."])
def test_an_id_of_other_characters_is_refused(client: TestClient, name: str) -> None:
    status, body = put(client, address=name)
    assert status in (404, 422)
    assert status == 404 or body["errors"][0]["field"] == "id"


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "application/zip", "text/plain2", "image/svg+xml"])
def test_another_media_type_is_415(client: TestClient, kind: str) -> None:
    response = client.put("/api/v1/documents/bees", content=TEXT, headers={"Content-Type": kind})
    assert response.status_code == 415
    assert "text/markdown" in response.json()["detail"]


@pytest.mark.parametrize("content", [b"", b"   \n", b"\x00\x01\x02\x03" * 100], ids=["empty", "blank", "binary"])
def test_a_document_that_cannot_be_read_is_422(client: TestClient, content: bytes) -> None:
    status, body = put(client, content)
    assert (status, body["type"]) == (422, "urn:citewell:problem:unreadable-document")


class TestFiles:
    def test_a_file_is_stored_under_its_name_and_replaced_under_it(self, empty_client: TestClient) -> None:
        response = empty_client.put("/api/v1/files/On%20bees.md", content=TEXT)
        assert (response.status_code, response.json()["status"]) == (201, "created")
        info = empty_client.get(response.headers["location"]).json()
        assert (info["title"], info["location"], info["media_type"]) == ("Bees", "On bees.md", "text/markdown")
        again = empty_client.put("/api/v1/files/On%20bees.md", content=TEXT + "More.").json()
        assert (again["id"], again["status"]) == (info["id"], "updated")

    def test_a_file_without_a_title_of_its_own_is_titled_by_its_name(self, empty_client: TestClient) -> None:
        location = empty_client.put("/api/v1/files/bee_keeping.txt", content="Hives are opened.").headers["location"]
        assert empty_client.get(location).json()["title"] == "bee keeping"

    @pytest.mark.parametrize("name", ["bees.ogg", "bees", ".md", "%00", "..", "bees.md%20.exe"])
    def test_a_name_that_says_no_format_is_415(self, empty_client: TestClient, name: str) -> None:
        response = empty_client.put(f"/api/v1/files/{name}", content=TEXT)
        assert response.status_code in (404, 415)
        assert empty_client.get("/api/v1/documents").json()["documents"] == []

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("C%3A%5Cfiles%5Cbees.md", "bees.md"),
            ("a%0D%0Ab.md", "a b.md"),
            ("%E2%80%AEbees.md", "bees.md"),
            ("CON.md", "CON.md"),
        ],
    )
    def test_a_name_is_shown_without_what_it_may_hide(self, empty_client: TestClient, name: str, shown: str) -> None:
        location = empty_client.put(f"/api/v1/files/{name}", content=TEXT).headers["location"]
        assert empty_client.get(location).json()["location"] == shown

    def test_a_file_that_cannot_be_read_is_named(self, empty_client: TestClient) -> None:
        response = empty_client.put("/api/v1/files/bees.md", content=b"")
        assert response.status_code == 422
        assert response.json()["detail"].startswith("bees.md: the file is empty")


class TestSize:
    @pytest.fixture
    def small(self, settings: WebSettings, empty_citewell: Citewell) -> Iterator[TestClient]:
        with client_of(replace(settings, max_document_bytes=1_000), empty_citewell) as client:
            yield client

    def test_an_announced_body_over_the_limit_is_413(self, small: TestClient) -> None:
        status, body = put(small, "x" * 1_001)
        assert (status, body["status"], body["title"]) == (413, 413, "Content Too Large")
        assert "1,000 bytes" in body["detail"]

    def test_a_body_that_grows_over_the_limit_is_413(self, small: TestClient) -> None:
        def grow() -> Iterator[bytes]:
            for _ in range(50):
                yield b"x" * 100

        response = small.put("/api/v1/documents/bees", content=grow(), headers=MARKDOWN)
        assert (response.status_code, response.json()["status"]) == (413, 413)
        assert small.get("/api/v1/documents").json() == {"documents": []}

    def test_a_body_of_the_limit_is_taken(self, small: TestClient) -> None:
        text = "The hives stand behind the mill. " * 30
        assert put(small, text[:1_000])[0] == 201

    def test_a_question_has_a_limit_of_its_own(self, small: TestClient) -> None:
        response = small.post("/api/v1/ask", json={"question": "x" * 70_000})
        assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")


class TestPermission:
    def test_with_uploads_off_nothing_changes(self, settings: WebSettings, citewell: Citewell) -> None:
        before = citewell.documents.all(access=EVERYTHING)
        with client_of(replace(settings, uploads=False), citewell) as client:
            assert put(client)[0] == 403
            assert client.delete(f"/api/v1/documents/{before[0].source.id}").status_code == 403
        assert citewell.documents.all(access=EVERYTHING) == before

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            "Basic right-key-of-desk",
            "right-key-of-desk",
            "Bearer right-key-of-desk2",
        ],
    )
    def test_without_the_key_nothing_changes(
        self, settings: WebSettings, citewell: Citewell, authorization: str | None
    ) -> None:
        before = citewell.documents.all(access=EVERYTHING)
        headers = {} if authorization is None else {"Authorization": authorization}
        with client_of(replace(settings, api_key="right-key-of-desk"), citewell) as client:
            response = client.put("/api/v1/documents/bees", content=TEXT, headers=MARKDOWN | headers)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert client.delete("/api/v1/documents/x", headers=headers).status_code == 401
        assert citewell.documents.all(access=EVERYTHING) == before

    def test_with_the_key_it_is_taken(self, settings: WebSettings, empty_citewell: Citewell) -> None:
        with client_of(replace(settings, api_key="right-key-of-desk"), empty_citewell) as client:
            assert put(client, Authorization="Bearer right-key-of-desk")[0] == 201
            assert client.get("/api/v1/documents/bees").status_code == 200


class TestVersions:
    NEW = TEXT.replace("Bees", "Bees today")

    def replaced(self, client: TestClient) -> dict:
        """The document as it was listed before it was replaced."""
        assert put(client)[0] == 201
        before = client.get("/api/v1/documents/bees").json()
        assert put(client, self.NEW.encode())[1]["status"] == "updated"
        return before

    def test_earlier_texts_are_listed_and_can_be_fetched(self, empty_client: TestClient) -> None:
        before = self.replaced(empty_client)
        (version,) = empty_client.get("/api/v1/documents/bees/versions").json()["versions"]
        assert (version["sha256"], version["title"]) == (before["text_sha256"], "Bees")
        address = "/api/v1/documents/bees/text"
        assert empty_client.get(address).text.startswith("Bees today")
        earlier = empty_client.get(address, params={"sha256": version["sha256"]})
        assert earlier.text.startswith("Bees\n")
        assert earlier.headers["etag"] == f'"{version["sha256"]}"'
        assert empty_client.get(address, params={"sha256": "0" * 64}).status_code == 404

    def test_a_link_to_a_replaced_text_shows_it_marked_and_says_so(self, empty_client: TestClient) -> None:
        before = self.replaced(empty_client)
        page = empty_client.get(
            "/documents/bees", params={"start": 0, "end": 4, "sha256": before["text_sha256"][:12]}
        ).text
        assert "This text was replaced on " in page
        assert '<mark id="cited">Bees</mark>' in page
        assert "Bees today" not in page
        assert 'href="/documents/bees"' in page
        assert f"?sha256={before['text_sha256']}" in page

    def test_a_document_that_is_not_there_has_no_versions(self, empty_client: TestClient) -> None:
        assert empty_client.get("/api/v1/documents/nothing/versions").status_code == 404
