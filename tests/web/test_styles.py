"""The look of the pages: what is one thing is written once."""

from __future__ import annotations

import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "web" / "static"
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def test_filled_buttons_have_their_colours_from_one_rule() -> None:
    """Those of the conversation have another: its styles go to pages of others without those of ours."""
    sheets = [path for path in STATIC.rglob("*.css") if path.parent.name != "chat"]
    rules = [
        (path.name, selectors.split()[-1])
        for path in sheets
        for selectors, body in RULE.findall(path.read_text(encoding="utf-8"))
        if {"background: var(--cw-ink)", "color: var(--cw-paper)"} <= {line.strip() for line in body.split(";")}
    ]
    assert rules == [("page.css", ".access-elsewhere")]
