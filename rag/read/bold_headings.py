"""Headings that are only paragraphs in bold: how most people write them who have never heard of styles.

A reader lays out each paragraph that is bold as a BOLD_HEADING; here it is decided which of them are one. One that is a
warning ("No smoking in the dome") may still be quoted: see `rag/split/kinds.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.records import BlockKind

# Below all headings that are marked as such: Word has nine levels.
BOLD_LEVEL = 10
_MAX_CHARS = 80
_MAX_WORDS = 12
_MIN_LETTERS = 2
_MAX_BOLD_SHARE = 0.4  # of all characters; where more is bold, it marks nothing
_ENDS_OF_SENTENCES = (".", "!", ":", ";", ",", "…", "。", "！", "：")
# "Table 7.1. Notable fonts": it names what stands below it, and nothing behind that.
_CAPTION = re.compile(
    r"(?:table|figure|fig\.|tabelle|tab\.|abbildung|abb\.|tableau|tabla|tabella|tabela|tabel|figura|figuur|rysunek)\s*\d",
    re.IGNORECASE,
)

LaidBlock = tuple[BlockKind, str]  # a block's kind and its words
Decided = tuple[BlockKind, int | None]  # its kind and its level, or None where that stays as it is


def with_bold_headings(blocks: Sequence[LaidBlock]) -> list[Decided]:
    """What each block is.

    What is bold heads what follows if it is short, does not end as a sentence does, is no caption, and the next block
    is neither bold nor a heading. At the start of a document without a heading of its own, it is its first heading.
    """
    kinds = [kind for kind, _ in blocks]
    bold = sum(len(text) for kind, text in blocks if kind is BlockKind.BOLD_HEADING)
    is_telling = bold <= _MAX_BOLD_SHARE * sum(len(text) for _, text in blocks)
    decided: list[Decided] = []
    for position, (kind, text) in enumerate(blocks):
        following = kinds[position + 1 : position + 2]
        if kind is not BlockKind.BOLD_HEADING:
            decided.append((kind, None))
        elif not (is_telling and following and _is_short(text)):
            decided.append((BlockKind.PARAGRAPH, 0))
        elif position == 0 and BlockKind.HEADING not in kinds:
            decided.append((BlockKind.HEADING, 1))
        elif following[0].names_section:
            decided.append((BlockKind.PARAGRAPH, 0))
        else:
            decided.append((BlockKind.BOLD_HEADING, BOLD_LEVEL))
    return decided


def _is_short(text: str) -> bool:
    return (
        len(text) <= _MAX_CHARS
        and len(text.split()) <= _MAX_WORDS
        and sum(map(str.isalpha, text)) >= _MIN_LETTERS
        and not text.endswith(_ENDS_OF_SENTENCES)
        and not is_caption(text)
    )


def is_caption(text: str) -> bool:
    """Whether a line names a table or a picture: "Table 7.1. Notable fonts"."""
    return bool(_CAPTION.match(text))
