"""The figures are those of the worked examples, and a right sentence is right by its place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.answer.ask import Examination
from rag.answer.compose import SourceTexts, compose_answer
from rag.answer.confidence import Thresholds
from rag.answer.question import analyse_question
from rag.app import Citewell
from rag.errors import InputError
from rag.evaluate.cases import Case, Outcome, read_cases, read_squad
from rag.evaluate.figures import question_word, summarise
from rag.evaluate.run import evaluate_file, judge
from rag.records import Confidence, Extract, Hit, Span
from tests.support.scenes import Line, Page

ANSWERABLE = Case("q", answers=("weir",))
UNANSWERABLE = Case("q")


def outcome(
    case: Case, *, answered: bool = True, right: bool = False, rank: int | None = None, confidence: float = 0.0
) -> Outcome:
    return Outcome(case, answered, right, rank, confidence, milliseconds=10.0, best="A sentence.")


def test_every_figure_of_a_run() -> None:
    """Three answerable questions and two that are not, of the five three answered.

    Ranks 1, 2 and none: recall 1/3, 2/3, 2/3, and MRR (1 + 1/2 + 0) / 3. The best sentence is right for two of three,
    and shown for one. Declined are one answerable and one unanswerable question: precision 1/2, recall 1/2. Answered
    are one right and two wrong: 2/3. Calibration, bin by bin: |0.95 - 1|, |0.3 - 1|, 0.6, 0.8 and 0.1, over five:
    the second is right though it was not shown. The surest half, two and a half of five: one right, one and a half
    wrong. Of six pairs answerable over unanswerable, 0.95 wins two, 0.3 and 0.6 one each; of six right over wrong, 0.95
    wins three and 0.3 one. No words were marked: the two unanswerable ones count as matched, whatever the threshold.
    """
    outcomes = [
        outcome(ANSWERABLE, right=True, rank=1, confidence=0.95),
        outcome(ANSWERABLE, answered=False, right=True, rank=2, confidence=0.3),
        outcome(ANSWERABLE, confidence=0.6),
        outcome(UNANSWERABLE, confidence=0.8),
        outcome(UNANSWERABLE, answered=False, confidence=0.1),
    ]
    figures = summarise(outcomes)
    trade = {row.pop("min_confidence"): row for row in figures.pop("trade")}
    for read_apart in ("by_question_word", "risk_coverage", "reliability", "worst"):
        assert figures.pop(read_apart)
    assert figures == {
        "questions": 5,
        "answerable": 3,
        "recall_at_1": 0.3333,
        "recall_at_5": 0.6667,
        "recall_at_20": 0.6667,
        "mrr": 0.5,
        "top_sentence_accuracy": 0.6667,
        "sentence_accuracy": 0.3333,
        "answered_share": 0.6,
        "no_answer_precision": 0.5,
        "no_answer_recall": 0.5,
        "wrong_answer_rate": 0.6667,
        "wrong_at_half": 0.6,
        "answerable_auc": 0.6667,
        "right_auc": 0.6667,
        "calibration_error": 0.45,
        "further_sentences": 0,
        "further_right": None,
        "any_sentence_accuracy": 0.3333,
        "exact_match": 0.4,
        "f1": 0.4,
        "f1_answerable": 0.0,
        "best_exact_match": 0.4,
        "best_exact_match_threshold": None,
        "best_f1": 0.4,
        "best_f1_threshold": None,
        "latency_ms": {"p50": 10.0, "p95": 10.0, "p99": 10.0},
    }
    assert sorted(trade) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert trade[0.7] == {
        "answered_share": 0.4,
        "wrong_answer_rate": 0.5,
        "answerable_right": 0.3333,
        "unanswerable_declined": 0.5,
    }


@pytest.mark.parametrize(
    ("rank", "recalls"),
    [
        pytest.param(1, (1.0, 1.0, 1.0), id="first"),
        pytest.param(5, (0.0, 1.0, 1.0), id="fifth"),
        pytest.param(6, (0.0, 0.0, 1.0), id="sixth"),
        pytest.param(20, (0.0, 0.0, 1.0), id="twentieth"),
        pytest.param(None, (0.0, 0.0, 0.0), id="not found"),
    ],
)
def test_recall_counts_the_rank_itself(rank: int | None, recalls: tuple[float, ...]) -> None:
    figures = summarise([outcome(ANSWERABLE, rank=rank)])
    assert (figures["recall_at_1"], figures["recall_at_5"], figures["recall_at_20"]) == recalls


def test_the_worst_are_first_what_was_shown_and_wrong_the_surest_first_then_what_was_missed() -> None:
    outcomes = [
        outcome(ANSWERABLE, right=True, confidence=1.0),
        outcome(ANSWERABLE, answered=False, right=True, confidence=0.2),
        outcome(ANSWERABLE, answered=False, confidence=0.1),
        outcome(ANSWERABLE, confidence=0.6),
        outcome(UNANSWERABLE, confidence=0.8),
        outcome(UNANSWERABLE, answered=False, confidence=0.0),
    ]
    worst = [(case["confidence"], case["fault"]) for case in summarise(outcomes)["worst"]]
    assert worst == [
        (0.8, "answered, and there is no answer"),
        (0.6, "answered, and it is another sentence"),
        (0.1, "declined, and there is an answer"),
        (0.2, "held back, and it was right"),
    ]


def test_no_more_than_twenty_of_the_worst_are_given() -> None:
    assert len(summarise([outcome(UNANSWERABLE, confidence=0.5)] * 30)["worst"]) == 20


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Who built it?", "who"),
        ("Whose weir is it?", "who"),
        ("In what year was it built?", "what"),
        ("How  many gates has it?", "how many"),
        ("How is it opened?", "how"),
        ("Name the keeper.", "other"),
        ("Is it shown?", "other"),
    ],
)
def test_the_question_word(question: str, word: str) -> None:
    assert question_word(question) == word


def test_figures_stand_beside_each_question_word() -> None:
    who, how = Case("Who?", answers=("weir",)), Case("How?")
    figures = summarise([outcome(who, right=True), outcome(who), outcome(how, answered=False)])["by_question_word"]
    assert list(figures) == ["who", "how"]
    assert (figures["who"]["questions"], figures["who"]["top_sentence_accuracy"]) == (2, 0.5)
    assert (figures["how"]["answered_share"], figures["how"]["wrong_answer_rate"]) == (0.0, None)


def test_shares_of_nothing_are_none() -> None:
    figures = summarise([outcome(UNANSWERABLE, answered=False)])
    nothing = ["recall_at_1", "mrr", "top_sentence_accuracy", "sentence_accuracy", "wrong_answer_rate"]
    assert {name: figures[name] for name in nothing} == dict.fromkeys(nothing)
    assert figures["no_answer_recall"] == 1.0


def test_latencies_are_nearest_rank_percentiles() -> None:
    """Of 1 to 100 in any order the p-th percentile is p."""
    outcomes = [Outcome(ANSWERABLE, True, True, 1, 1.0, float(ms), "x") for ms in range(100, 0, -1)]
    assert summarise(outcomes)["latency_ms"] == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


PAGE = Page("page", Line("The mill was built in 1912."), Line("It burnt down in 1912, too."), Line("It was rebuilt."))
COPY = Page("copy", Line("A town."), Line("The  mill was built in\t1912."))


def examined(*hits: Hit, best: tuple[Hit, int] | None, further: tuple[Hit, int] | None = None) -> Examination:
    """As if `best` were the best sentence, by hit and position in it, and `further` as good."""
    found = []
    for hit, position in filter(None, (best, further)):
        sentence = hit.chunk.sentences[position]
        found.append(Extract(hit, sentence, sentence.span, 1.0, {"holds": 1.0}))
    pages = {"page": PAGE.text, "copy": COPY.text}
    answer = compose_answer(
        analyse_question("When?", max_chars=10),
        found,
        Confidence(0.7, "medium"),
        hits=hits,
        texts=SourceTexts(pages.__getitem__, lambda _: None, lambda _: ()),
        max_sentences=2,
        thresholds=Thresholds(0.5, 0.5),
        index_version=1,
    )
    return Examination(hits, tuple(found), {}, answer)


GOLD = Case("When?", ("1912",), document_id="page", places=(Span(22, 26),))


def test_a_sentence_that_holds_the_answer_at_its_place_is_right() -> None:
    hit = PAGE.hit()
    assert judge(GOLD, examined(hit, best=(hit, 0)), 3.0) == Outcome(
        case=GOLD,
        answered=True,
        right=True,
        rank=1,
        confidence=0.7,
        milliseconds=3.0,
        best="The mill was built in 1912.",
        words="The mill was built in 1912.",
        any_right=True,
    )


@pytest.mark.parametrize(("first", "second", "right"), [(2, 0, True), (0, 2, False)])
def test_a_further_sentence_is_judged_as_the_first_is(first: int, second: int, right: bool) -> None:
    hit = PAGE.hit()
    found = judge(GOLD, examined(hit, best=(hit, first), further=(hit, second)), 0.0)
    assert (found.right, found.further) == (not right, (right,))
    figures = summarise([found, replace(found, case=UNANSWERABLE)])
    assert (figures["further_sentences"], figures["further_right"]) == (2, 0.5 if right else 0.0)
    assert figures["any_sentence_accuracy"] == 1.0


def test_the_same_string_in_another_sentence_is_wrong() -> None:
    hit = PAGE.hit()
    assert not judge(GOLD, examined(hit, best=(hit, 1)), 0.0).right


def test_the_same_place_in_another_document_is_wrong() -> None:
    other = Page("copy", Line("The inn was built in 1 912."))
    hit = other.hit()
    result = judge(GOLD, examined(hit, best=(hit, 0)), 0.0)
    assert (result.right, result.rank) == (False, None)


def test_the_same_sentence_elsewhere_is_right_in_any_layout() -> None:
    """The copy counts because the gold sentence was found too, and is known from its place."""
    first, second = COPY.hit(chunk_id=2), PAGE.hit()
    result = judge(GOLD, examined(first, second, best=(first, 1)), 0.0)
    assert (result.right, result.rank) == (True, 1)


def test_the_rank_is_that_of_the_first_passage_with_the_gold_place() -> None:
    later, right = PAGE.hit(1, 3, chunk_id=2), PAGE.hit(0, 1)
    assert judge(GOLD, examined(later, right, best=(later, 0)), 0.0).rank == 2


def test_a_gold_sentence_of_a_question_file_is_compared_as_a_sentence() -> None:
    hit = PAGE.hit()
    case = Case("When?", ("1912",), sentences=("The mill  was built in 1912.",))
    assert judge(case, examined(hit, best=(hit, 0)), 0.0).right
    assert not judge(case, examined(hit, best=(hit, 1)), 0.0).right


def test_without_a_gold_sentence_the_answer_must_stand_in_the_sentence() -> None:
    hit = PAGE.hit()
    assert judge(Case("When?", ("1912",)), examined(hit, best=(hit, 1)), 0.0).right
    assert not judge(Case("When?", ("1912",)), examined(hit, best=(hit, 2)), 0.0).right


def test_nothing_is_right_for_a_question_without_an_answer() -> None:
    hit = PAGE.hit()
    result = judge(UNANSWERABLE, examined(hit, best=(hit, 0)), 0.0)
    assert (result.right, result.rank, result.answered) == (False, None, True)


def test_no_sentence_found_is_not_answered() -> None:
    assert judge(GOLD, examined(best=None), 1.0) == Outcome(GOLD, False, False, None, 0.7, 1.0, "")


def test_cases_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    lines = [
        {"question": "When?", "answers": ["1912"], "sentence": "Built in 1912.", "also": ["In 1912."], "kind": "when"},
        {"question": "Who?", "answers": []},
    ]
    path.write_text("\n\n".join(map(json.dumps, lines)) + "\n")
    assert read_cases(path) == [Case("When?", ("1912",), ("Built in 1912.", "In 1912.")), Case("Who?")]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="not JSON"),
        pytest.param('["question"]', id="not an object"),
        pytest.param('{"answers": []}', id="no question"),
        pytest.param('{"question": "Who?"}', id="no answers"),
        pytest.param('{"question": "Who?", "answers": null}', id="answers are not a list"),
        pytest.param('{"question": "Who?", "answers": "Jane"}', id="answers are a text"),
        pytest.param('{"question": 5, "answers": []}', id="the question is no text"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "Who?", "answers": []}\n\n' + line)
    with pytest.raises(InputError) as caught:
        read_cases(path)
    assert str(caught.value).startswith(f'{path}, line 3: expected an object with "question" and a list "answers"; ')


def test_a_question_file_without_questions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n")
    with pytest.raises(InputError, match=r"questions\.jsonl holds no question\.$"):
        read_cases(path)


@pytest.mark.parametrize("read", [read_cases, read_squad])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, read: Any) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary"):
        with pytest.raises(InputError, match=rf"^The question file {tmp_path / name} cannot be read: "):
            read(tmp_path / name)


CONTEXT = "  The mill was built in 1912.\nIt burnt down in 1913."


def squad(tmp_path: Path, *asked: dict[str, Any]) -> Path:
    path = tmp_path / "squad.json"
    paragraph = {"context": CONTEXT, "qas": list(asked)}
    path.write_text(json.dumps({"data": [{"title": "Norwick_Mill", "paragraphs": [paragraph]}]}))
    return path


def asked(text: str, start: int) -> dict[str, Any]:
    return {"question": " When? ", "answers": [{"text": text, "answer_start": start}]}


def test_a_paragraph_is_a_document_and_its_text_is_taken_as_it_is(tmp_path: Path) -> None:
    (document,), (case,) = read_squad(squad(tmp_path, asked("1913", CONTEXT.index("1913"))))
    assert (document.text, document.source.title) == (CONTEXT, "Norwick Mill")
    assert [block.span.of(CONTEXT) for block in document.blocks] == CONTEXT.split("\n")
    assert case == Case("When?", ("1913",), document_id=document.source.id, places=(Span(47, 51),))


def test_an_answer_with_a_wrong_offset_is_looked_up(tmp_path: Path) -> None:
    _, (case,) = read_squad(squad(tmp_path, asked("1913", 3)))
    assert [place.of(CONTEXT) for place in case.places] == ["1913"]


def test_a_question_whose_answer_does_not_stand_there_is_left_out(tmp_path: Path) -> None:
    _, cases = read_squad(squad(tmp_path, asked("1999", 3), asked("1912", 24)))
    assert [case.answers for case in cases] == [("1912",)]


def test_an_impossible_question_has_no_answer_whatever_is_plausible(tmp_path: Path) -> None:
    impossible = {"question": "Why?", "is_impossible": True, "answers": [], "plausible_answers": [{"text": "1912"}]}
    _, (case,) = read_squad(squad(tmp_path, impossible))
    assert not case.is_answerable


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"data": [{}]}', '{"data": [{"paragraphs": [{}]}]}'])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "squad.json"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"^{path} is not a SQuAD file: expected data\[\]\.paragraphs\[\]\.qas\[\]; "):
        read_squad(path)


def test_a_question_file_is_asked_of_the_documents_that_are_there(citewell: Citewell, tmp_path: Path) -> None:
    path, told = tmp_path / "questions.jsonl", list[tuple[int, int]]()
    path.write_text('{"question": "Who flew to the moon?", "answers": []}\n' * 2)
    figures = evaluate_file(citewell, path, progress=lambda done, total: told.append((done, total)))
    assert (figures["questions"], figures["answerable"], told) == (2, 0, [(1, 2), (2, 2)])
