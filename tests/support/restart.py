"""The library over the same data directory with other settings, as after the program was started again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rag.app import Citewell


def restart(citewell: Citewell, **changed: Any) -> None:
    """Let `citewell` go on with these settings changed; what it kept in memory is gone, its database stays open."""
    citewell.insights.close()
    citewell._parser.close()
    citewell._index.close()
    Citewell.__init__(citewell, replace(citewell.settings, **changed), citewell._store, citewell._embedder, None)
