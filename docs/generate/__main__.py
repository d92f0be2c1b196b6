"""Write what the program knows into the pages: `make docs`. With --check, only say which pages are stale.

Each page has a block between two marks; what stands around it is written by hand. The types of the scripts and of
the client are files of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from docs.generate.cli_page import cli_lines
from docs.generate.client_types import client_lines
from docs.generate.licences_page import licences_lines
from docs.generate.markdown import replace_block
from docs.generate.metrics_page import metrics_lines
from docs.generate.rest_page import rest_lines
from docs.generate.script_types import type_lines
from docs.generate.settings_page import settings_lines

ROOT = Path(__file__).parents[2]
BEGIN = "<!-- made by make docs -->"
PAGES: Mapping[str, Callable[[], Iterable[str]]] = {
    "docs/cli.md": cli_lines,
    "docs/licences.md": licences_lines,
    "docs/monitoring.md": metrics_lines,
    "docs/rest.md": rest_lines,
    "docs/settings.md": settings_lines,
    "rag/client/json_bodies.py": client_lines,
    "tests/js/bodies.d.ts": type_lines,
}


def up_to_date(name: str) -> str:
    """The page of this name as it should be. Raises ValueError when it is Markdown and has no block."""
    lines = "\n".join(PAGES[name]()).rstrip("\n")
    if not name.endswith(".md"):
        return f"{lines}\n"
    return replace_block((ROOT / name).read_text(encoding="utf-8"), BEGIN, f"\n{lines}\n\n")


def main(arguments: list[str]) -> int:
    """The exit code: 1 when a page was stale and may not be written."""
    stale = [name for name in PAGES if (ROOT / name).read_text(encoding="utf-8") != up_to_date(name)]
    for name in stale:
        sys.stdout.write(f"{name} {'is stale: run make docs' if arguments else 'is written'}\n")
        if not arguments:
            (ROOT / name).write_text(up_to_date(name), encoding="utf-8")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
