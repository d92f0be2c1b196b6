"""Files of every format, damaged at random, given to the reading process as the server does it."""

from __future__ import annotations

import io
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pptx

from rag.errors import UnreadableDocument
from rag.read import MEDIA_TYPES
from rag.read.sandbox import Limits, Parser
from tests.support.epub_files import book
from tests.support.msg_files import outlook
from tests.support.office_files import docx, odf, par, table
from tests.support.pdf_files import draw, lines, prose_text

_SECONDS = 60  # a file that takes longer hangs
_MEGABYTES = 2_048
_GROWTH = 20_000_000  # bytes of this process that count as grown
# What the errors of the reading process say; any other is the reader's own.
_OUTCOMES = ("took longer", "more than", "broke down", "failed over")
_TEXT = "\n\n".join(prose_text(number) for number in range(20))


def run(files: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """Read `files` damaged files; gives what was wrong."""
    chance = random.Random(seed)
    parser = Parser(Limits(_SECONDS, _MEGABYTES))
    whole = {suffix: make() for suffix, make in _makers().items()}
    problems: list[str] = []
    outcomes: Counter[str] = Counter()
    seconds: list[float] = []
    for suffix, data in whole.items():
        if not parser(data, MEDIA_TYPES[suffix]).blocks:
            problems.append(f"{suffix}: the undamaged file has no text")
    before = memory()
    for number in range(files):
        suffix = chance.choice(list(whole))
        data = damaged(whole[suffix], chance)
        started = time.perf_counter()
        try:
            parser(data, MEDIA_TYPES[suffix])
            outcome = "read"
        except UnreadableDocument as error:
            said = str(error)
            outcome = next(
                (kind for kind in ("took longer", "more than", "broke down", "failed over") if kind in said), "refused"
            )
        seconds.append(time.perf_counter() - started)
        outcomes[outcome] += 1
        if outcome in ("took longer", "failed over"):
            problems.append(f"file {number} ({suffix}): {said}")
        if (number + 1) % 200 == 0:
            say(f"{number + 1} files, {dict(outcomes)}, {memory() / 1e6:.0f} MB")
    growth = memory() - before
    parser.close()
    if growth > _GROWTH:
        problems.append(f"the memory of this process grew by {growth / 1e6:.1f} MB")
    say(
        f"fuzz: {files} files of {len(whole)} formats, {dict(outcomes)}; {statistics.median(seconds) * 1e3:.0f} ms at "
        f"the median, {max(seconds):.2f} s at most; memory of this process {growth / 1e6:+.1f} MB"
    )
    return problems


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file cut off, with bits flipped, with a block doubled, left out, or written over with noise."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(len(changed) or 1)
        length = chance.choice((1, 4, 64, 512))
        kind = chance.randrange(5)
        if kind == 0 and changed:
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[place : place + length] = chance.randbytes(length)
        elif kind == 2:
            changed[place:place] = changed[place : place + length] * chance.choice((1, 2, 50))
        elif kind == 3:
            del changed[place : place + length]
        elif chance.random() < 0.5:
            del changed[place:]
    return bytes(changed)


def memory() -> int:
    """Bytes of this process that are in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1_024


def _makers() -> Mapping[str, Callable[[], bytes]]:
    """A file of each format."""
    rows = [["Room", "Seats"], *([f"Room {number}", str(number * 3)] for number in range(30))]
    cells = "".join(
        f"<table:table-row>{''.join(f'<table:table-cell><text:p>{c}</text:p></table:table-cell>' for c in row)}"
        "</table:table-row>"
        for row in rows
    )
    paragraphs = "".join(f"<text:p>{text}</text:p>" for text in _TEXT.split("\n\n"))
    return {
        ".txt": lambda: _TEXT.encode(),
        ".md": lambda: f"# Boats\n\n{_TEXT}\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode(),
        ".html": lambda: f"<html><body><h1>Boats</h1><p>{_TEXT}</p><table><tr><td>1</table></body></html>".encode(),
        ".pdf": lambda: draw(*(lines(*_TEXT.split("\n\n")[n : n + 10]) for n in (0, 10)), title="Boats"),
        ".csv": lambda: "\n".join(";".join(row) for row in rows).encode(),
        ".tsv": lambda: "\n".join("\t".join(row) for row in rows).encode(),
        ".eml": _mail,
        ".msg": outlook,
        ".epub": book,
        ".docx": lambda: docx("".join(map(par, _TEXT.split("\n\n"))) + table(*map(tuple, rows), header=True)),
        ".pptx": _slides,
        ".xlsx": lambda: _sheet(rows),
        ".odt": lambda: odf(paragraphs),
        ".ods": lambda: odf(f'<table:table table:name="Rooms">{cells}</table:table>', "spreadsheet"),
        ".odp": lambda: odf(
            f"<draw:page><draw:frame><draw:text-box>{paragraphs}</draw:text-box></draw:frame></draw:page>",
            "presentation",
        ),
        ".rtf": lambda: ("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}" + _TEXT.replace("\n\n", "\\par\n") + "}").encode(),
    }


def _mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Boats"
    message.set_content(_TEXT)
    message.add_alternative(f"<h1>Boats</h1><p>{_TEXT}</p>", subtype="html")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="a.csv")
    return message.as_bytes()


def _slides() -> bytes:
    deck, file = pptx.Presentation(), io.BytesIO()
    for text in _TEXT.split("\n\n")[:4]:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text_frame.text = "Boats", text
    deck.save(file)
    return file.getvalue()


def _sheet(rows: list[list[str]]) -> bytes:
    book_of_rows, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book_of_rows.active.append(row)
    book_of_rows.save(file)
    return file.getvalue()
