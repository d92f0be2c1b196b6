"""The index of a node that only answers: written down when it begins to serve, and read at its next start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.index.live import LiveIndex
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder

Open = Callable[[str], Citewell]


@pytest.fixture
def open_node(url: str, tmp_path: Path) -> Open:
    """Opens the node of that name."""
    settings = Settings(data_dir=tmp_path, database=url, reader=False, help_nodes=False)
    return lambda name: Citewell.open(replace(settings, data_dir=tmp_path / name), embedder=HashEmbedder(), create=True)


@pytest.fixture
def writing(open_node: Open) -> Citewell:
    """A node that has a document, and is told of no more."""
    node = open_node("writing")
    node.documents.put("a", b"The harbour froze in January.", media_type="text/plain")
    return node


def generations(node: Citewell) -> list[Path]:
    return list(node.index.folder.glob("*")) if node.index.folder.exists() else []


def test_it_is_not_made_anew_at_the_next_start(
    writing: Citewell, open_node: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing, open_node("answering") as first:
        assert generations(first) == []
        first.begin_serving()
    monkeypatch.setattr(LiveIndex, "_build", None)
    with open_node("answering") as again:
        assert again.questions.search("When did the harbour freeze?", access=EVERYTHING)


def test_nothing_waits_for_a_node_that_writes(writing: Citewell, open_node: Open) -> None:
    with writing, open_node("answering") as node:
        with writing.store.write_lock():
            node.begin_serving()
        assert generations(node) == []
        node.begin_serving()
        assert generations(node) != []


def test_only_the_first_process_of_a_server_writes_it(writing: Citewell, open_node: Open) -> None:
    with writing, open_node("answering") as node:
        node.begin_serving(is_first=False)
        assert generations(node) == []
