"""The whole way once with the real encoder: data files, a few steps, a checkpoint, the exported reader."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from rag.models import find_model
from rag.reader import Reader as ServedReader
from rag.records import Span
from rag.settings import BUNDLED_MODEL
from rag.training.example import Example
from rag.training.export import export, mean_weights
from rag.training.model import Reader, encode, sentence_logits, tensors
from rag.training.train import Plan, examples_of, train

SENTENCES = ("The weir was built in 1911.", "It holds back the mill pond.", "A keeper opens the gate.")
PASSAGE = " ".join(SENTENCES)
QUESTION = "What is held back by the weir?"
SECONDS = 1.0

pytestmark = pytest.mark.slow
# The exporter calls what its own library calls outdated, and remarks on names of axes.
EXPORTER_WARNS = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the names of the training files, and one question or pair in each."""
    folder = tmp_path_factory.mktemp("data")
    asked = {
        "question": QUESTION,
        "answers": [{"text": "the mill pond", "answer_start": PASSAGE.index("the mill pond")}],
    }
    squad = json.dumps({"data": [{"paragraphs": [{"context": PASSAGE, "qas": [asked]}]}]})
    for name in ("squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json"):
        (folder / name).write_text(squad)
    pairs = {"questions": ["When was the weir built?", "Who opens the gate?"], "answers": [SENTENCES[0], SENTENCES[2]]}
    (folder / "squad-train-sentences.json").write_text(json.dumps(pairs))
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(Plan(data, folder, SECONDS / 60))
    return folder


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_training_leaves_a_checkpoint_of_other_weights_and_a_line_of_figures(run: Path) -> None:
    state = torch.load(run / "reader.pt", weights_only=True)
    before = Reader(find_model(BUNDLED_MODEL)).state_dict()
    changed = {name for name, values in state["model"].items() if not torch.equal(values, before[name])}
    assert any(".layer.5." in name for name in changed)
    assert not any("embeddings" in name for name in changed)
    assert log(run)[-1]["seen"] == state["seen"] > 0


def test_a_run_whose_time_is_up_trains_no_further(run: Path, data: Path) -> None:
    before = torch.load(run / "reader.pt", weights_only=True)
    train(Plan(data, run, SECONDS / 60))
    after = torch.load(run / "reader.pt", weights_only=True)
    assert (after["seen"], after["spent"]) == (before["seen"], before["spent"])
    assert all(torch.equal(before["model"][name], values) for name, values in after["model"].items())


def test_a_run_given_more_time_goes_on_from_its_checkpoint(run: Path, data: Path) -> None:
    before = torch.load(run / "reader.pt", weights_only=True)
    until = before["spent"] + SECONDS
    train(Plan(data, run, until / 60))
    after = torch.load(run / "reader.pt", weights_only=True)
    assert after["seen"] > before["seen"]
    assert after["spent"] >= until


def test_a_run_can_begin_with_the_weights_of_another(run: Path, data: Path, tmp_path: Path) -> None:
    train(Plan(data, tmp_path, minutes=1e-6, start=run / "reader.pt"))
    before, after = (torch.load(folder / "reader.pt", weights_only=True) for folder in (run, tmp_path))
    # One batch at a learning rate near nothing was taken before the time was looked at.
    assert all(torch.allclose(before["model"][name], values, atol=1e-5) for name, values in after["model"].items())


def test_articles_left_out_are_measured_on_and_not_learnt_from(data: Path, tmp_path: Path) -> None:
    articles = []
    for number in range(6):
        asked = {"question": f"{QUESTION} {number}", "answers": [], "is_impossible": True}
        articles.append({"paragraphs": [{"context": PASSAGE, "qas": [asked]}]})
    also = tmp_path / "also.json"
    also.write_text(json.dumps({"data": articles}))
    plan = Plan(data, tmp_path / "run", minutes=0.0, also=also, leave_out=(1, 3), replay=0)
    learnt, measured = examples_of(plan, random.Random(0))  # noqa: S311 # nothing is kept secret with it
    assert {e.question[-1] for e in learnt} == {"0", "2", "3", "5"}
    assert {e.question[-1] for e in measured} == {"1", "4"}


def test_files_without_examples_are_refused_with_a_word(tmp_path: Path) -> None:
    for name in ("squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json"):
        (tmp_path / name).write_text('{"data": []}')
    (tmp_path / "squad-train-sentences.json").write_text('{"questions": [], "answers": []}')
    with pytest.raises(ValueError, match="no example to train on"):
        train(Plan(tmp_path, tmp_path / "run", SECONDS / 60))


@EXPORTER_WARNS
def test_the_exported_reader_scores_as_the_trained_one(run: Path, tmp_path: Path) -> None:
    export([run], tmp_path, quantise=False)
    served = ServedReader.load(tmp_path)
    assert served is not None
    ends = [PASSAGE.index(s) + len(s) for s in SENTENCES]
    spans = [Span(end - len(s), end) for s, end in zip(SENTENCES, ends, strict=True)]
    (reading,) = served.read(QUESTION, [(PASSAGE, spans)])

    model = Reader(find_model(BUNDLED_MODEL)).eval()
    model.load_state_dict(torch.load(run / "reader.pt", weights_only=True)["model"])
    tokenizer: Tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    item = encode(Example(QUESTION, PASSAGE, tuple(spans), -1), tokenizer)
    assert item is not None
    with torch.no_grad():
        expected = sentence_logits(model(*tensors([item]))[2][0], item).tolist()
    assert [reading.not_here, *reading.sentences] == pytest.approx(expected, abs=1e-3)


def test_of_several_runs_the_mean_is_shipped() -> None:
    one, other = {"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([3.0, -2.0])}
    assert mean_weights([one, other])["a"].tolist() == [2.0, 0.0]


@EXPORTER_WARNS
def test_the_quantised_reader_is_small_enough_to_ship(run: Path, tmp_path: Path) -> None:
    export([run], tmp_path)
    assert (tmp_path / "reader.onnx").stat().st_size < 25_000_000
    assert ServedReader.load(tmp_path) is not None
