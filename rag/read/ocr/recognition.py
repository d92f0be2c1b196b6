"""Which pages of a file are recognised, for how long, and what is told of them. Runs on the side that is protected."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from rag.errors import UnreadableDocument
from rag.read.layout import Content
from rag.read.page import ScannedPage, named_pages

_log = logging.getLogger("citewell.read")

# Pages in a row that stop their reader; then it is the file, and the rest is not tried.
_STOPPED_IN_A_ROW = 3
# A line in the log for so many pages.
_LOGGED = 10
_WHY = {
    "time": "a page took longer than ocr_page_seconds allows",
    "memory": "a page took more memory than read_megabytes allows",
    "broken": "the recognition broke down over it",
}

# The number of a page and the seconds it may take, to what is on it or why that is not known.
RecognisePage = Callable[[int, int], ScannedPage | str]
# Told how many pages of a file are done, of how many.
PageDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Recognition:
    """How text is recognised: the languages as Tesseract calls them, "deu+eng", and what it may take."""

    languages: str
    page_seconds: int = 120
    seconds: int = 1_800  # for all pages of a file


@dataclass(slots=True)
class ScanReading:
    """The recognition of the pages of one file."""

    how: Recognition
    on_page: PageDone | None = None
    _scanned: dict[int, ScannedPage] = field(default_factory=dict)
    _failed: dict[str, list[int]] = field(default_factory=dict)  # why, and the pages

    def recognise(self, pages: Sequence[int], recognise_page: RecognisePage) -> dict[int, ScannedPage]:
        """What is on these pages; those that are not recognised, within the time or at all, are left out."""
        began, in_a_row = time.monotonic(), 0
        for done, number in enumerate(pages):
            left = self.how.seconds - (time.monotonic() - began)
            if left <= 0:
                self._fail("the time for the file was over (ocr_seconds)", pages[done:])
                break
            if in_a_row == _STOPPED_IN_A_ROW:
                self._fail(f"{_STOPPED_IN_A_ROW} pages before them failed one after the other", pages[done:])
                break
            found = recognise_page(number, max(1, min(self.how.page_seconds, int(left))))
            if isinstance(found, ScannedPage):
                self._scanned[number] = found
                in_a_row = 0
            else:
                self._fail(_WHY.get(found, found), [number])
                in_a_row += 1
            self._tell(done + 1, len(pages))
        return self._scanned

    def told(self, content: Content) -> Content:
        """The content with warnings of what was recognised and what was not. Raises UnreadableDocument for no text."""
        warnings = tuple(
            f"{named_pages(pages)} {'was' if len(pages) == 1 else 'were'} not recognised: {why}"
            for why, pages in self._failed.items()
        )
        if not content.blocks:
            raise UnreadableDocument("; ".join(warnings) or "no text was recognised on its pages")
        read = {number: page for number, page in self._scanned.items() if page.words}
        if read:
            sure = mean(word.confidence for page in read.values() for word in page.words)
            warnings = (
                f"the text of {named_pages(read)} was recognised (OCR), {sure:.0%} sure; compare what is quoted"
                " with the page",
                *warnings,
            )
        if empty := [number for number, page in self._scanned.items() if not page.words]:
            warnings += (f"nothing was recognised on {named_pages(empty)}",)
        if poor := {number: page.left_out for number, page in self._scanned.items() if page.left_out}:
            count = sum(poor.values())
            lines = "1 line" if count == 1 else f"{count:,} lines"
            left_out = "was left out, as it was" if count == 1 else "were left out, as they were"
            warnings += (f"{lines} on {named_pages(poor)} {left_out} recognised too poorly",)
        return replace(content, warnings=(*content.warnings, *warnings))

    def _fail(self, why: str, pages: Sequence[int]) -> None:
        self._failed.setdefault(why, []).extend(pages)

    def _tell(self, done: int, total: int) -> None:
        if self.on_page is not None:
            self.on_page(done, total)
        if done % _LOGGED == 0 and done < total:
            _log.info("Text recognition: %d of %d pages of a file are done.", done, total)
