"""A real browser, and a page in it that writes down everything it does that it should not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Dialog, FloatRect, Locator, Page, sync_playwright

from tests.support.chromium import find_chromium

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser that runs while the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=_FLAGS)
        yield browser
        browser.close()


def box_of(shown: Locator) -> FloatRect:
    """Where something stands, and how large it is, in pixels. It has to be shown."""
    box = shown.bounding_box()
    assert box is not None, f"{shown} is not shown"
    return box


class Visit:
    """A page, and everything it did that it should not."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page = context.new_page()
        self.troubles: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page.on("console", lambda message: self._note(f"console {message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self._note(f"error: {error}"))
        self.page.on("dialog", self._note_dialog)
        self.page.on("request", lambda request: self._check_host(request.url))

    def _note_dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, trouble: str) -> None:
        self.troubles.append(trouble)

    def _check_host(self, url: str) -> None:
        if not url.startswith(self.address + "/"):
            self._note(f"request to {url}")

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.address + path)
        return self.page

    def box(self) -> Locator:
        """The component's question box, once it is there."""
        self.page.locator("citewell-chat:defined").wait_for()
        return self.page.get_by_role("textbox", name="Your question")

    def ask(self, question: str) -> Page:
        """Ask by keyboard and wait for all that comes back: an answer is drawn once as it comes, and once whole."""
        box = self.box()
        box.fill(question)
        with self.page.expect_response("**/api/v1/ask"):
            box.press("Enter")
        self.last_turn().locator(".cw-answer:not([aria-busy]) > :not(.cw-looking)").first.wait_for()
        return self.page

    def last_turn(self) -> Locator:
        """The newest question and what came of it."""
        return self.page.locator(".cw-column .cw-turn").last

    def close(self) -> None:
        self.page.close()
        unexpected = [trouble for trouble in self.troubles if not trouble.startswith(self.expected or ("\0",))]
        assert unexpected == []
