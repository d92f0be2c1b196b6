"""Hostile text that came in by every way there is, looked at on every page: it stays text.

The documents are really read, the questions really asked. A `Visit` fails by itself on a dialog, an error in the
console or a request to another host.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.app import Citewell
from tests.support.fakes import HashEmbedder
from tests.support.servers import serving
from tests.support.visits import Visit
from web.settings import WebSettings

pytestmark = pytest.mark.browser

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "image": "\"'><img src=//evil.example/x onerror=alert(1)>",
    "vector": "<svg/onload=alert(1)><style>*{background:url(//evil.example/s)}</style>",
    "frame": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe><base href=//evil.example/>",
    "link": '<a href="javascript:alert(1)">here</a> [there](javascript:alert(1)) [so](vbscript:x) data:text/html,x',
    "picture": "![pixel](https://evil.example/pixel.png) <https://evil.example/auto>",
    "template": "{{7*7}} ${7*7} {% raw %} <%= 7*7 %> {{ config }}",
    "turned": "\u202egnp.exe \u2066isolate\u2069 right",
    "entity": "&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;alert(1)&#60;/script&#62;",
}
# Said in every hostile document, so that one question finds it; the word is in no other.
SENTENCE = "The {word} of the harbour is repaired in March, says {payload} to everyone."
TURNING = "[\u202a-\u202e\u2066-\u2069]"
SLASH = "\N{FRACTION SLASH}"
QUESTION = "When is the {word} of the harbour repaired?"


def plain_text_of(payload: str) -> str:
    """A plain text file with a payload in its heading and its sentence."""
    word = word_of(payload)
    return f"{word} {payload}\n\n{SENTENCE.format(word=word, payload=payload)}\n\nNobody else repairs the {word}.\n"


def html_of(payload: str) -> str:
    """A page with a payload in its title, its author, its address and its text."""
    escaped = html.escape(payload)
    return (
        f'<title>{escaped}</title><meta name=author content="{escaped}">'
        f'<link rel=canonical href="javascript:alert(1)//{escaped}"><h1>{escaped}</h1><p>The wall {escaped} stands.</p>'
    )


def seen(payload: str) -> str:
    """What may be seen of a payload: all of it but what would turn the words around."""
    return re.sub(TURNING, "", payload)


def word_of(payload: str) -> str:
    return "crane" + "abcdefghijklm"[list(PAYLOADS.values()).index(payload)] * 3


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """Every payload in the text, the title, the name and the address of documents."""
    home: Path = tmp_path_factory.mktemp("hostile")
    settings = WebSettings(
        data_dir=home / "data", reader=False, questions_per_minute=10_000, keep_questions_days=30, min_confidence=0
    )
    folder = home / "documents"
    folder.mkdir()
    for payload in PAYLOADS.values():
        # No file system takes a slash in a name.
        (folder / f"{payload.replace('/', SLASH)}.txt").write_text(plain_text_of(payload), encoding="utf-8")
        (folder / f"{word_of(payload)}.html").write_text(html_of(payload), encoding="utf-8")
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.ingest([folder])
        yield citewell


@pytest.fixture(scope="module")
def address(library: Citewell) -> Iterator[str]:
    with serving(library) as port:
        address = f"http://127.0.0.1:{port}"
        yield address


def check_inert(page: Page) -> None:
    """No element that a payload would have made is there, in or out of the component, and no link leaves."""
    found = page.evaluate(
        """(turning) => {
          const roots = [document];
          for (const one of document.querySelectorAll("*")) if (one.shadowRoot) roots.push(one.shadowRoot);
          const bad = [];
          for (const root of roots) {
            for (const one of root.querySelectorAll("iframe, base, object, embed, svg[onload], [onerror], [onload]"))
              bad.push(one.outerHTML);
            for (const one of root.querySelectorAll("img, script"))
              if (one.src && new URL(one.src).host !== location.host) bad.push(one.outerHTML);
            for (const one of root.querySelectorAll("script:not([src])")) bad.push(one.outerHTML);
            for (const one of root.querySelectorAll("[href], [action], [formaction]"))
              for (const name of ["href", "action", "formaction"])
                if (one.hasAttribute(name) && new URL(one.getAttribute(name), location).host !== location.host)
                  bad.push(one.outerHTML);
          }
          const own = "script, style, .cw-question"; // a question stands there as it was typed, apart from all else
          for (const root of roots)
            for (const one of root.querySelectorAll(`body *:not(${own}), .cw *:not(${own})`))
              for (const node of one.childNodes)
                if (node.nodeType === Node.TEXT_NODE && new RegExp(turning).test(node.data)) bad.push(node.data);
          return bad;
        }""",
        TURNING,
    )
    assert found == []
    assert "49" not in page.locator("h1, h2, .cw-sentence").all_text_contents()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
class TestEveryPayload:
    def test_in_a_sentence_its_citation_and_its_source(self, visit: Visit, payload: str) -> None:
        visit.open()
        page = visit.ask(QUESTION.format(word=word_of(payload)))
        expect(page.locator(".cw-column .cw-sentence").first).to_contain_text(seen(payload))
        check_inert(page)
        page.locator(".cw-chip").first.hover()
        page.get_by_role("tooltip").wait_for()
        check_inert(page)
        page.locator(".cw-chip").first.click()
        expect(page.locator(".cw-panel mark").first).to_contain_text(seen(payload))
        check_inert(page)
        page.reload()
        expect(page.locator(".cw-column .cw-sentence").first).to_contain_text(seen(payload))
        check_inert(page)

    def test_in_a_question_a_title_of_a_conversation_and_a_comment(self, visit: Visit, payload: str) -> None:
        visit.open()
        page = visit.ask(payload)
        expect(page.locator(".cw-column .cw-question").last).to_have_text(payload)
        check_inert(page)
        talk = page.url.rsplit("/", 1)[1]
        renamed = page.request.patch(f"{visit.address}/api/v1/conversations/{talk}", data={"title": payload})
        assert renamed.status == 200
        page.reload()
        page.locator("citewell-chat:defined").wait_for()
        check_inert(page)
        expect(page.locator("body")).to_contain_text(seen(payload))

    def test_what_was_not_answered_shows_it(self, visit: Visit, payload: str) -> None:
        question = f"Who paints {payload} at night?"
        request = visit.page.request
        answer = request.post(f"{visit.address}/api/v1/ask", data={"question": question}).json()
        vote = {"id": answer["id"], "relevance": "not_relevant", "comment": payload}
        assert request.post(f"{visit.address}/api/v1/feedback", data=vote).status == 204
        page = visit.open("/unanswered")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text(seen(payload)).first).to_be_visible()
        check_inert(page)

    def test_on_the_pages_of_documents(self, visit: Visit, payload: str) -> None:
        page = visit.open("/documents")
        check_inert(page)
        documents = page.request.get(f"{visit.address}/api/v1/documents").json()["documents"]
        names = (f"{payload.replace('/', SLASH)}.txt", f"{word_of(payload)}.html")
        shown = [one["id"] for one in documents if one["location"] in names]
        assert len(shown) == 2
        for document in shown:
            page = visit.open(f"/documents/{document}")
            expect(page.locator("body")).to_contain_text(seen(payload))
            check_inert(page)
