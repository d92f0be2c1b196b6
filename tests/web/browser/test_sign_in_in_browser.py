"""Signing in with a real browser, by keyboard: asking, the same list on another device; axe finds the pages good."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from rag.access.identity import Role
from rag.app import Citewell
from tests.support.fakes import HashEmbedder
from tests.support.people import PASSWORD, quick_people, with_password
from tests.support.servers import serving
from web.settings import WebSettings

pytestmark = pytest.mark.browser

QUESTION = "How long does a loan last?"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = WebSettings(
        data_dir=tmp_path_factory.mktemp("data"), reader=False, sign_in=("local",), questions_per_minute=10_000
    )
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.people = quick_people(citewell._store.people, time.time)
        with_password(citewell.people, "ola", Role.OWNER, groups=["hr"])
        citewell.documents.put("loans", b"# Loans\n\nA loan lasts four weeks.", media_type="text/markdown")
        with serving(citewell) as port:
            yield f"http://127.0.0.1:{port}"


def sign_in(page: Page, address: str) -> None:
    """By keyboard alone: the name's field is given the focus, a moment after the page is there."""
    page.goto(f"{address}/account")
    page.locator("input[name=name]:focus").wait_for()
    page.keyboard.type("ola")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def test_what_was_asked_on_one_device_is_listed_on_another(browser: Browser, address: str) -> None:
    desk, phone = browser.new_context(), browser.new_context(viewport={"width": 360, "height": 740})
    page = desk.new_page()
    sign_in(page, address)
    page.goto(address)
    page.get_by_role("textbox").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/*")
    other = phone.new_page()
    sign_in(other, address)
    other.get_by_role("link", name=QUESTION).click()
    other.locator(".cw-sentence").first.wait_for()
    page.goto(f"{address}/account")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/sign-in")
    other.reload()
    assert "/sign-in?next=" in other.url
    desk.close()
    phone.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_about_people(browser: Browser, address: str, theme: str) -> None:
    context = browser.new_context(color_scheme=theme, viewport={"width": 320, "height": 640})  # type: ignore[arg-type] # as given
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    assert problems_of(page) == []
    sign_in(page, address)
    for path in ("/account", "/people", "/access?person=ola", "/account?lang=de"):
        page.goto(f"{address}{path}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert problems_of(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
    context.close()


def problems_of(page: Page) -> list[str]:
    """What axe finds, with where it stands."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
