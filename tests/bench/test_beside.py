"""What the measuring beside other programs computes and shows; none of them is needed here."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rag.evaluate.cases import Case
from rag.models.catalogue import find_model
from rag.models.reader import WEIGHTS_FOLDER
from rag.records import Span
from rag.settings import BUNDLED_MODEL
from tests.bench.beside.corpus import evenly, squad_corpus
from tests.bench.beside.driver import parse_answer
from tests.bench.beside.figures import (
    Footprint,
    Sample,
    Summary,
    Variant,
    best_of,
    fastest_as_good,
    percentile,
    summarise,
)
from tests.bench.beside.judge import Judge, sentence_at
from tests.bench.beside.plot import axis, latency_plot, place
from tests.bench.beside.table import footprint_table, latency_table, ratio, share, verdict_table
from tests.bench.rivals.convert import checkpoint_weights
from tests.bench.rivals.driving import Models, Passage, Place, Reply, serve_lines
from tests.bench.rivals.environments import HERE, RIVALS, missing

TEXT = "Normandy is in France. It was named after the Normans. They came in 911."
SUMMARIES = [
    Summary(Variant("citewell", 5), True, 100, 0.86, 0, 0.1, 0.13, 0.2, {"read": (0.08, 0.08, 0.08)}),
    Summary(
        Variant("haystack", 10),
        True,
        100,
        0.87,
        0,
        0.65,
        0.7,
        0.9,
        {"read": (0.6, 0.6, 0.6)},
    ),
    Summary(Variant("haystack", 5), False, 100, 0.86, 0, 0.33, 0.4, 0.5, {}),
    Summary(Variant("haystack", 1), False, 100, 0.6, 0, 0.05, 0.06, 0.07, {}),
    Summary(Variant("txtai", 3), True, 100, 0.4, 2, 0.2, 0.3, 0.4, {}),
]


@pytest.mark.parametrize(
    ("share_of", "expected"), [(0.01, 1), (0.07, 7), (0.5, 50), (0.95, 95), (0.99, 99), (0.991, 100), (1, 100)]
)
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(share_of: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), share_of) == expected


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="of 0 values"):
        percentile([], 0.5)


def test_failures_count_as_wrong_and_stages_have_their_percentiles() -> None:
    samples = [
        Sample(0.1, True, False, {"read": 0.05}),
        Sample(0.3, False, True, {}),
        Sample(0.2, True, False, {"read": 0.15}),
    ]
    found = summarise(Variant("txtai", 3), samples, is_default=True)
    assert (found.right, found.failed, found.p50, found.p99) == (pytest.approx(2 / 3), 1, 0.2, 0.3)
    assert found.stages == {"read": (0.05, 0.15, 0.15)}


def test_the_fastest_variant_counts_only_if_it_is_right_as_often_as_ours() -> None:
    assert fastest_as_good("haystack", SUMMARIES) is SUMMARIES[2]
    assert fastest_as_good("txtai", SUMMARIES) is None
    assert best_of("haystack", SUMMARIES) is SUMMARIES[1]


def test_the_verdict_has_default_and_fairest_variant_of_each_rival() -> None:
    rows = verdict_table(SUMMARIES).splitlines()[2:]
    assert rows == [
        "| haystack | default: 10 read | .870, .860 | 6.5 | 5.4 |",
        "| haystack | fastest that is right as often: 5 read | .860, .860 | 3.3 | 3.1 |",
        "| txtai | default, none is right as often; its most accurate: 3 read | .400, .860 | 2.0 | 2.3 |",
    ]


def test_the_latency_table_says_what_is_default_what_failed_and_how_many_times_ours() -> None:
    rows = latency_table(SUMMARIES).splitlines()
    assert "| **citewell, 5 read** (default) | .860 | 0 | 100 | 130 | 200 | 1.0 |" in rows
    assert "| haystack, 1 read | .600 | 0 | 50 | 60 | 70 | 0.50 |" in rows
    assert "| txtai, 3 read (default) | .400 | 2 | 200 | 300 | 400 | 2.0 |" in rows


def test_ratios_of_footprints_are_above_one_where_ours_is_better() -> None:
    ours = Footprint("citewell", 20.0, 1.0, 2.0, 200_000_000, 4_000_000, 113_000_000, 300_000_000)
    other = Footprint("haystack", 10.0, 20.0, 30.0, None, 2_000_000, 180_000_000, 1_500_000_000)
    rows = footprint_table([ours, other])
    assert "| passages indexed a second | 20.0 | 10.0 (2.0) |" in rows
    assert "| process start to first answer | 2.00 s | 30.0 s (15) |" in rows
    assert "| memory (PSS), after some questions | 200 MB | - |" in rows
    assert "| index on disk | 4.0 MB | 2.0 MB (0.50) |" in rows


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.50"), (2.04, "2.0"), (23.6, "24")])
def test_a_ratio_has_two_telling_figures(value: float, shown: str) -> None:
    assert ratio(value, 1.0) == shown


def test_a_share_has_three_places() -> None:
    assert [share(0.8654), share(1.0)] == [".865", "1.000"]


def test_the_plot_is_well_formed_and_has_a_dot_for_each_variant_on_a_logarithmic_axis() -> None:
    drawn = ET.fromstring(latency_plot(SUMMARIES, title="646 passages & <2> cores"))  # noqa: S314 - made here
    circles = [float(dot.attrib["cx"]) for dot in drawn.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(circles) == len(SUMMARIES)
    # From 0.1 to 0.2 s is as far as from 0.05 to 0.1 s.
    assert circles[4] - circles[0] == pytest.approx(circles[0] - circles[3], abs=0.2)


def test_the_axis_holds_all_values_between_round_ends() -> None:
    low, high = axis([0.07, 0.9])
    assert (low, high) == pytest.approx((0.05, 1.0))
    assert place(low, low, high) < place(0.07, low, high) < place(high, low, high)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (0, 8, "Normandy is in France."),
        (46, 53, "It was named after the Normans."),
        (15, 53, "It was named after the Normans."),  # of two the one that holds more of it
    ],
)
def test_an_answer_lies_in_the_sentence_that_holds_most_of_it(start: int, end: int, words: str) -> None:
    sentences = [Span(0, 22), Span(23, 54), Span(55, 72)]
    found = sentence_at(sentences, start, end)
    assert found is not None
    assert found.of(TEXT) == words


def test_between_sentences_there_is_no_answer() -> None:
    assert sentence_at([Span(0, 22), Span(23, 54)], 22, 23) is None
    assert sentence_at([], 0, 5) is None


def test_right_is_the_place_or_the_same_sentence_elsewhere() -> None:
    judge = Judge({"a": TEXT, "b": "Elsewhere.  They came in 911.", "c": "The year 911 was cold."})
    case = Case("When did they come?", ("911",), document_id="a", places=(Span(68, 71),))
    assert judge.is_right(case, [("a", 68, 71)])
    assert judge.is_right(case, [("a", 0, 5), ("b", 12, 16)])
    assert not judge.is_right(case, [("c", 9, 12)])
    assert not judge.is_right(case, [])


def test_without_places_a_named_sentence_is_right_or_one_that_holds_an_answer() -> None:
    judge = Judge({"a": TEXT})
    assert judge.is_right(Case("When?", ("911",)), [("a", 55, 60)])
    assert not judge.is_right(Case("When?", ("911",), sentences=("Another one.",)), [("a", 55, 60)])


def test_questions_are_spread_evenly_and_the_same_for_a_seed() -> None:
    chosen = evenly(range(1000), 10, seed=3)
    assert chosen == evenly(range(1000), 10, seed=3)
    assert {later - earlier for earlier, later in pairwise(chosen)} == {100}
    assert evenly([1, 2], 5, seed=0) == [1, 2]


def test_questions_are_of_the_passages_that_are_there(tmp_path: Path) -> None:
    def asked(number: int) -> dict[str, object]:
        answers = [{"text": f"number {number}", "answer_start": 8}]
        return {"question": f"Which is {number}?", "answers": answers, "is_impossible": False}

    paragraphs = [{"context": f"This is number {n}.", "qas": [asked(n)]} for n in range(10)]
    path = tmp_path / "small.json"
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}), encoding="utf-8")
    corpus = squad_corpus(path, passages=3, questions=5, seed=1)
    assert len(corpus.passages) == len(corpus.cases) == 3
    assert {case.document_id for case in corpus.cases} == set(corpus.passages)


class Echo:
    """Answers with the question; fails when it is empty."""

    name = "echo"
    packages: tuple[str, ...] = ()
    reads = 2

    def __init__(self, models: Models) -> None:
        del models

    def build(self, passages: list[Passage], folder: Path) -> None: ...

    def load(self, folder: Path) -> None: ...

    def ask(self, question: str, read: int) -> Reply:
        if not question:
            raise ValueError("nothing was asked")
        return Reply(question, [Place("a", 0, read)], {"read": 0.1})


def test_a_driver_answers_each_line_and_a_failure_does_not_end_it() -> None:
    given = "".join(json.dumps(line) + "\n" for line in ({"ask": "One?"}, {"ask": ""}, {"ask": "Two?", "read": 7}))
    answers = io.StringIO()
    serve_lines(Echo(Models(Path(), Path())), io.StringIO(given), answers)
    one, failed, two = (parse_answer(json.loads(line)) for line in answers.getvalue().splitlines())
    assert (one.text, one.places, one.stages) == ("One?", (("a", 0, 2),), {"read": 0.1})
    assert "nothing was asked" in failed.error
    assert failed.places == ()
    assert two.places == (("a", 0, 7),)


def test_the_converted_reader_has_every_weight_of_its_kind_in_its_shape() -> None:
    weights = checkpoint_weights(WEIGHTS_FOLDER / "reader.onnx")
    encoder = find_model(BUNDLED_MODEL)
    hidden = json.loads((encoder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    assert weights["qa_outputs.weight"].shape == (2, hidden)
    assert weights["bert.encoder.layer.11.intermediate.dense.weight"].shape == (4 * hidden, hidden)
    assert weights["bert.embeddings.word_embeddings.weight"].shape == (30522, hidden)
    assert len(weights) == 5 + 12 * 16 + 2
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in weights.values())


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_is_pinned_and_brings_no_cuda(name: str) -> None:
    lines = (HERE / f"requirements-{name}.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.\[\]-]+==[\w.]+", package) for package in packages)
    assert "torch==2.13.0" in packages
    assert not [package for package in packages if package.startswith(("nvidia", "cuda", "triton"))]
    assert (HERE / f"drive_{name}.py").is_file()


def test_an_environment_that_was_not_made_is_missing(tmp_path: Path) -> None:
    (tmp_path / "txtai").mkdir()
    (tmp_path / "txtai" / "made-from").touch()
    assert missing(["haystack", "txtai"], tmp_path) == ["haystack"]
