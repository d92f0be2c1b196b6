"""Is a place found in other languages as in English? `python -m tests.bench.same_questions FOLDER`

FOLDER is the Debian installation guide as its package has it, in twenty languages with the same sections under the same
numbers: `apt-get download installation-guide-amd64`, `dpkg-deb -x FILE x`, x/usr/share/doc/installation-guide-amd64.
Twenty questions about the same places are put in each language, in `tests/data/bench/installation_guide.jsonl`. Each
language is a site of its own. A passage is right when it stands in the section that the question is about.

The pages are written out plainly before they are read: their headings stand in boxes that are taken for decoration.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import lxml.html
from lxml import etree

from rag.app import Citewell
from rag.records import Access, Hit
from rag.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "data" / "bench" / "installation_guide.jsonl"
LANGUAGES = ("en", "de", "nl", "fr", "es", "it", "ja", "zh_CN")
# Passages that are looked at.
_LOOKED_AT = 10
_HEADINGS = ("h1", "h2", "h3", "h4", "h5")


@dataclass(frozen=True, slots=True)
class Row:
    """For how many questions of a language the right passage is first, among five and among ten."""

    language: str
    first: int
    among_five: int
    among_ten: int


def questions_in(language: str) -> Iterator[tuple[str, str]]:
    """The number of the section that each question is about, with the question, in one language."""
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["section"], row[language]


def sections_of(page: bytes) -> dict[str, str]:
    """The text of each section of a page, without white space, by its number; not that of the sections in it."""
    texts: dict[str, list[str]] = {}
    own: list[str] = []
    for event, element in etree.iterwalk(lxml.html.document_fromstring(page), events=("start", "end")):
        if event == "end":
            own.append(element.tail or "")
            continue
        if element.tag in _HEADINGS and element.get("class") == "title":
            number = element.text_content().split()[0]
            own = texts.setdefault(number, [])
        own.append(element.text or "" if isinstance(element.tag, str) else "")
    return {number: _packed("".join(parts)) for number, parts in texts.items()}


def is_right(quoted: str, section: str) -> bool:
    """Whether a passage or quote stands in the text of a section: the longest of its lines does."""
    longest = max(quoted.splitlines(), key=len, default="")
    return bool(longest.strip()) and _packed(longest) in section


def longest_sentence(hit: Hit) -> str:
    """The sentence of a passage that says most."""
    return max((sentence.text for sentence in hit.chunk.sentences), key=len, default="")


def _packed(text: str) -> str:
    return "".join(text.split())


def plain_page(page: bytes) -> bytes:
    """A page of the guide with its headings in the text and without what leads to other pages."""
    tree = lxml.html.document_fromstring(page)
    for box in tree.xpath("//div[@class='navheader' or @class='navfooter' or @class='toc']"):
        box.drop_tree()
    for box in tree.xpath("//div[@class='titlepage']"):
        headings = [heading for heading in box.iter() if heading.tag in _HEADINGS]
        for heading in headings[:1]:
            heading.attrib.clear()
            box.addprevious(heading)
        box.drop_tree()
    for element in tree.xpath("//div"):
        element.drop_tag()
    return lxml.html.tostring(tree, encoding="utf-8", doctype="<!doctype html>")


def added_up(language: str, ranks: Sequence[int | None]) -> Row:
    """The row of a language, of the rank of the first right passage for each question: 1 is the best, None for none."""
    found = [rank for rank in ranks if rank is not None]
    return Row(language, *(sum(rank <= most for rank in found) for most in (1, 5, _LOOKED_AT)))


def ask_all(folder: Path, language: str, *, details: bool) -> Row:
    """What the questions of one language find in the guide of that language."""
    ranks: list[int | None] = []
    with (
        tempfile.TemporaryDirectory() as data,
        Citewell.open(Settings(data_dir=Path(data), reader=False), create=True) as citewell,
    ):
        pages = Path(data) / "pages"
        pages.mkdir()
        sections: dict[str, str] = {}
        for page in sorted((folder / language).glob("*.html")):
            sections |= sections_of(page.read_bytes())
            (pages / page.name).write_bytes(plain_page(page.read_bytes()))
        citewell.documents.ingest([pages])
        for number, question in questions_in(language):
            hits = citewell.questions.search(question, _LOOKED_AT, access=Access.everything())
            right = [rank for rank, hit in enumerate(hits, 1) if is_right(longest_sentence(hit), sections[number])]
            ranks.append(right[0] if right else None)
            if details:
                sys.stderr.write(f"{language} {number} rank {ranks[-1]}\n")
    return added_up(language, ranks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table with a row for each language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the unpacked guide, with a folder for each language")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES)
    parser.add_argument("--details", action="store_true", help="say of each question what it found")
    given = parser.parse_args(arguments)
    sys.stdout.write("| language | right passage first | among five | among ten |\n|---|---|---|---|\n")
    for language in given.languages:
        row = ask_all(given.folder, language, details=given.details)
        sys.stdout.write(f"| {row.language} | {row.first} | {row.among_five} | {row.among_ten} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
