"""What the tests of every kind of source share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.app import Citewell
from rag.settings import Settings
from tests.support.fakes import HashEmbedder


@pytest.fixture(scope="module")
def one_citewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """One for all tests of a file, with sources of their own names."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        yield citewell
