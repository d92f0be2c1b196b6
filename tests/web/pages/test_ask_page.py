import html
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import web
from rag.app import Citewell
from rag.records import BlockKind, NoAnswerReason
from tests.support.access import EVERYTHING
from tests.support.scripted import ScriptedCitewell, make_document
from web.settings import WebSettings

WEB = Path(web.__file__).parent
MIRROR = "How big is the mirror?"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} javascript:alert(1)'


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


class TestAsking:
    def test_the_first_page_offers_questions_that_are_answered(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/").text
        assert "Ask your documents." in page
        assert page.count('<a href="/?q=') == 3
        assert f'dir="auto">{MIRROR}</a>' in page

    def test_without_documents_it_says_how_to_add_some(self, empty_client: TestClient) -> None:
        page = empty_client.get("/").text
        assert "rag ingest PATH" in page
        assert "<form" not in page

    def test_an_answer_is_marked_and_has_its_source_without_any_script(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": MIRROR}).text
        assert "The main telescope has a mirror <mark>76 centimetres</mark> across." in page
        assert 'href="#source-1"' in page
        assert '<li class="cw-source" id="source-1">' in page
        link = re.search(r'href="(/documents/observatory\?[^"]*#cited)"', page)
        assert link
        document = scripted_client.get(html.unescape(link[1])).text
        assert '<mark id="cited">The main telescope has a mirror 76 centimetres across.</mark>' in document

    def test_marked_words_beyond_the_first_plane_stay_whole(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": "What is painted on the pier?"}).text
        assert "“per aspera <mark>🔭 ad astra</mark>”" in page

    @pytest.mark.parametrize(
        ("question", "words"),
        [
            ("Who sweeps the paths?", "I did not find it in 2 documents."),
            ("???", "That leaves nothing to look for."),
        ],
    )
    def test_no_answer_is_said_in_words(self, scripted_client: TestClient, question: str, words: str) -> None:
        response = scripted_client.get("/", params={"q": question})
        assert response.status_code == 200
        assert words in response.text
        assert response.text.count('class="cw-passage"') == 3

    def test_what_is_not_found_is_not_said_to_be_missing(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": "Who sweeps the paths?"}).text
        assert "It may still be there, in other words." in page
        assert "Whoever keeps these documents can add it." in page

    def test_quotes_that_may_answer_are_shown_as_such_with_their_lead_ins_and_sources(
        self, scripted_client: TestClient
    ) -> None:
        page = scripted_client.get("/", params={"q": "How far does it see?"}).text
        assert "This may answer it." in page
        lead_in = "The main telescope has a mirror 76 centimetres across."
        assert f'<span class="cw-lead-in">{lead_in}</span> Focal length: 9.1 metres' in page
        assert page.count('class="cw-may"') == 3
        assert re.findall(r"cw-confidence cw-(\w+)\"><summary>([^<]+)<", page) == [
            ("medium", "Probably right"),
            ("low", "Possibly right"),
            ("very_low", "Probably not the answer"),
        ]
        assert 'class="cw-passage"' not in page

    def test_the_lead_in_of_an_answer_stands_in_front_of_it(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": "What should I wear?"}).text
        assert '<span class="cw-lead-in">Bring a warm coat.</span> The dome is <mark>never heated</mark>' in page

    @pytest.mark.parametrize("reason", NoAnswerReason)
    def test_every_reason_has_words_with_and_without_scripts(self, reason: NoAnswerReason) -> None:
        for name in ("static/chat/answer.js", "templates/_answer.html"):
            source = (WEB / name).read_text(encoding="utf-8")
            assert f'"reason.{reason}"' in source, name
            assert f'"reason.{reason}.more"' in source, name

    def test_a_question_that_is_too_long_is_explained(self, scripted_client: TestClient) -> None:
        response = scripted_client.get("/", params={"q": "x" * 1_001})
        assert response.status_code == 422
        assert "1,001 characters" in response.text

    def test_documents_that_disagree_are_said_to_with_their_dates(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": "How long do the tours last?"}).text
        assert page.count("The documents disagree: newest first.") == 1
        assert re.findall(r'<p class="cw-dated">([^<]*)</p>', page) == ["2026-11-02", "2024-03-05"]
        assert "disagree" not in scripted_client.get("/", params={"q": MIRROR}).text.partition("<citewell-chat")[0]
        assert "cw-dated" not in scripted_client.get("/", params={"q": MIRROR}).text

    def test_degraded_answers_say_so(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        scripted.questions.degraded = True
        assert "The index is being rebuilt" in scripted_client.get("/", params={"q": MIRROR}).text

    def test_a_hostile_question_is_only_text(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/", params={"q": HOSTILE}).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "{{7*7}}" in text_of(page)

    def test_reading_changes_nothing(self, client: TestClient, citewell: Citewell) -> None:
        document_id = citewell.documents.all(access=EVERYTHING)[0].source.id
        before = citewell.maintenance.health()
        for path in (
            "/",
            "/?q=Where+is+the+harbour%3F",
            "/documents",
            f"/documents/{document_id}",
            "/readyz",
            "/api/v1/search?q=harbour",
            "/api/v1/documents",
            f"/api/v1/documents/{document_id}/text",
        ):
            assert client.get(path).status_code == 200
        assert citewell.maintenance.health() == before


class TestDocuments:
    def test_the_list_links_to_each(self, client: TestClient, citewell: Citewell) -> None:
        page = client.get("/documents").text
        for info in citewell.documents.all(access=EVERYTHING):
            assert f'<a href="/documents/{info.source.id}" dir="auto">{html.escape(info.source.title)}</a>' in page

    def test_an_empty_list_says_how_to_fill_it(self, empty_client: TestClient) -> None:
        assert "rag ingest PATH" in empty_client.get("/documents").text

    def test_a_document_shows_exactly_its_text(self, client: TestClient, citewell: Citewell) -> None:
        for info in citewell.documents.all(access=EVERYTHING):
            document = citewell.documents.get(info.source.id, access=EVERYTHING)
            page = client.get(f"/documents/{info.source.id}").text
            shown = re.findall(r"<(\w+)[^>]*\sdata-block>(.*?)</\1>", page, re.DOTALL)
            assert [text_of(markup) for _, markup in shown] == [b.span.of(document.text) for b in document.blocks]

    def test_each_kind_of_block_has_its_element(self, scripted_client: TestClient) -> None:
        page = scripted_client.get("/documents/observatory").text
        assert '<h1 class="page-title" dir="auto" data-block>The hill observatory</h1>' in page
        assert '<h2 dir="auto" data-block>Visiting</h2>' in page
        assert '<p class="item depth-1" dir="auto" data-block>Focal length: 9.1 metres</p>' in page
        assert '<p class="row" dir="auto" data-block>Saturn\tSeptember</p>' in page
        assert "<pre data-block><code>park --azimuth 180\n  close --shutter</code></pre>" in page

    def test_a_document_with_hostile_text_is_only_text(
        self, scripted_client: TestClient, scripted: ScriptedCitewell
    ) -> None:
        scripted.documents.put(make_document("hostile", HOSTILE, [(kind, 1, HOSTILE) for kind in BlockKind]))
        for path in ("/documents/hostile", "/documents"):
            page = scripted_client.get(path).text
            assert "<script>" not in page
            assert "<img" not in page
            assert "{{7*7}}" in text_of(page)

    @pytest.mark.parametrize(
        ("location", "linked"),
        [("https://docs.example/a?b=1&c=2", True), ("javascript:alert(1)", False), ("data:text/html,x", False),
         ("/srv/files/a.md", False)],
    )  # fmt: skip
    def test_only_web_addresses_become_links(
        self, scripted_client: TestClient, scripted: ScriptedCitewell, location: str, linked: bool
    ) -> None:
        scripted.documents.put(make_document("there", "There", [(BlockKind.PARAGRAPH, 0, "Text.")], location=location))
        page = scripted_client.get("/documents/there").text
        assert (f'href="{html.escape(location)}"' in page) is linked
        assert ("/srv/files" in page) is False


class TestMarking:
    def page(self, client: TestClient, **query: str | int) -> str:
        response = client.get("/documents/observatory", params=query)
        assert response.status_code == 200, response.text
        return response.text

    def test_another_hash_marks_nothing_and_says_why(self, scripted_client: TestClient) -> None:
        page = self.page(scripted_client, start=0, end=10, sha256="0" * 12)
        assert "<mark" not in page
        assert "This document has changed since it was quoted" in page

    @pytest.mark.parametrize("sha256", ["", "e825a6"], ids=["none", "short"])
    def test_without_enough_of_the_hash_nothing_is_marked(self, scripted_client: TestClient, sha256: str) -> None:
        assert "<mark" not in self.page(scripted_client, start=0, end=10, sha256=sha256)

    @pytest.mark.parametrize(("start", "end"), [(10, 10), (10, 5), (0, 10**9), (10**30, 10**30 + 1)])
    def test_a_place_outside_the_text_marks_nothing(
        self, scripted_client: TestClient, scripted: ScriptedCitewell, start: int, end: int
    ) -> None:
        digits = scripted.documents.get("observatory", access=EVERYTHING).text_sha256[:12]
        page = self.page(scripted_client, start=start, end=end, sha256=digits)
        assert "<mark" not in page
        assert "does not point at a place" in page

    def test_a_passage_over_several_blocks_is_marked_in_each(
        self, scripted_client: TestClient, scripted: ScriptedCitewell
    ) -> None:
        document = scripted.documents.get("observatory", access=EVERYTHING)
        page = self.page(scripted_client, start=4, end=40, sha256=document.text_sha256)
        marked = re.findall(r"<mark([^>]*)>(.*?)</mark>", page)
        assert [text for _, text in marked] == ["hill observatory", "Visiting", "The dome"]
        assert [attributes for attributes, _ in marked] == [' id="cited"', "", ""]

    @pytest.mark.parametrize("query", ["start=-1&end=4", "start=a&end=4", "start=1&end=4&sha256=%3Cb%3E"])
    def test_a_broken_link_is_refused(self, scripted_client: TestClient, query: str) -> None:
        response = scripted_client.get(f"/documents/observatory?{query}", headers={"Accept": "text/html"})
        assert response.status_code == 422
        assert "<b>" not in response.text


class TestGlossary:
    def test_the_page_says_what_was_looked_for_besides(self, client: TestClient, citewell: Citewell) -> None:
        path = citewell.settings.data_dir / "glossary.csv"
        asked = {"q": "How many days of vacation does every employee have a year?"}
        assert "Also looked for" not in client.get("/", params=asked).text
        path.write_text("paid leave,vacations|holidays\nwages,pay", encoding="utf-8")
        page = client.get("/", params=asked).text
        assert '<p class="cw-small" dir="auto">Also looked for: paid leave</p>' in page
        assert "28 days of paid leave" in html.unescape(re.sub("</?mark>", "", page))
        german = client.get("/", params={**asked, "lang": "de"}).text
        assert "Auch gesucht wurde nach: paid leave" in german
        path.write_text("<b>leave</b>,vacations", encoding="utf-8")
        assert "Also looked for: &lt;b&gt;leave&lt;/b&gt;" in client.get("/", params=asked).text


class TestSteps:
    """A list of five steps, of which an answer shows three."""

    QUESTION = "How do I open the gate with the blue key?"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> WebSettings:
        return WebSettings(data_dir=tmp_path / "data", reader=False, answer_confidence=0, min_confidence=0)

    @pytest.fixture
    def citewell(self, empty_citewell: Citewell, tmp_path: Path) -> Citewell:
        steps = (
            "Unlock the gate with the blue key.",
            "Lift the bar.",
            "Turn the wheel.",
            "Push it open.",
            "Lock it again.",
        )
        lines = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
        (tmp_path / "gate.md").write_text(
            f"# The gate\n\n## Opening the gate\n\n{lines}\n\nThat is all.\n", encoding="utf-8"
        )
        empty_citewell.documents.ingest([tmp_path / "gate.md"])
        return empty_citewell

    def test_a_how_question_gets_its_steps_and_a_link_to_all_of_them(
        self, client: TestClient, citewell: Citewell
    ) -> None:
        body = client.post("/api/v1/ask", json={"question": self.QUESTION}).json()
        found = body["answer"]
        assert [sentence["text"] for sentence in found["sentences"]] == [
            "Unlock the gate with the blue key.",
            "Lift the bar.",
            "Turn the wheel.",
        ]
        steps = found["steps"]
        assert (steps["count"], steps["shown"]) == (5, 3)
        text = citewell.documents.get(steps["document"]["id"], access=EVERYTHING).text
        whole = text[steps["start"] : steps["end"]]
        assert whole.startswith("Unlock the gate")
        assert whole.endswith("Lock it again.")
        page = client.get("/", params={"q": self.QUESTION}).text
        assert f'<a href="{html.escape(steps["link"])}">The whole list: 5 steps</a>' in page
        assert client.get(steps["link"].partition("#")[0]).status_code == 200

    def test_with_room_for_all_there_is_no_link(self, client: TestClient) -> None:
        body = client.post("/api/v1/ask", json={"question": "How many keys open the gate?"}).json()
        assert body["answer"]["steps"] is None
