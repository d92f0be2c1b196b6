"""The documents of the corpus as plain parts, from their Markdown: what each format is then written from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

_HEADING = re.compile(r"(#+) +(.*)")
_ITEM = re.compile(r"(?:-|\d+\.) +(.*)")


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, paragraph, list item or table of a document."""

    kind: str  # "heading", "paragraph", "item" or "table"
    text: str = ""
    level: int = 0  # of a heading, from 1
    rows: tuple[tuple[str, ...], ...] = ()  # of a table; the first one is its header
    section: str = ""  # the nearest heading above


def parts_of(markdown: str) -> list[Part]:
    """The parts of the little Markdown that the corpus is written in."""
    return list(_with_sections(_parts(markdown)))


def _parts(markdown: str) -> Iterator[Part]:
    for block in re.split(r"\n\s*\n", markdown.strip()):
        lines = block.splitlines()
        if lines[0].startswith("|"):
            rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
            yield Part("table", rows=(rows[0], *rows[2:]))
            continue
        text: list[str] = []
        kind = "paragraph"
        for line in lines:
            heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
            if (heading or item) and text:
                yield Part(kind, " ".join(text))
                text = []
            if heading:
                yield Part("heading", heading[2], len(heading[1]))
                continue
            kind = "item" if item else kind if text else "paragraph"
            text.append(item[1] if item else line.strip())
        if text:
            yield Part(kind, " ".join(text))


def _with_sections(parts: Iterator[Part]) -> Iterator[Part]:
    section = ""
    for part in parts:
        section = part.text if part.kind == "heading" else section
        yield Part(part.kind, part.text, part.level, part.rows, section)


def sections_of(parts: list[Part]) -> list[tuple[str, list[Part]]]:
    """The parts by the heading that they stand under, in order; the heading itself is not among them."""
    found: list[tuple[str, list[Part]]] = []
    for part in parts:
        if part.kind == "heading" or not found:
            found.append((part.section, []))
        if part.kind != "heading":
            found[-1][1].append(part)
    return found


def lines_of(part: Part) -> list[str]:
    """The part as lines of plain text; of a table a line for each row."""
    if part.kind == "table":
        return [" \N{EN DASH} ".join(row) for row in part.rows]
    return [part.text]


def is_right_to_left(text: str) -> bool:
    """Whether the first letter belongs to a script that is written from right to left."""
    letters = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in letters if kind in ("L", "R", "AL")), "L") != "L"


def to_html(parts: list[Part], *, style: str = "") -> str:
    """A page of these parts."""
    body: list[str] = []
    for part in parts:
        if part.kind == "heading":
            body.append(f"<h{part.level}>{escape(part.text)}</h{part.level}>")
        elif part.kind == "item":
            body.append(f"<ul><li>{escape(part.text)}</li></ul>")
        elif part.kind == "table":
            head = "".join(f"<th>{escape(cell)}</th>" for cell in part.rows[0])
            rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in part.rows[1:])
            body.append(f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
        else:
            body.append(f"<p>{escape(part.text)}</p>")
    title = next((part.text for part in parts if part.kind == "heading"), "")
    direction = ' dir="rtl"' if is_right_to_left(title) else ""
    return (
        f'<!doctype html><html lang="en"{direction}><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><body>{''.join(body)}</body></html>"
    )
