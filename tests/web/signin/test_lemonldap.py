"""A browser signs in at LemonLDAP::NG, a provider that organisations run, asks a question, and signs out of both."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rag.app import Citewell
from tests.support import lemonldap
from tests.support.fakes import HashEmbedder
from tests.support.ports import free_port
from tests.support.servers import serving
from web.settings import WebSettings

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not lemonldap.INSTALLED, reason=lemonldap.MISSING)]

PERSON = "dwho"  # one of its people for demonstrations, of the groups "timelords" and "users"
SECONDS = 200


def test_chromium_signs_in_at_lemonldap_asks_and_signs_out(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    issuer = lemonldap.issuer_at(port)
    settings = WebSettings(
        data_dir=tmp_path / "data",
        reader=False,
        sign_in=("oidc",),
        oidc_issuer=issuer,
        oidc_client_id=lemonldap.CLIENT_ID,
        oidc_client_secret=lemonldap.CLIENT_SECRET,
        oidc_person_claim="preferred_username",
    )
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        for group, weeks in (("timelords", "four"), ("earthlings", "nine")):
            text = f"# Loans of {group}\n\nA loan lasts {weeks} weeks.".encode()
            citewell.documents.put(group, text, media_type="text/markdown", groups=[group])
        with serving(citewell) as own_port:
            address = f"http://127.0.0.1:{own_port}"
            with lemonldap.running_lemonldap(tmp_path, port, address):
                context = browser.new_context(base_url=address, locale="en")
                context.set_default_timeout(1_000 * SECONDS)
                page = context.new_page()
                page.goto("/sign-in?next=/")
                page.get_by_role("link", name="organisation").click()
                page.locator("input[name=user]").fill(PERSON)
                page.locator("input[name=password]").fill(PERSON)
                page.keyboard.press("Enter")
                page.get_by_role("button", name="Accept").click()
                page.wait_for_url(f"{address}/")
                person = citewell.people.accounts.get(PERSON)
                assert (person.groups, person.shown_as) == ({"timelords", "users"}, "Doctor Who")

                page.get_by_role("textbox").fill("How long does a loan last?")
                page.keyboard.press("Enter")
                page.locator(".cw-sentence").first.wait_for()
                expect(page.locator("main")).to_contain_text("four weeks")
                expect(page.locator("main")).not_to_contain_text("nine weeks")

                page.goto("/account")
                page.get_by_role("button", name="Sign out", exact=True).click()
                page.get_by_role("button", name="Accept").click()
                page.locator("input[name=password]").wait_for()  # the session there is over
                assert page.url.startswith(issuer)
                page.goto("/account")
                assert page.url.startswith(f"{address}/sign-in")
                context.close()
