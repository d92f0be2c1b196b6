"""A training taken elsewhere and brought back: what is packed is learned from, what is cut is joined again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rag.training.base_weights import read_base
from rag.training.carry import cut, join, pack
from rag.training.export import export
from rag.training.mixture import FILES
from rag.training.squad import read_squad_questions, with_sentences
from rag.training.train import BEST, Plan, train
from tests.support.places import ROOT
from tests.support.processes import environment
from tests.support.tiny_reader import checkpoint, tensors_in, tiny_reader

pytestmark = pytest.mark.model

QUAY = "# The quay\n\nThe gate opens at eight. It is green.\n\n## Pier\n\nThe pier closes at six.\n"
LINES = [
    {"file": "quay.md", "question": "When may I come in?", "sentence": "The gate opens at eight.", "words": "at eight"},
    {"file": "quay.md", "question": "Who paints the gate?", "sentence": "It is green.", "words": None},
]
CONTEXT = "The weir was built in 1911. It holds back the mill pond."


def desk_folder(folder: Path) -> Path:
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "quay.md").write_text(QUAY)
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive, unpacked, beside a tiny reader to begin with."""
    home = tmp_path_factory.mktemp("carry")
    (home / "data").mkdir()
    asked = {"question": "What is held back?", "answers": [{"text": "the mill pond", "answer_start": 42}]}
    content = {"data": [{"paragraphs": [{"context": CONTEXT, "qas": [asked]}]}]}
    for name in FILES:
        (home / "data" / name).write_text(json.dumps(content))
    packed = pack([desk_folder(home / "quay")], [desk_folder(home / "dev-quay")], home / "data", home / "packed")
    shutil.unpack_archive(packed, home / "there")
    export([checkpoint(home / "base", tiny_reader())], home / "base", quantise=False)
    return home


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    """A training of a second from what was unpacked, judged by what was packed to judge by."""
    there = home / "there"
    plan = Plan(
        base=home / "base" / "reader.onnx",
        desk=(),
        out=home / "run",
        data=there / "data",
        minutes=1 / 60,
        frozen_layers=0,
        kept=there / "kept",
        dev=there / "dev",
        save_seconds=0.3,
    )
    train(plan)
    train(replace(plan, minutes=1.5 / 60))  # goes on, the best of before among it
    return plan.out


def test_the_best_weights_of_a_run_come_back_but_for_half_of_their_digits(home: Path, run: Path) -> None:
    pieces = cut(run, home / "pieces")
    joined = torch.load(join(home / "pieces", home / "base" / "reader.onnx", home / "joined"), weights_only=True)
    best = torch.load(run / "0" / BEST, weights_only=True)
    assert [path.name for path in pieces] == ["piece-00"]
    assert joined["seen"] == best["seen"] > 0
    assert joined["model"].keys() == best["model"].keys()
    for name, value in best["model"].items():
        torch.testing.assert_close(joined["model"][name], value, atol=1e-3, rtol=1e-3)


def test_what_was_joined_is_exported(home: Path, run: Path) -> None:
    cut(run, home / "more")
    join(home / "more", home / "base" / "reader.onnx", home / "more-joined")
    export([home / "more-joined"], home / "exported", quantise=False)
    assert read_base(home / "exported" / "reader.onnx").keys() == tensors_in(tiny_reader()).keys()


def test_without_a_judgement_the_last_weights_are_cut(tmp_path: Path) -> None:
    checkpoint(tmp_path / "run" / "0", tiny_reader(), seen=11)
    cut(tmp_path / "run", tmp_path / "pieces")
    export([checkpoint(tmp_path / "base", tiny_reader())], tmp_path / "base", quantise=False)
    joined = join(tmp_path / "pieces", tmp_path / "base" / "reader.onnx", tmp_path / "joined")
    assert torch.load(joined, weights_only=True)["seen"] == 11


def test_a_folder_without_a_run_or_a_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no best\.pt and no reader\.pt"):
        cut(tmp_path, tmp_path / "pieces")
    with pytest.raises(FileNotFoundError, match="holds no piece"):
        join(tmp_path, tmp_path, tmp_path)


def test_questions_of_a_split_file_are_the_same(home: Path) -> None:
    path = home / "data" / FILES[0]
    split = home / "split.json"
    split.write_text(json.dumps(with_sentences(path)))
    assert list(read_squad_questions(split)) == list(read_squad_questions(path))


def test_the_training_needs_no_more_of_the_program_than_what_reads_for_it() -> None:
    """Where an accelerator is lent, torch and its like are installed, and nothing of the store or of the formats."""
    absent = ("apsw", "faiss", "sentencex", "trafilatura", "fastapi", "pypdfium2", "charset_normalizer")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r})); import rag.training.train, rag.training.carry"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(), check=True, timeout=250)
