"""Fixtures that every test may use. Nothing here, or in any test, reaches the network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

from fakes import HashEmbedder

from rag.pipeline import Pipeline
from rag.settings import Settings

DATA = Path(__file__).parent / "data"
SEEDS = Path(__file__).parent.parent / "seeds"
# The owner's article and the question sets lie beside a checkout on some machines only.
SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def library() -> Path:
    """A folder of small documents written for the tests."""
    return DATA / "library"


@pytest.fixture
def empty_pipeline(settings: Settings, embedder: HashEmbedder) -> Iterator[Pipeline]:
    with Pipeline.open(settings, embedder=embedder, create=True) as pipeline:
        yield pipeline


@pytest.fixture
def pipeline(empty_pipeline: Pipeline, library: Path) -> Pipeline:
    """A pipeline over the test library, without a model."""
    empty_pipeline.ingest([library])
    return empty_pipeline
