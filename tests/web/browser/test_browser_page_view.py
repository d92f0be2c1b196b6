"""The page of a PDF beside its text, in a real browser over the real library."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from rag.app import Citewell
from rag.render import link_to
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.pdf_files import Text, draw, lines
from tests.support.servers import serving
from tests.support.visits import Visit
from web.settings import WebSettings

pytestmark = pytest.mark.browser

QUOTE = "The pier closes at six in the evening, and the lamps are lit."
DATA = draw(
    [*lines(*["Nobody reads this line about boats."] * 40, y=60, leading=17)],
    [*lines(*["Nor does anybody read this one."] * 20, y=60), Text(72, 421, QUOTE), Text(72, 600, "The end.")],
)
PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1400, "height": 900}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    settings = WebSettings(data_dir=tmp_path_factory.mktemp("data"), reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.put_file("harbour rules.pdf", DATA)
        yield citewell


@pytest.fixture(scope="module")
def address(harbour: Citewell) -> Iterator[str]:
    with serving(harbour) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def cited(harbour: Citewell) -> str:
    (info,) = harbour.documents.all(access=EVERYTHING)
    document = harbour.documents.get(info.source.id, access=EVERYTHING)
    start = document.text.index(QUOTE)
    return link_to(info.source.id, start, start + len(QUOTE), document.text_sha256)


def marked_rows(page: Page) -> tuple[float, float]:
    """Where on the picture the first and last marked row is, as shares of its height."""
    shot = page.locator(".sheet-page").screenshot(animations="disabled")
    with Image.open(BytesIO(shot)) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    yellow = (pixels[:, :, 0] - pixels[:, :, 2] > 80).any(axis=1)
    rows = np.flatnonzero(yellow)
    return rows[0] / len(yellow), rows[-1] / len(yellow)


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": viewport, "color_scheme": scheme, "java_script_enabled": scheme == "light"}
        for viewport in (PHONE, WIDE)
        for scheme in ("light", "dark")
    ],
    ids=["phone", "phone, dark, no scripts", "wide", "wide, dark, no scripts"],
)
def test_the_marked_words_lie_where_they_are_drawn(visit: Visit, cited: str) -> None:
    page = visit.open(cited.partition("#")[0])
    picture = page.get_by_role("img", name="Page 2 of harbour rules")
    expect(picture).to_be_visible()
    page.wait_for_load_state("networkidle")
    first, last = marked_rows(page)
    assert 408 / 842 < first < 421 / 842 < last < 427 / 842
    width = visit.page.viewport_size["width"]  # type: ignore[index]
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("options", [{"viewport": PHONE}, {"viewport": WIDE}], ids=["phone", "wide"])
def test_the_text_and_the_page_can_both_be_reached(visit: Visit, cited: str) -> None:
    page = visit.open(cited)
    expect(page.locator("#cited")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    to_page = page.get_by_role("link", name="Page 2 in the original")
    if page.viewport_size == PHONE:
        to_page.click()
    else:
        expect(to_page).to_be_hidden()
    expect(page.locator(".sheet-page")).to_be_in_viewport()
    page.get_by_text("Page 2 of 2 in the original").click()
    expect(page.locator(".sheet-page")).to_be_hidden()


def test_the_original_is_saved_under_its_name(visit: Visit, cited: str, tmp_path: Path) -> None:
    page = visit.open(cited)
    with page.expect_download() as started:
        page.get_by_role("link", name="Original", exact=True).click()
    assert started.value.suggested_filename == "harbour rules.pdf"
    started.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == DATA
