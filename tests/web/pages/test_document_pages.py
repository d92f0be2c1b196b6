"""The page of the documents: found, added and removed, in a real browser over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Locator, Page, Route, expect

from rag.app import Citewell
from tests.support.access import EVERYTHING
from tests.support.restart import restart
from tests.support.servers import client_of, serving
from tests.support.visits import Visit
from web.settings import WebSettings

KEY = "an only too secret key"
BEES = "# Bees\n\nThe hives stand behind the mill. They are opened twice a year.\n"
HOSTILE = "<img src=x onerror=alert(1)>.md"


@pytest.fixture
def address(empty_citewell: Citewell) -> Iterator[str]:
    with serving(empty_citewell) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "bees.md").write_text(BEES, encoding="utf-8")
    (folder / HOSTILE).write_text("The gate is <b>shut</b> at night.\n", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "sound.ogg").write_bytes(b"OggS")
    return folder


def listed(client: TestClient, **query: str | int) -> list[str]:
    """The titles that the page lists."""
    lines = client.get("/documents", params=query).text.splitlines()
    return [line.split(">")[1].removesuffix("</a") for line in lines if '<a href="/documents/' in line]


def chooser_of(page: Page) -> Locator:
    """What files are chosen with, once the page shows it: only then does it take any."""
    expect(page.locator(".drop")).to_be_visible()
    return page.get_by_label("Choose files")


@pytest.mark.browser
class TestAdding:
    def test_chosen_files_are_sent_and_each_says_what_became_of_it(self, visit: Visit, files: Path) -> None:
        visit.expected = ("console error: Failed to load resource: the server responded with a status of 422",)
        page = visit.open("/documents")
        expect(page.get_by_text("There is nothing to quote from yet.", exact=False)).to_be_visible()
        chooser_of(page).set_input_files([files / n for n in ("bees.md", "empty.txt", "sound.ogg")])
        lines = page.locator(".drop-list li")
        expect(lines.nth(0)).to_have_text("bees.mdadded · 3 sentences")
        expect(lines.nth(1)).to_contain_text("empty.txt: the file is empty; a document with text was expected")
        expect(lines.nth(2)).to_contain_text("This format cannot be read.")
        page.get_by_role("link", name="Show the list as it is now").click()
        expect(page.locator(".document-list li")).to_have_count(1)
        expect(page.locator(".document-list li a")).to_have_text("Bees")

    def test_a_file_of_the_same_name_is_replaced(self, visit: Visit, files: Path, empty_citewell: Citewell) -> None:
        page = visit.open("/documents")
        chooser = chooser_of(page)
        chooser.set_input_files(files / "bees.md")
        expect(page.locator(".drop-list li")).to_contain_text("added")
        (files / "bees.md").write_text(BEES + "The honey is dark.\n", encoding="utf-8")
        chooser.set_input_files(files / "bees.md")
        expect(page.locator(".drop-list li").nth(1)).to_contain_text("replaced · 4 sentences")
        assert len(empty_citewell.documents.all(access=EVERYTHING)) == 1

    def test_a_dropped_file_is_sent_and_the_page_stays(self, visit: Visit, empty_citewell: Citewell) -> None:
        page = visit.open("/documents")
        expect(page.locator(".drop")).to_be_visible()
        transfer = page.evaluate_handle(
            """() => {
              const transfer = new DataTransfer();
              transfer.items.add(new File(["The hives stand behind the mill."], "bees.txt"));
              return transfer;
            }"""
        )
        for kind in ("dragenter", "dragover"):
            page.locator("main").dispatch_event(kind, {"dataTransfer": transfer})
        expect(page.locator(".drop-over")).to_be_visible()
        page.locator("main").dispatch_event("drop", {"dataTransfer": transfer})
        expect(page.locator(".drop-list li")).to_contain_text("added · 1 sentence")
        expect(page.locator(".drop-over")).to_have_count(0)
        assert [info.source.location for info in empty_citewell.documents.all(access=EVERYTHING)] == ["upload:bees.txt"]

    def test_a_name_is_only_text(self, visit: Visit, files: Path) -> None:
        page = visit.open("/documents")
        chooser_of(page).set_input_files(files / HOSTILE)
        expect(page.locator(".drop-list .drop-name")).to_have_text(HOSTILE)
        expect(page.locator(".drop-list li")).to_contain_text("added")
        page.reload()
        expect(page.locator(".document-facts").first).to_contain_text(HOSTILE)
        assert page.locator("img").count() == 0

    def test_a_server_that_is_gone_is_said_in_words(self, visit: Visit, files: Path) -> None:
        visit.expected = ("console error: Failed to load resource",)
        page = visit.open("/documents")
        page.route("**/api/v1/files/**", lambda route: route.abort())
        chooser_of(page).set_input_files(files / "bees.md")
        expect(page.locator(".drop-list li")).to_contain_text("The server cannot be reached")

    def test_a_file_that_failed_is_tried_again_at_a_click(self, visit: Visit, files: Path) -> None:
        visit.expected = ("console error: Failed to load resource",)
        page = visit.open("/documents")
        page.route("**/api/v1/files/**", lambda route: route.abort(), times=1)
        chooser_of(page).set_input_files(files / "bees.md")
        line = page.locator(".drop-list li")
        expect(line).to_contain_text("The server cannot be reached")
        page.get_by_role("button", name="Try bees.md again").click()
        expect(line).to_have_text("bees.mdadded · 3 sentences")

    def test_of_several_files_it_says_how_far_they_are_and_how_long_it_takes(self, visit: Visit, files: Path) -> None:
        page = visit.open("/documents")
        page.clock.install()
        held: list[Route] = []
        page.route("**/api/v1/files/**", lambda route: held.append(route))
        for number in range(4):
            (files / f"{number}.md").write_text(BEES, encoding="utf-8")
        with page.expect_request("**/api/v1/files/**"):
            chooser_of(page).set_input_files([files / f"{number}.md" for number in range(4)])
        told, bar = page.locator(".drop-progress span"), page.get_by_role("progressbar")
        expect(told).to_have_text("0 of 4 files")
        for seconds, words in [
            (100, "1 of 4 files · about 5 minutes left"),
            (20, "2 of 4 files · about 2 minutes left"),
            (0, "3 of 4 files · less than a minute left"),
        ]:
            page.clock.fast_forward(seconds * 1_000)
            with page.expect_request("**/api/v1/files/**"):
                held.pop().continue_()
            expect(told).to_have_text(words)
            assert bar.evaluate("bar => bar.value") == pytest.approx(int(words[0]) / 4)
        held.pop().continue_()
        expect(page.get_by_role("link", name="Show the list as it is now")).to_be_visible()
        expect(bar).to_have_count(0)


@pytest.mark.browser
class TestRemoving:
    def test_a_document_is_removed_at_the_second_click(self, visit: Visit, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put_file("bees.md", BEES.encode())
        page = visit.open("/documents")
        page.get_by_role("button", name="Remove Bees").click()
        assert len(empty_citewell.documents.all(access=EVERYTHING)) == 1
        page.get_by_role("button", name="Really remove Bees?").click()
        expect(page.get_by_text("Bees was removed.")).to_be_visible()
        assert empty_citewell.documents.all(access=EVERYTHING) == []

    def test_looking_elsewhere_takes_the_first_click_back(self, visit: Visit, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put_file("bees.md", BEES.encode())
        page = visit.open("/documents")
        page.get_by_role("button", name="Remove Bees").click()
        page.get_by_role("searchbox").focus()
        expect(page.get_by_role("button", name="Remove Bees", exact=True)).to_be_visible()


@pytest.mark.browser
class TestReadingAgain:
    def test_it_says_that_nothing_has_changed(self, visit: Visit, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put_file("bees.md", BEES.encode())
        page = visit.open("/documents")
        page.get_by_role("button", name="Read Bees again").click()
        expect(page.get_by_text("read again: nothing has changed")).to_be_visible()

    def test_it_says_why_it_cannot(self, visit: Visit, empty_citewell: Citewell) -> None:
        visit.expected = ("console error: Failed to load resource: the server responded with a status of 404",)
        restart(empty_citewell, keep_originals=False)
        empty_citewell.documents.put_file("bees.md", BEES.encode())
        page = visit.open("/documents")
        page.get_by_role("button", name="Read Bees again").click()
        expect(page.get_by_role("alert")).to_contain_text("is not kept")


@pytest.mark.browser
class TestKey:
    @pytest.fixture
    def address(self, empty_citewell: Citewell) -> Iterator[str]:
        restart(empty_citewell, api_key=KEY)
        with serving(empty_citewell) as port:
            yield f"http://127.0.0.1:{port}"

    def test_documents_are_added_with_the_key_only(self, visit: Visit, files: Path) -> None:
        visit.expected = ("console error: Failed to load resource: the server responded with a status of 401",)
        page = visit.open("/documents")
        chooser = chooser_of(page)
        chooser.set_input_files(files / "bees.md")
        expect(page.locator(".drop-list li").first).to_contain_text("needs the key of this service")
        page.get_by_label("Key of this service").fill(KEY)
        chooser.set_input_files(files / "bees.md")
        expect(page.locator(".drop-list li").nth(1)).to_contain_text("added")
        assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0


class TestList:
    def test_documents_are_found_by_all_words_of_title_or_file_name(self, client: TestClient) -> None:
        everything = listed(client)
        assert len(everything) == 3
        assert listed(client, q="  PUMP station ") == [title for title in everything if "Pump station" in title]
        assert listed(client, q="leave.txt") == [title for title in everything if "eave" in title]
        assert listed(client, q="pump leave") == []
        assert "0 documents with “pump leave”" in client.get("/documents", params={"q": "pump leave"}).text

    def test_a_long_list_has_pages(self, empty_client: TestClient, empty_citewell: Citewell) -> None:
        for number in range(101):
            empty_citewell.documents.put_file(f"{number:03}.txt", f"Shed {number} holds tar.".encode())
        first, second = listed(empty_client), listed(empty_client, page=2)
        assert (len(first), len(second)) == (100, 1)
        assert sorted([*first, *second]) == [f"{number:03}" for number in range(101)]
        assert listed(empty_client, page=99) == second
        assert "Page 2 of 2" in empty_client.get("/documents?page=2").text

    def test_without_uploads_nothing_can_be_sent(self, settings: WebSettings, citewell: Citewell) -> None:
        with client_of(replace(settings, uploads=False), citewell) as client:
            page = client.get("/documents").text
            assert "Choose files" not in page
            assert "documents.js" not in page
            assert client.put("/api/v1/files/bees.md", content=BEES).status_code == 403
