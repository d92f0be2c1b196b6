"""Draws every page and state, light, dark and on a phone, into docs/images/screens/: `python -m tests.web.screenshots`.

Over the real library with the reader, of what `seeds/` and the test library hold. Not part of the tests.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from rag.app import Citewell
from tests.support.access import EVERYTHING
from tests.support.servers import serving
from tests.support.visits import launched
from web.embed.intranet import Intranet
from web.settings import WebSettings

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "images" / "screens"
COLOURS = 128  # of a picture: enough for text, and a third of the bytes
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}, "color_scheme": "light", "has_touch": True},
}
FIRST = "Who proposed to buy JSR?"
FOLLOW_UP = "When did they propose it?"
FEE = "How much is the fee for an overdue book?"
UNKNOWN = "Who was the first president of South Korea?"


# Two documents that disagree, and when they were written, in seconds since 1970.
FEES = {
    "fees-2024.md": ("# Fees of the city library, 2024\n\nThe fee for an overdue book is 50 cents a day.\n", 1.71e9),
    "fees-2026.md": ("# Fees of the city library, 2026\n\nThe fee for an overdue book is 80 cents a day.\n", 1.77e9),
}


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


def correction(page: Page) -> None:
    ask(page, FIRST, FOLLOW_UP)
    page.get_by_role("button", name="Correct").click()


def waiting(page: Page) -> None:
    """As when the service takes long: two questions, the second of which is never answered."""
    ask(page, FIRST)
    page.route("**/api/v1/ask", lambda _: None)
    page.get_by_role("textbox", name="Your question").fill(UNKNOWN)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").wait_for()


def trouble(page: Page) -> None:
    ask(page, FIRST)
    page.route("**/api/v1/ask", lambda route: route.fulfill(status=429, json={}, headers={"Retry-After": "20"}))
    page.get_by_role("textbox", name="Your question").fill(UNKNOWN)
    page.keyboard.press("Enter")
    page.locator(".cw-complaint").wait_for()


def keys(page: Page) -> None:
    page.locator(".keys-button").click()
    page.get_by_role("dialog").wait_for()


def copying(page: Page) -> None:
    ask(page, FIRST)
    page.get_by_role("button", name="More ways to copy").click()


def printed(page: Page) -> None:
    ask(page, FEE)
    page.emulate_media(media="print")


def german(page: Page) -> None:
    page.locator("citewell-chat:defined").wait_for()
    page.evaluate("(question) => document.querySelector('citewell-chat').ask(question)", FEE)
    page.locator(".cw-confidence summary").click()


STATES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "home": ("/", None),
    "answer": ("/", lambda page: ask(page, FIRST)),
    "follow-up": ("/", lambda page: ask(page, FIRST, FOLLOW_UP)),
    "source": ("/", source),
    "card": ("/", card),
    "disagreement": ("/", lambda page: ask(page, FEE)),
    "correction": ("/", correction),
    "waiting": ("/", waiting),
    "trouble": ("/", trouble),
    "copying": ("/", copying),
    "keys": ("/", keys),
    "german": ("/?lang=de", german),
    "print": ("/", printed),
    "empty": ("empty", None),
    "no-answer": ("/", lambda page: ask(page, UNKNOWN)),
    "conversations": ("/", talks),
    "document": ("/", cited),
    "documents": ("/documents", None),
    "unanswered": ("/unanswered", group),
    "widget": ("intranet", opened),
}


def draw(browser: Browser, addresses: dict[str, str], look: str, state: str) -> None:
    """Put one state of one look into its file; `addresses` are those of the service, "", and of what is beside it."""
    path, reach = STATES[state]
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.goto(addresses.get(path) or addresses[""] + path)
    page.wait_for_load_state("networkidle")
    if reach:
        reach(page)
    page.wait_for_timeout(900)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{state}-{look}.png", optimize=True)
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def write_fees(folder: Path) -> Path:
    folder.mkdir()
    for name, (text, seconds) in FEES.items():
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, (seconds, seconds))
    return folder


@contextmanager
def empty_service(data: Path) -> Iterator[str]:
    """The address of a service without documents."""
    with Citewell.open(WebSettings(data_dir=data), create=True) as citewell, serving(citewell) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def service(home: Path, intranet: str) -> Iterator[str]:
    """The address of one with documents, and questions that they did not answer."""
    settings = WebSettings(
        data_dir=home / "data",
        keep_questions_days=90,
        widget_public=True,
        allowed_origins=(intranet,),
        suggestions=ROOT / "seeds" / "questions.jsonl",
    )
    with Citewell.open(settings, create=True) as citewell:
        citewell.documents.ingest([ROOT / "seeds", ROOT / "tests" / "data" / "library", write_fees(home / "fees")])
        for question in (UNKNOWN, "Who was South Korea's first president?", "How many people live in Tokyo?"):
            citewell.conversations.ask(question, access=EVERYTHING)
        citewell.insights.suggestions(access=EVERYTHING)
        with serving(citewell) as port:
            yield f"http://127.0.0.1:{port}"


def main() -> None:
    """Draw all of them, or those whose names are given."""
    chosen = sys.argv[1:] or list(STATES)
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as open_things:
        home = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
        intranet = open_things.enter_context(Intranet("", ""))
        browser = open_things.enter_context(launched())
        threading.Thread(target=intranet.serve_forever, daemon=True).start()
        intranet.citewell = open_things.enter_context(service(home, intranet.address))
        addresses = {"": intranet.citewell, "intranet": intranet.address}
        addresses["empty"] = open_things.enter_context(empty_service(home / "empty"))
        for state in chosen:
            for look in LOOKS:
                draw(browser, addresses, look, state)
                sys.stderr.write(f"{state} {look}\n")
        browser.close()
        intranet.shutdown()


if __name__ == "__main__":
    main()
