"""The page in a real browser, over a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from rag.records import BlockKind
from tests.support.scripted import ScriptedCitewell, make_document
from tests.support.servers import serving
from tests.support.visits import Visit
from web.settings import WebSettings

pytestmark = pytest.mark.browser

DOME = "When is the dome open to visitors?"
POSSIBLE = "How far does it see?"
LEAD_IN = "The main telescope has a mirror 76 centimetres across."
WEAR = "What should I wear?"
COLD = "The dome is never heated, because warm air blurs the image."
MIRROR = "How big is the mirror?"
TOURS = "How long do the tours last?"
HOSTILE = "\"'><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ScriptedCitewell:
    return ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("data"), questions_per_minute=10_000))


@pytest.fixture(scope="module")
def address(library: ScriptedCitewell) -> Iterator[str]:
    with serving(library) as port:
        yield f"http://127.0.0.1:{port}"


def with_options(**options: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("options", [options], ids=[""])


def focused_text(page: Page) -> str:
    """The text of what has the focus, inside the component too."""
    return page.evaluate(
        """() => {
          let at = document.activeElement;
          while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
          return at.textContent;
        }"""
    )


class TestAsking:
    def test_enter_asks_and_the_answer_is_marked(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        sentence = page.locator(".cw-sentence").first
        expect(sentence).to_have_text("The dome opens to visitors on the first Friday of each month.1")
        expect(sentence.locator("mark")).to_have_text("the first Friday of each month")
        expect(page.locator(".cw-confidence summary")).to_have_text("Very likely right")
        said = page.get_by_role("status").filter(has_text="Answer")
        expect(said).to_contain_text("Answer: The dome opens to visitors")
        assert page.get_by_text("Ask your documents.").is_hidden()

    def test_shift_enter_makes_a_new_line_and_asks_nothing(self, visit: Visit) -> None:
        page = visit.open()
        box = visit.box()
        box.fill("one")
        box.press("Shift+Enter")
        box.type("two")
        assert box.input_value() == "one\ntwo"
        assert page.locator(".cw-answer").count() == 0

    def test_what_was_typed_before_the_component_came_is_kept(self, visit: Visit) -> None:
        held: list[Route] = []
        page = visit.page
        page.route("**/citewell-chat.js", lambda route: held.append(route))
        page.goto(visit.address, wait_until="commit")
        page.get_by_role("textbox", name="Your question").type("How big")
        held[0].continue_()
        page.locator("citewell-chat:defined").wait_for()
        box = page.get_by_role("textbox", name="Your question")
        expect(box).to_have_value("How big")
        expect(box).to_be_focused()

    def test_marked_words_beyond_the_first_plane_stay_whole(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask("What is painted on the pier?")
        expect(page.locator(".cw-sentence mark")).to_have_text("🔭 ad astra")

    def test_a_suggestion_asks_itself(self, visit: Visit) -> None:
        page = visit.open()
        page.get_by_role("link", name=MIRROR).click()
        expect(page.locator(".cw-sentence")).to_contain_text("76 centimetres")
        expect(page.locator(".cw-question")).to_have_text(MIRROR)

    def test_the_address_and_the_back_button_keep_up(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(MIRROR)
        expect(page).to_have_url(re.compile(r".*/c/[\w-]{22}$"))
        page.reload()
        expect(page.locator(".cw-sentence").first).to_contain_text("76 centimetres")
        page.go_back()
        expect(page.get_by_text("Ask your documents.")).to_be_visible()

    def test_no_answer_says_why_and_shows_the_nearest(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask("Who sweeps the paths?")
        expect(page.get_by_text("I did not find it in 2 documents.", exact=True)).to_be_visible()
        assert page.locator(".cw-passage:visible").count() == 3
        expect(page.get_by_role("link", name=MIRROR)).to_be_visible()
        page.locator(".cw-passage a").first.click()
        expect(page.locator("#cited")).to_contain_text("The dome opens to visitors")

    def test_quotes_that_may_answer_are_shown_as_such(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(POSSIBLE)
        expect(page.locator(".cw-column .cw-none")).to_have_text("This may answer it.")
        rows = page.locator(".cw-may")
        expect(rows).to_have_count(3)
        expect(rows.first.locator(".cw-sentence")).to_have_text(f"{LEAD_IN} Focal length: 9.1 metres 1")
        labels = ["Probably right", "Possibly right", "Probably not the answer"]
        expect(rows.locator(".cw-confidence summary")).to_have_text(labels)
        expect(page.get_by_role("status").filter(has_text="This may answer it.")).to_contain_text(LEAD_IN)
        expect(page.locator(".cw-suggestions:visible")).to_have_count(0)
        rows.nth(1).get_by_role("button", name="Source 2").click()
        expect(page.get_by_role("dialog", name="Source 2")).to_contain_text("Saturn")

    def test_the_page_is_the_same_without_scripts(self, visit: Visit, browser: Browser) -> None:
        """The server and the component draw an answer from the same body."""
        for question in (DOME, POSSIBLE, WEAR, "Who sweeps the paths?"):
            page = visit.open(f"/?q={question}")
            page.locator(".cw-column .cw-answer").wait_for()
            plain = browser.new_context(java_script_enabled=False).new_page()
            plain.goto(page.url)
            for part in (
                ".cw-sentence",
                ".cw-none",
                ".cw-answer .cw-lead",
                ".cw-answer .cw-where",
                ".cw-answer .cw-small",
            ):
                drawn, written = (
                    [" ".join(text.split()) for text in one.locator(part).filter(visible=True).all_inner_texts()]
                    for one in (page, plain)
                )
                assert drawn == written, (question, part)
            plain.context.close()


class TestCitations:
    def test_a_chip_opens_the_panel_and_escape_gives_the_focus_back(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        chip = page.locator(".cw-chip").first
        chip.press("Enter")
        panel = page.get_by_role("dialog", name="Source 1")
        expect(panel.locator("mark")).to_have_text("The dome opens to visitors on the first Friday of each month.")
        expect(panel).to_contain_text("Guided tours begin at half past eight")
        expect(panel).to_contain_text("Also stated in Spring newsletter")
        expect(chip).to_have_attribute("aria-expanded", "true")
        assert focused_text(page) == "Source 1 of 2"
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(chip).to_have_attribute("aria-expanded", "false")
        assert focused_text(page) == "1"

    def test_the_link_opens_the_document_at_the_marked_sentence(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(MIRROR)
        page.locator(".cw-source-button").click()
        page.get_by_role("link", name="Read it in the document").click()
        cited = page.locator("#cited")
        expect(cited).to_have_text("The main telescope has a mirror 76 centimetres across.")
        expect(cited).to_be_in_viewport()
        assert page.locator("mark").count() == 1

    def test_a_changed_document_marks_nothing_and_says_so(self, visit: Visit) -> None:
        page = visit.open("/documents/observatory?start=0&end=9&sha256=000000000000#cited")
        expect(page.get_by_role("status")).to_have_text(
            "This document has changed since it was quoted, so nothing is marked."
        )
        assert page.locator("mark").count() == 0

    def test_copying_takes_the_sources_along(self, visit: Visit) -> None:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.open()
        page = visit.ask(MIRROR)
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        quote = "The main telescope has a mirror 76 centimetres across."
        assert copied.startswith(
            f"{quote} [1]\n\n[1] “{quote}” The hill observatory, Visiting / Opening hours\n{visit.address}/documents/"
        )

    @pytest.mark.parametrize(
        ("question", "copied"),
        [
            pytest.param(
                WEAR, f"Bring a warm coat. {COLD} [1]\n\n[1] “Bring a warm coat.” “{COLD}” The hill", id="answer"
            ),
            pytest.param(
                POSSIBLE, f"This may answer it.\n\n[1] “{LEAD_IN}” “Focal length: 9.1 metres” The hill", id="possible"
            ),
        ],
    )
    def test_copying_takes_the_lead_in_along(self, visit: Visit, question: str, copied: str) -> None:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.open()
        page = visit.ask(question)
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").startswith(copied)

    def test_other_places_with_the_same_sentence_are_named(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        place = visit.last_turn().locator(".cw-also").get_by_role("link").first
        expect(place).to_contain_text("Spring newsletter")
        place.click()
        expect(page.locator("mark").first).to_have_text("The dome opens to visitors on the first Friday of each month.")

    def test_the_confidence_explains_itself(self, visit: Visit) -> None:
        visit.open()
        visit.ask(DOME)
        words = visit.last_turn().locator(".cw-confidence p")
        expect(words).to_be_hidden()
        visit.last_turn().get_by_text("Very likely right").click()
        expect(words).to_contain_text("93")

    def test_a_thumb_is_sent(self, visit: Visit, library: ScriptedCitewell) -> None:
        visit.open()
        page = visit.ask(MIRROR)
        page.get_by_role("button", name="This did not help").click()
        expect(page.locator(".cw-comment")).to_contain_text("Thank you.")
        assert library.store.feedback[-1][1] == "not_relevant"


class TestTrouble:
    @pytest.mark.parametrize(
        ("status", "headers", "words"),
        [
            (429, {"Retry-After": "12"}, "Too many questions at once. Try again in 12 seconds."),
            (503, {}, "The service is resting."),
        ],
    )
    def test_a_refusal_is_said_in_words_and_can_be_tried_again(
        self, visit: Visit, status: int, headers: dict[str, str], words: str
    ) -> None:
        visit.expected = (f"console error: Failed to load resource: the server responded with a status of {status}",)
        visit.open()
        refusal = {"status": status, "detail": "The service is resting."}
        visit.page.route("**/api/v1/ask", lambda route: route.fulfill(status=status, headers=headers, json=refusal))
        page = visit.ask(MIRROR)
        expect(page.locator(".cw-complaint")).to_contain_text(words)
        page.unroute("**/api/v1/ask")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".cw-sentence")).to_contain_text("76 centimetres")

    def test_an_answer_from_something_else_than_the_service_is_said_in_words(self, visit: Visit) -> None:
        visit.expected = ("console error: Failed to load resource",)
        visit.open()
        visit.page.route("**/api/v1/ask", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        page = visit.ask(MIRROR)
        expect(page.locator(".cw-complaint")).to_contain_text("The server cannot answer right now.")

    def test_a_question_stops_the_one_before(self, visit: Visit) -> None:
        held: list[Route] = []

        def hold_the_first(route: Route) -> None:
            if DOME in (route.request.post_data or ""):
                held.append(route)
            else:
                route.continue_()

        page = visit.open()
        page.route("**/api/v1/ask", hold_the_first)
        visit.box().fill(DOME)
        page.keyboard.press("Enter")
        page.locator(".cw-looking").wait_for(state="attached")
        visit.ask(MIRROR)
        held[0].continue_()
        page.wait_for_timeout(300)
        expect(page.locator(".cw-sentence")).to_contain_text("76 centimetres")
        expect(page.locator(".cw-turn").first).to_contain_text("Stopped before the answer was complete.")


class TestWithoutScripts:
    @with_options(java_script_enabled=False)
    @pytest.mark.parametrize("path", ["/", "/documents", "/documents/observatory"])
    def test_no_button_is_shown_that_does_nothing(self, visit: Visit, path: str) -> None:
        page = visit.open(path)
        shown = [button.inner_text() for button in page.locator("button:visible").all()]
        assert set(shown) <= {"Ask", "Find"}

    @with_options(java_script_enabled=False)
    def test_the_form_answers_and_the_source_opens(self, visit: Visit) -> None:
        page = visit.open()
        page.get_by_role("textbox", name="Your question").fill(DOME)
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".cw-sentence").first.locator("mark")).to_have_text("the first Friday of each month")
        page.get_by_role("link", name="Source 1").click()
        assert page.url.endswith("#source-1")
        page.get_by_role("link", name="Read it in the document").first.click()
        expect(page.locator("#cited")).to_have_text("The dome opens to visitors on the first Friday of each month.")

    @pytest.mark.parametrize("question", [DOME, MIRROR, TOURS, "Who sweeps the paths?", "Is it nice?", "???"])
    def test_both_ways_show_the_same_words(self, visit: Visit, question: str) -> None:
        """The server's answer stays in the page below the component's, so that the two can be compared."""
        page = visit.open()
        page.goto(f"{visit.address}/?q={question.replace('?', '%3F')}")
        page.locator(".cw-column .cw-answer > *").first.wait_for()
        drawn, sent = page.evaluate(
            """() => {
              const host = document.querySelector("citewell-chat");
              const parts = ".cw-question, .cw-sentence, .cw-confidence, .cw-label, .cw-source-title, .cw-where,"
                + " .cw-also, .cw-none, .cw-lead, .cw-passage-text, .cw-disagreement, .cw-dated";
              return [host.shadowRoot, host].map((root) =>
                [...root.querySelectorAll(".cw-turn")].flatMap((answer) =>
                  [...answer.querySelectorAll(parts)].map((part) =>
                    [part.className, part.textContent.trim()])));
            }"""
        )
        assert drawn == sent
        assert len(drawn) > 1


class TestLook:
    @with_options(color_scheme="dark")
    def test_dark_mode_is_dark(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        luminance = "(part) => Number(getComputedStyle(part)[arguments[0]].match(/\\d+/)[0])"
        assert page.locator("html").evaluate(luminance.replace("arguments[0]", "'backgroundColor'")) < 50
        assert page.locator(".cw-sentence").first.evaluate(luminance.replace("arguments[0]", "'color'")) > 200

    @with_options(viewport=PHONE)
    @pytest.mark.parametrize("path", ["/", "/documents", "/documents/observatory", "/nowhere"])
    def test_a_phone_needs_no_sideways_scrolling(self, visit: Visit, path: str) -> None:
        visit.expected = ("console error: Failed to load resource",) if path == "/nowhere" else ()
        page = visit.open(path)
        if path == "/":
            visit.ask(DOME)
            page.locator(".cw-chip").first.click()
            expect(page.get_by_role("dialog")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    @with_options(viewport=PHONE)
    def test_long_words_do_not_push_the_page_wide(self, visit: Visit, library: ScriptedCitewell) -> None:
        library.documents.put(make_document("long", "x" * 300, [(kind, 1, "y" * 500) for kind in BlockKind]))
        try:
            for path in ("/documents/long", "/documents", "/?q=" + "z" * 400):
                page = visit.open(path)
                assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        finally:
            del library.documents.library["long"]

    @with_options(reduced_motion="reduce")
    def test_nothing_moves_for_those_who_ask_for_it(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        assert page.locator(".cw-sentence mark").evaluate("(mark) => getComputedStyle(mark).animationName") == "none"

    def test_the_focus_can_be_seen(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        page.keyboard.press("Shift+Tab")
        source = page.locator(".cw-source-button").last
        expect(source).to_be_focused()
        assert source.evaluate("(source) => getComputedStyle(source).outlineStyle") == "solid"

    def test_print_leaves_out_the_buttons(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        page.emulate_media(media="print")
        expect(page.locator(".cw-form").last).to_be_hidden()
        expect(page.locator(".cw-sentence").first).to_be_visible()

    @pytest.mark.parametrize("options", [{"color_scheme": "dark"}], ids=["dark"])
    def test_print_is_dark_on_light_in_every_theme(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(DOME)
        page.emulate_media(media="print")
        colour = page.locator(".cw-sentence").first.evaluate("(one) => getComputedStyle(one).color")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 64


class TestHostileText:
    """Each visit fails by itself on a dialog, a console error or a request to another host."""

    def test_a_question_is_only_text(self, visit: Visit) -> None:
        visit.open()
        page = visit.ask(HOSTILE)
        expect(page.locator(".cw-question")).to_have_text(HOSTILE)
        page.reload()
        expect(page.locator(".cw-column .cw-none")).to_have_text("I did not find it in 2 documents.")

    def test_a_document_is_only_text(self, visit: Visit, library: ScriptedCitewell) -> None:
        library.documents.put(make_document("hostile", HOSTILE, [(kind, 1, HOSTILE) for kind in BlockKind]))
        try:
            page = visit.open("/documents/hostile")
            expect(page.locator("[data-block]").nth(1)).to_have_text(HOSTILE)
            visit.open("/documents")
            visit.open()
            page = visit.ask("What is there?")
            visit.open("/?q=What+is+there%3F")
            page.wait_for_load_state("networkidle")
        finally:
            del library.documents.library["hostile"]

    def test_every_field_of_an_answer_is_only_text(self, visit: Visit) -> None:
        def poison(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: value[key] if key in ("status", "label") else poison(value[key]) for key in value}
            if isinstance(value, list):
                return [poison(item) for item in value]
            return HOSTILE if isinstance(value, str) else value

        def fulfil(route: Route) -> None:
            answer = poison(route.fetch(headers=route.request.headers | {"accept": "application/json"}).json())
            answer["citations"][0]["link"] = "javascript:alert(1)"
            answer["citations"][0]["also_in"][0]["link"] = "data:text/html,<script>alert(1)</script>"
            route.fulfill(json=answer)

        visit.open()
        visit.page.route("**/api/v1/ask", fulfil)
        page = visit.ask(DOME)
        page.locator(".cw-chip").first.click()
        expect(page.locator(".cw-panel mark")).to_have_text(HOSTILE)
        schemes = page.locator("citewell-chat a:visible").evaluate_all("(all) => all.map((one) => one.protocol)")
        assert set(schemes) <= {"http:"}
        assert page.locator(".cw-panel :is(script, img)").count() == 0

    def test_the_policy_stops_what_gets_through_anyway(self, visit: Visit) -> None:
        """A script that was put into the page does not run: the last line holds by itself."""
        visit.expected = ("console error", "error: ")
        page = visit.open()
        stopped = page.evaluate(
            """() => {
              try { document.body.innerHTML += "<img src=x onerror=alert(1)>"; return false; }
              catch (error) { return error instanceof TypeError; }
            }"""
        )
        assert stopped


def test_the_component_asks_the_service_that_it_came_from(visit: Visit, address: str) -> None:
    """A page of another path, with nothing but the element and its script, is enough."""
    responses: list[Response] = []
    visit.page.on("response", lambda response: responses.append(response))
    visit.page.route(
        "**/elsewhere/page",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<citewell-chat></citewell-chat><script type=module src={address}/static/citewell-chat.js></script>",
        ),
    )
    visit.open("/elsewhere/page")
    page = visit.ask(MIRROR)
    expect(page.locator(".cw-sentence")).to_contain_text("76 centimetres")
    assert page.url.endswith("/elsewhere/page")
    assert {urlsplit(r.url).path for r in responses} >= {"/api/v1/ask", "/static/chat/citewell-chat.css"}
