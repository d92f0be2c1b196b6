"""Markdown that programs write: tables, and the block of a page that lies between two marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

END = "<!-- end -->"


def replace_block(page: str, begin: str, block: str) -> str:
    """The page with `block` between the mark `begin` and the next END; everything else stays as it is.

    Raises ValueError when the page does not have both marks, in this order.
    """
    before, found, rest = page.partition(begin)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"the page has no block between {begin!r} and {END!r}")
    return f"{before}{begin}\n{block}{END}{after}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; nothing when there are no rows. Cells become one line each."""
    if rows:
        yield _row(head)
        yield "|---" * len(head) + "|"
        yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
