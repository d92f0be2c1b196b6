"""The whole way once with a tiny reader: a file of questions, a few steps, a checkpoint, the exported reader."""

from __future__ import annotations

import json
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rag.models.reader import Reader, ReadPassage
from rag.records import Span
from rag.training.base_weights import read_base
from rag.training.encoding import EncodedGroup, encode, load_tokenizer
from rag.training.example import LabelledPassage, PassageGroup
from rag.training.export import export, in_bytes
from rag.training.hardness import weigh_with
from rag.training.losses import Tally, group_loss, sentence_scores
from rag.training.model import BELONGS, SENTENCE, PassageScores, freeze, reader_of, run, tensors_of
from rag.training.train import CHECKPOINT, Plan, rate_at, train
from tests.support.tiny_reader import checkpoint, tensors_in, tiny_reader

pytestmark = pytest.mark.model

SENTENCES = ("The weir was built in 1911.", "It holds back the mill pond.", "A keeper opens the gate.")
PASSAGE = " ".join(SENTENCES)
QUESTION = "What is held back by the weir?"
STARTS = [PASSAGE.index(sentence) for sentence in SENTENCES]
SPANS = tuple(Span(start, start + len(s)) for start, s in zip(STARTS, SENTENCES, strict=True))
SECONDS = 1.0
FILES = ("near-miss.json", "squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A training of a second on one question, from a tiny reader."""
    home = tmp_path_factory.mktemp("plan")
    asked = {"question": QUESTION, "answers": [{"text": "the mill pond", "answer_start": PASSAGE.index("the mill")}]}
    unasked = {"question": "Who sold the weir?", "is_impossible": True}
    squad = json.dumps({"data": [{"paragraphs": [{"context": PASSAGE, "qas": [asked, unasked]}]}]})
    (home / "data").mkdir()
    for name in FILES:
        (home / "data" / name).write_text(squad)
    export([checkpoint(home / "base", tiny_reader())], home / "base", quantise=False)
    base = home / "base" / "reader.onnx"
    return Plan(base, (), home / "out", home / "data", minutes=SECONDS / 60, frozen_layers=1, learning_rate=1e-3)


def group_of(text: str) -> EncodedGroup:
    """The question with one passage, in which the second sentence answers, if it is there."""
    spans = tuple(span for span in SPANS if span.end <= len(text))
    passage = LabelledPassage(ReadPassage("", text, spans), right=frozenset({1} if len(spans) > 1 else ()))
    group = encode(PassageGroup(QUESTION, (passage,)), load_tokenizer())
    assert group is not None
    return group


@pytest.fixture(scope="module")
def trained(plan: Plan) -> Path:
    """The checkpoint that the training left."""
    train(plan)
    return plan.out / "0" / "reader.pt"


def with_time(plan: Plan, out: Path, *, minutes: float | None = None, until: float | None = None) -> Plan:
    return Plan(plan.base, (), out, plan.data, minutes=minutes, until=until, frozen_layers=1, learning_rate=1e-3)


def test_training_leaves_a_checkpoint_of_other_weights_but_for_what_is_frozen(plan: Plan, trained: Path) -> None:
    state = torch.load(trained, weights_only=True)
    before = read_base(plan.base)
    changed = {name for name, values in state["model"].items() if not np.array_equal(values.numpy(), before[name])}
    assert any(".layer.1." in name for name in changed)
    assert {"scores.weight", "passage.weight"} <= changed
    assert not any("embeddings" in name or ".layer.0." in name for name in changed)
    assert state["seen"] >= state["steps"] > 0
    assert state["spent"] >= SECONDS


def test_a_training_whose_time_is_up_goes_no_further(plan: Plan, trained: Path) -> None:
    before = torch.load(trained, weights_only=True)
    train(plan)
    after = torch.load(trained, weights_only=True)
    assert (after["seen"], after["spent"]) == (before["seen"], before["spent"])


def test_a_training_given_more_time_goes_on_from_its_checkpoint(plan: Plan, trained: Path) -> None:
    before = torch.load(trained, weights_only=True)
    until = before["spent"] + SECONDS
    train(with_time(plan, plan.out, minutes=until / 60))
    after = torch.load(trained, weights_only=True)
    assert after["seen"] > before["seen"]
    assert after["spent"] >= until


def test_a_training_may_end_at_a_time_of_the_clock(plan: Plan, tmp_path: Path) -> None:
    started = time.time()
    train(with_time(plan, tmp_path, until=started + 2))
    assert torch.load(tmp_path / "0" / "reader.pt", weights_only=True)["steps"] > 0
    assert time.time() >= started + 2


def test_while_a_file_pause_lies_there_it_waits_and_learns_nothing(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "pause").touch()
    with ThreadPoolExecutor(1) as beside:
        training = beside.submit(train, with_time(plan, tmp_path, until=time.time() + 2))
        time.sleep(3)
        assert not training.done()
        (tmp_path / "pause").unlink()
    training.result()
    assert torch.load(tmp_path / "0" / "reader.pt", weights_only=True)["steps"] == 0


def test_the_rate_goes_up_for_a_twenty_fifth_of_the_time_and_then_down_to_nothing() -> None:
    rates = [rate_at(share) for share in (0.0, 0.02, 0.04, 0.52, 1.0)]
    assert rates == pytest.approx([0.05, 0.5, 1.0, 0.5, 0.0])


def test_the_exported_reader_scores_as_the_trained_one(trained: Path, tmp_path: Path) -> None:
    export([trained.parent.parent], tmp_path, quantise=False)
    served = Reader.load(tmp_path)
    assert served is not None
    passage = ReadPassage("The mill > Water", PASSAGE, SPANS)
    (reading,) = served.read(QUESTION, [passage])

    group = encode(PassageGroup(QUESTION, (LabelledPassage(passage),)), load_tokenizer())
    assert group is not None
    model = reader_of(tensors_in(tiny_reader())).eval()
    model.load_state_dict(torch.load(trained, weights_only=True)["model"])
    with torch.no_grad():
        tokens, whole = model(*tensors_of(group.passages))
    expected = sentence_scores(PassageScores(tokens[0], whole[0]), group.passages[0])
    assert [reading.relevance, reading.answers] == pytest.approx(whole[0].tolist(), abs=1e-3)
    assert reading.sentences == pytest.approx([s[SENTENCE].item() for s in expected.values()], abs=1e-3)
    assert reading.belongs == pytest.approx([s[BELONGS].item() for s in expected.values()], abs=1e-3)


def test_a_question_is_as_hard_as_the_reader_loses_by_it(plan: Plan) -> None:
    group = group_of(PASSAGE)
    with torch.no_grad():
        lost = group_loss(group, run(reader_of(read_base(plan.base)).eval(), group.passages), random.Random(0), Tally())
    weighed, hardness = weigh_with(plan.base, 0)(group)
    assert weighed == group
    assert hardness == pytest.approx(lost.item(), abs=1e-3)


def test_what_the_frozen_layers_make_of_passages_is_not_computed_again(plan: Plan) -> None:
    model = reader_of(read_base(plan.base)).eval()
    freeze(model, 1)
    passages = [*group_of(PASSAGE).passages, *group_of(SENTENCES[0]).passages]
    weigh = weigh_with(plan.base, 1)
    with_states = [weigh(EncodedGroup((passage,)))[0].passages[0] for passage in passages]
    with torch.no_grad():
        whole = run(model, passages)
        for weights in model.encoder.encoder.layer[0].parameters():
            torch.nn.init.zeros_(weights)  # were the layer used, all scores would change
        upper = run(model, with_states)
    for expected, got, passage in zip(whole, upper, passages, strict=True):
        assert got.passage.tolist() == pytest.approx(expected.passage.tolist(), abs=0.02)
        assert (got.tokens - expected.tokens)[: len(passage.ids)].abs().max() < 0.02


def test_a_training_may_learn_from_the_hardest_of_some_questions(plan: Plan, tmp_path: Path) -> None:
    train(replace(plan, out=tmp_path, hardest_of=2))
    assert torch.load(tmp_path / "0" / CHECKPOINT, weights_only=True)["seen"] > 0


def test_what_is_exported_says_how_much_was_seen_and_takes_the_mean_of_all_runs(tmp_path: Path) -> None:
    one, other = checkpoint(tmp_path / "a" / "0", tiny_reader(0), 7), checkpoint(tmp_path / "b", tiny_reader(1), 5)
    export([one.parent, other], tmp_path / "out", quantise=False)
    described = json.loads((tmp_path / "out" / "reader.json").read_text())
    found = read_base(tmp_path / "out" / "reader.onnx")["passage.weight"]
    both = [tensors_in(tiny_reader(seed))["passage.weight"] for seed in (0, 1)]
    assert described["passages_seen"] == 12
    np.testing.assert_allclose(found, (both[0] + both[1]) / 2, atol=1e-6)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no reader\.pt in "):
        export([tmp_path], tmp_path / "out")


def test_a_table_in_bytes_is_off_by_half_a_step_at_most() -> None:
    table = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    found = in_bytes(table)
    assert found.scale is not None
    assert found.zero is not None
    widened = (found.weight.astype(np.float32) - np.float32(found.zero)) * np.float32(found.scale)
    # The zero lies on a step too, which moves all by up to another half.
    assert np.abs(widened - table).max() <= float(np.float32(found.scale)) * 1.001


def test_two_processes_train_side_by_side(plan: Plan, tmp_path: Path) -> None:
    train(Plan(plan.base, (), tmp_path, plan.data, minutes=SECONDS / 60, processes=2, frozen_layers=1))
    states = [torch.load(tmp_path / name / "reader.pt", weights_only=True) for name in ("0", "1")]
    assert all(state["steps"] > 0 for state in states)
    assert not torch.equal(states[0]["model"]["passage.weight"], states[1]["model"]["passage.weight"])


def test_in_int8_the_scores_are_nearly_those_in_float32(tmp_path: Path) -> None:
    run = checkpoint(tmp_path / "run", tiny_reader())
    readings = []
    for name, quantise in (("int8", True), ("float32", False)):
        export([run], tmp_path / name, quantise=quantise)
        served = Reader.load(tmp_path / name)
        assert served is not None
        readings += served.read(QUESTION, [ReadPassage("The mill", PASSAGE, SPANS)])
    int8, float32 = readings
    assert all(math.isfinite(score) for score in int8.sentences)
    assert int8.sentences == pytest.approx(float32.sentences, abs=0.05)
    assert int8.answers == pytest.approx(float32.answers, abs=0.05)
    sizes = [(tmp_path / name / "reader.onnx").stat().st_size for name in ("int8", "float32")]
    assert sizes[0] < 0.3 * sizes[1]
