"""Fixtures that every test may use. Nothing here, or in any test, reaches the network."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

from fakes import HashEmbedder

from rag.models import LoadedModel, load_model
from rag.pipeline import Pipeline
from rag.settings import BUNDLED_MODEL, Settings

DATA = Path(__file__).parent / "data"
SEEDS = Path(__file__).parent.parent / "seeds"
# The owner's article and the question sets lie beside a checkout on some machines only.
SHARED = Path(__file__).parent.parent.parent / "shared"

# A shell that starts something in the background lets it ignore Ctrl-C, and all that it starts; commands that the
# tests start and interrupt must not inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long one example takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


@pytest.fixture(scope="session")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """The bundled model, exported once for all slow tests; they must not write into its folder."""
    return load_model(BUNDLED_MODEL, tmp_path_factory.mktemp("models"))


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", reader=False)


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
