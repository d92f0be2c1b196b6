"""Where the files that tests use lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SEEDS = ROOT / "seeds"
