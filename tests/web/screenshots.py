"""Draws every page and state, light, dark and on a phone, into web/screens/: `python -m tests.web.screenshots`.

Over the real pipeline with the reader, of what `seeds/` and the test library hold. Not part of the tests.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from rag.pipeline import Pipeline
from rag.settings import Settings
from tests.web.test_limits import serving
from web.embed.intranet import Intranet

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "web" / "screens"
COLOURS = 128  # of a picture: enough for text, and a third of the bytes
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}, "color_scheme": "light", "has_touch": True},
}
FIRST = "Who proposed to buy JSR?"
FOLLOW_UP = "When did they propose it?"
UNKNOWN = "Who was the first president of South Korea?"


def ask(page: Page, *questions: str) -> None:
    page.locator("citewell-chat:defined").wait_for()
    for question in questions:
        page.get_by_role("textbox", name="Your question").fill(question)
        with page.expect_response("**/api/v1/ask"):
            page.keyboard.press("Enter")
        page.locator(".cw-turn").last.locator(".cw-meta, .cw-none").first.wait_for()
    page.wait_for_timeout(900)


def source(page: Page) -> None:
    ask(page, FIRST)
    page.locator(".cw-chip").first.click()


def card(page: Page) -> None:
    ask(page, FIRST)
    page.locator(".cw-chip").first.hover()
    page.get_by_role("tooltip").wait_for()


def talks(page: Page) -> None:
    ask(page, FIRST, FOLLOW_UP)
    page.locator(".talks-button").click()


def cited(page: Page) -> None:
    source(page)
    page.get_by_role("link", name="Read it in the document").click()


def opened(page: Page) -> None:
    page.get_by_role("button", name="Ask the documents").click()
    page.locator("citewell-launcher").get_by_role("textbox").fill(FIRST)
    page.keyboard.press("Enter")
    page.locator("citewell-launcher .cw-meta").wait_for()


def group(page: Page) -> None:
    page.locator(".group").first.wait_for()


STATES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "home": ("/", None),
    "answer": ("/", lambda page: ask(page, FIRST)),
    "follow-up": ("/", lambda page: ask(page, FIRST, FOLLOW_UP)),
    "source": ("/", source),
    "card": ("/", card),
    "no-answer": ("/", lambda page: ask(page, UNKNOWN)),
    "conversations": ("/", talks),
    "document": ("/", cited),
    "documents": ("/documents", None),
    "unanswered": ("/unanswered", group),
    "widget": ("intranet", opened),
}


def draw(browser: Browser, address: str, intranet: str, look: str, state: str) -> None:
    """Put one state of one look into its file."""
    path, reach = STATES[state]
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.goto(intranet if path == "intranet" else address + path)
    page.wait_for_load_state("networkidle")
    if reach:
        reach(page)
    page.wait_for_timeout(900)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{state}-{look}.png", optimize=True)
    context.close()


def main() -> None:
    """Draw all of them, or those whose names are given."""
    chosen = sys.argv[1:] or list(STATES)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, Intranet("", "") as intranet, sync_playwright() as playwright:
        settings = Settings(
            data_dir=Path(data),
            keep_questions_days=90,
            widget_public=True,
            allowed_origins=(intranet.address,),
            suggestions=ROOT / "seeds" / "questions.jsonl",
        )
        with Pipeline.open(settings, create=True) as pipeline:
            pipeline.ingest([ROOT / "seeds", ROOT / "tests" / "data" / "library"])
            for question in (UNKNOWN, "Who was South Korea's first president?", "How many people live in Tokyo?"):
                pipeline.note_question(pipeline.ask(question))
            pipeline.suggestions()
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            threading.Thread(target=intranet.serve_forever, daemon=True).start()
            with serving(pipeline) as port:
                intranet.citewell = f"http://127.0.0.1:{port}"
                for state in chosen:
                    for look in LOOKS:
                        draw(browser, intranet.citewell, intranet.address, look, state)
                        sys.stderr.write(f"{state} {look}\n")
            browser.close()
            intranet.shutdown()


if __name__ == "__main__":
    main()
