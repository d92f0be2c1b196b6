"""WCAG 2.2: axe finds nothing on any page or state, light and dark; nothing jumps; 400% zoom; speech; keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rag.app import Citewell
from tests.support.access import EVERYTHING
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from tests.support.visits import Visit, box_of
from web.settings import WebSettings

pytestmark = pytest.mark.browser

DOME = "When is the dome open to visitors?"
MIRROR = "How big is the mirror?"
TOURS = "How long do the tours last?"
THEMES = pytest.mark.parametrize(
    "options", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"]
)
# A window of 1280 by 1024 pixels at 400%.
ZOOMED = {"width": 320, "height": 256}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = WebSettings(data_dir=tmp_path_factory.mktemp("data"), questions_per_minute=10_000)
    with serving(ScriptedCitewell(settings)) as port:
        yield f"http://127.0.0.1:{port}"


def ask(visit: Visit, *questions: str) -> None:
    for question in questions:
        visit.ask(question)


def open_panel(visit: Visit) -> None:
    ask(visit, DOME)
    visit.page.locator(".cw-chip").first.click()
    visit.page.get_by_role("dialog", name="Source 1").wait_for()


def point_at_chip(visit: Visit) -> None:
    ask(visit, DOME)
    visit.page.locator(".cw-chip").first.hover()
    visit.page.get_by_role("tooltip").wait_for()


def open_menu(visit: Visit) -> None:
    ask(visit, MIRROR)
    visit.page.get_by_role("button", name="More ways to copy").click()


def comment(visit: Visit) -> None:
    ask(visit, MIRROR)
    visit.page.get_by_role("button", name="This did not help").click()
    visit.page.get_by_role("textbox", name="What was wrong").wait_for()


def correct(visit: Visit) -> None:
    ask(visit, MIRROR, "How wide is it?")
    visit.page.get_by_role("button", name="Correct").click()


def list_talks(visit: Visit) -> None:
    ask(visit, MIRROR)
    visit.page.get_by_role("button", name="Conversations").click()


def list_keys(visit: Visit) -> None:
    visit.page.locator(".keys-button").click()
    visit.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()


def refuse(visit: Visit) -> None:
    visit.expected = ("console error: Failed to load resource",)
    problem = {"status": 503, "detail": "The service is resting."}
    visit.page.route("**/api/v1/ask", lambda route: route.fulfill(status=503, json=problem))
    ask(visit, MIRROR)


def wait(visit: Visit) -> None:
    visit.page.route("**/api/v1/ask", lambda _: None)  # never answered
    visit.box().fill(MIRROR)
    visit.box().press("Enter")
    visit.page.locator(".cw-looking").wait_for()


STATES = {
    "home": ("/", None),
    "an answer": ("/", lambda visit: ask(visit, DOME)),
    "several": ("/", lambda visit: ask(visit, DOME, TOURS, "How wide is it?")),
    "possible": ("/", lambda visit: ask(visit, "How far does it see?")),
    "lead-in": ("/", lambda visit: ask(visit, "What should I wear?")),
    "no answer": ("/", lambda visit: ask(visit, "Who sweeps the paths?")),
    "no question": ("/", lambda visit: ask(visit, "???")),
    "source": ("/", open_panel),
    "card": ("/", point_at_chip),
    "menu": ("/", open_menu),
    "comment": ("/", comment),
    "correction": ("/", correct),
    "conversations": ("/", list_talks),
    "keys": ("/", list_keys),
    "refused": ("/", refuse),
    "waiting": ("/", wait),
    "documents": ("/documents", None),
    "document": ("/documents/observatory?start=40&end=90", None),
    "nothing here": ("/nowhere", None),
    "German": ("/?lang=de&q=How+big+is+the+mirror%3F", None),
}


def violations(page: Page) -> list[tuple[str, list]]:
    page.wait_for_timeout(700)  # a colour that is being animated is none yet
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]]


@THEMES
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(visit: Visit, state: str) -> None:
    path, reach = STATES[state]
    visit.expected = ("console error: Failed to load resource",) if path == "/nowhere" else ()
    visit.open(path)
    if reach:
        reach(visit)
    assert violations(visit.page) == []


class TestOfTheOwner:
    """The page of what was not answered, over the real library."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> WebSettings:
        return WebSettings(data_dir=tmp_path / "data", reader=False, keep_questions_days=90)

    @pytest.fixture
    def address(self, citewell: Citewell) -> Iterator[str]:
        for question in ("Who paints the lighthouse?", "Who paints the lighthouse now?", "Which trams stop?"):
            citewell.conversations.ask(question, access=EVERYTHING)
        with serving(citewell) as port:
            yield f"http://127.0.0.1:{port}"

    @THEMES
    def test_axe_finds_nothing_on_it(self, visit: Visit) -> None:
        page = visit.open("/unanswered")
        page.locator(".group").first.wait_for()
        for details in page.locator("summary").all():
            details.click()
        page.get_by_role("button", name="Ask again").first.click()
        page.locator(".group-result li").first.wait_for()
        assert violations(page) == []

    def test_a_document_is_added_and_the_question_answered(self, visit: Visit, tmp_path: Path) -> None:
        file = tmp_path / "lighthouse.txt"
        file.write_text("A painter from Westerholm paints the lighthouse.", encoding="utf-8")
        page = visit.open("/unanswered")
        group = page.locator(".group", has_text="Who paints the lighthouse?")
        expect(group).to_contain_text("asked once")
        group.get_by_role("button", name="Add a document").click()
        page.get_by_label("Choose files").set_input_files(file)
        expect(group.locator(".drop-list li")).to_contain_text("added")
        group.get_by_role("button", name="Ask again").last.click()
        expect(group).to_contain_text("Answered now")
        expect(group.locator("blockquote").first).to_have_text("A painter from Westerholm paints the lighthouse.")

    def test_one_is_dismissed_at_the_second_click(self, visit: Visit) -> None:
        page = visit.open("/unanswered")
        group = page.locator(".group", has_text="Which trams stop?")
        group.get_by_role("button", name="Dismiss").click()
        expect(group.get_by_role("button", name="Forget it?")).to_be_visible()
        group.get_by_role("button", name="Forget it?").click()
        expect(group).to_contain_text("Forgotten.")
        page.reload()
        expect(page.locator(".group").first).to_be_visible()
        expect(page.locator(".group", has_text="Which trams stop?")).to_have_count(0)

    def test_all_are_asked_and_the_list_is_saved(self, visit: Visit) -> None:
        page = visit.open("/unanswered")
        page.get_by_role("button", name="Ask all again").click()
        expect(page.locator(".ask-all-state")).to_contain_text("0 of 3 answered now, 0 possibly.")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as CSV").click()
        assert "Who paints the lighthouse?" in download.value.path().read_text(encoding="utf-8-sig")


class TestOfWhatIsOnlyPossible:
    """The same where quotes are shown that may answer, and nothing is sure enough."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> WebSettings:
        data = tmp_path / "data"
        return WebSettings(data_dir=data, reader=False, keep_questions_days=90, min_confidence=0, answer_confidence=1)

    @pytest.fixture
    def address(self, citewell: Citewell) -> Iterator[str]:
        citewell.conversations.ask("Which trams stop?", access=EVERYTHING)
        with serving(citewell) as port:
            yield f"http://127.0.0.1:{port}"

    @pytest.mark.parametrize(
        ("language", "again", "may", "all_again", "result"),
        [
            ("en", "Ask again", "Possibly answered now.", "Ask all again", "0 of 1 answered now, 1 possibly."),
            (
                "de",
                "Erneut fragen",
                "Jetzt möglicherweise beantwortet.",
                "Alle erneut fragen",
                "0 von 1 jetzt beantwortet, 1 möglicherweise.",
            ),
        ],
    )
    def test_it_is_told_from_what_is_not_answered(
        self, visit: Visit, language: str, again: str, may: str, all_again: str, result: str
    ) -> None:
        page = visit.open(f"/unanswered?lang={language}")
        page.get_by_role("button", name=again).first.click()
        outcome = page.locator(".group-result li")
        expect(outcome.locator(".outcome-name")).to_contain_text(may)
        assert outcome.locator("blockquote").count() == outcome.locator("a").count() > 0
        assert violations(page) == []
        page.get_by_role("button", name=all_again).click()
        expect(page.locator(".ask-all-state")).to_have_text(result)


class TestStability:
    SHIFTS = """() => new Promise((resolve) => {
      const found = [];
      const watch = new PerformanceObserver((list) => found.push(...list.getEntries()));
      watch.observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(found.reduce((sum, one) => sum + one.value, 0)), 300);
    })"""

    @pytest.mark.parametrize("path", ["/", "/?q=How+big+is+the+mirror%3F", "/documents", "/documents/observatory"])
    def test_nothing_moves_while_a_page_loads(self, visit: Visit, path: str) -> None:
        page = visit.open(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(self.SHIFTS) < 0.01

    def test_an_answer_pushes_nothing_that_is_read(self, visit: Visit) -> None:
        """Even counting what happens right after a key: the question box alone may move."""
        visit.open()
        page = visit.ask(DOME)
        page.wait_for_timeout(600)
        top = box_of(page.locator(".cw-column .cw-question").first)["y"]
        page.evaluate("document.querySelector('citewell-chat').shadowRoot.querySelector('.cw-chip').click()")
        page.wait_for_timeout(300)
        assert box_of(page.locator(".cw-column .cw-question").first)["y"] == top


@pytest.mark.parametrize("options", [{"viewport": ZOOMED}], ids=["400%"])
class TestZoom:
    @pytest.mark.parametrize("path", ["/", "/documents", "/documents/observatory?start=40&end=90"])
    def test_nothing_needs_two_ways_of_scrolling(self, visit: Visit, path: str) -> None:
        page = visit.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["width"]

    def test_a_whole_conversation_works(self, visit: Visit) -> None:
        visit.open()
        ask(visit, DOME)
        page = visit.ask(MIRROR)
        expect(visit.last_turn().locator(".cw-sentence")).to_be_visible()
        page.locator(".cw-turn").last.locator(".cw-chip").click()
        source = page.get_by_role("dialog", name="Source 1")
        expect(source.get_by_role("link", name="Read it in the document")).to_be_visible()
        page.keyboard.press("Escape")
        expect(source).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["width"]
        assert box_of(visit.box())["height"] < ZOOMED["height"] / 2


def test_the_whole_conversation_works_by_keyboard(visit: Visit) -> None:
    """Asked, source opened, read, closed, rated, asked again: no pointer."""
    page = visit.open()
    visit.box()
    page.keyboard.press("Tab")  # "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(visit.box()).to_be_focused()
    page.keyboard.type(MIRROR)
    page.keyboard.press("Enter")
    page.locator(".cw-column .cw-chip").wait_for()
    reach(page, "Source 1", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Source 1")).to_be_visible()
    reach(page, "Read it in the document")
    page.keyboard.press("Escape")
    reach(page, "This helped")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Thank you.")).to_be_attached()
    reach(page, "Your question")
    page.keyboard.type("How wide is it?")
    page.keyboard.press("Enter")
    expect(page.locator(".cw-searched")).to_have_text("How wide is the mirror?")


def reach(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until what has this name has the focus."""
    focused = """() => {
      let at = document.activeElement;
      while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at.ariaLabel || at.labels?.[0]?.textContent || at.textContent;
    }"""
    for _ in range(30):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate(focused).strip() == name:
            return
    pytest.fail(f"{name!r} is not reached")
