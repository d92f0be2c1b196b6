from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from rag.models import find_model
from rag.records import Span
from rag.settings import BUNDLED_MODEL
from rag.training.example import Example
from rag.training.model import MAX_TOKENS, Encoded, Reader, encode, loss, mark_ids, sentence_logits, tensors

QUESTION = "What is held back?"
SENTENCES = ("The weir was built in 1911.", "It holds back the mill pond.", "A keeper opens the gate.")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    loaded: Tokenizer = Tokenizer.from_file(str(find_model(BUNDLED_MODEL) / "tokenizer.json"))
    loaded.no_padding()
    loaded.no_truncation()
    return loaded


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader of one thin layer: the same code, in milliseconds."""
    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    BertModel(
        BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16),
        add_pooling_layer=False,
    ).save_pretrained(folder)
    return Reader(folder).eval()


def example(answer: int, answering: str = "", sentences: tuple[str, ...] = SENTENCES) -> Example:
    passage = " ".join(sentences)
    starts = [sum(len(s) + 1 for s in sentences[:i]) for i in range(len(sentences))]
    spans = tuple(Span(start, start + len(s)) for start, s in zip(starts, sentences, strict=True))
    if not answering:
        return Example(QUESTION, passage, spans, answer)
    start = starts[answer] + sentences[answer].index(answering)
    return Example(QUESTION, passage, spans, answer, Span(start, start + len(answering)))


def encoded(tokenizer: Tokenizer, given_example: Example) -> Encoded:
    item = encode(given_example, tokenizer)
    assert item is not None
    return item


def words(tokenizer: Tokenizer, item: Encoded, first: int, last: int) -> str:
    return str(tokenizer.decode(list(item.ids[first:last])))


def test_the_input_is_question_and_passage_between_marks(tokenizer: Tokenizer) -> None:
    item = encoded(tokenizer, example(1, "the mill pond"))
    cls, sep = mark_ids(tokenizer)
    assert (item.ids[0], item.ids[item.passage_from - 1], item.ids[-1]) == (cls, sep, sep)
    assert words(tokenizer, item, 1, item.passage_from - 1) == "what is held back?"
    assert words(tokenizer, item, item.passage_from, len(item.ids) - 1) == " ".join(SENTENCES).lower()


def test_sentences_and_the_span_are_found_again_in_the_tokens(tokenizer: Tokenizer) -> None:
    item = encoded(tokenizer, example(1, "the mill pond"))
    assert [words(tokenizer, item, a, b) for a, b in item.sentences] == [s.lower() for s in SENTENCES]
    assert words(tokenizer, item, item.start, item.end + 1) == "the mill pond"
    assert item.answer == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [pytest.param(-1, (-1, 0, 0), id="not here"), pytest.param(1, (1, -1, -1), id="a sentence, no span")],
)
def test_what_is_to_be_learned_says_what_is_not_known(
    tokenizer: Tokenizer, answer: int, expected: tuple[int, int, int]
) -> None:
    item = encoded(tokenizer, example(answer))
    assert (item.answer, item.start, item.end) == expected


LONG = tuple(f"Gate {number} of the weir opens each spring for a week or so." for number in range(60))


@pytest.mark.parametrize("answer", [0, 1, 30, 58, 59])
def test_a_long_passage_is_cut_to_whole_sentences_that_hold_the_answer(tokenizer: Tokenizer, answer: int) -> None:
    item = encoded(tokenizer, example(answer, "each spring", LONG))
    assert MAX_TOKENS - 20 < len(item.ids) <= MAX_TOKENS
    assert words(tokenizer, item, *item.sentences[item.answer]) == LONG[answer].lower()
    assert words(tokenizer, item, item.start, item.end + 1) == "each spring"
    low, high = item.sentences[item.answer]
    assert low <= item.start <= item.end < high


def test_a_cut_passage_keeps_neighbours_on_both_sides(tokenizer: Tokenizer) -> None:
    item = encoded(tokenizer, example(30, "each spring", LONG))
    assert abs(item.answer - (len(item.sentences) - 1 - item.answer)) <= 1


@pytest.mark.parametrize(
    ("sentences", "answer"),
    [
        pytest.param(("weir " * 300 + ".", "Short."), 0, id="answer longer than the window"),
        pytest.param(("Short.", "\u200b", "Other."), 0, id="sentence without a token"),
        pytest.param((), -1, id="no sentence"),
    ],
)
def test_what_cannot_be_learned_from_is_left_out(tokenizer: Tokenizer, sentences: tuple[str, ...], answer: int) -> None:
    assert encode(example(answer, sentences=sentences), tokenizer) is None


def test_a_long_question_is_cut_and_the_whole_still_fits(tokenizer: Tokenizer) -> None:
    given_example = example(30, "each spring", LONG)
    long = Example("why " * 500, given_example.passage, given_example.sentences, 30, given_example.span)
    assert len(encoded(tokenizer, long).ids) <= MAX_TOKENS


def test_a_sentence_scores_the_mean_of_its_tokens_and_the_first_token_is_not_here() -> None:
    item = Encoded(ids=(0,) * 7, passage_from=2, sentences=((2, 4), (4, 6)), answer=0, start=2, end=3)
    scores = torch.tensor([0.5, 100.0, 1.0, 3.0, -2.0, -4.0, 100.0])
    assert sentence_logits(scores, item).tolist() == [0.5, 2.0, -3.0]


def test_padding_is_masked_and_the_passage_has_its_own_token_type(tokenizer: Tokenizer) -> None:
    short, long = encoded(tokenizer, example(0, "1911", SENTENCES[:1])), encoded(tokenizer, example(-1))
    ids, mask, types = tensors([short, long])
    assert mask.sum(1).tolist() == [len(short.ids), len(long.ids)]
    assert ids[0, : len(short.ids)].tolist() == list(short.ids)
    assert ids[0, len(short.ids) :].sum() == 0
    assert types.sum(1).tolist() == [len(x.ids) - x.passage_from for x in (short, long)]


def test_padding_changes_no_score(tokenizer: Tokenizer, model: Reader) -> None:
    short, long = encoded(tokenizer, example(0, "1911", SENTENCES[:1])), encoded(tokenizer, example(-1))
    with torch.no_grad():
        alone, together = model(*tensors([short])), model(*tensors([short, long]))
    for one, both in zip(alone, together, strict=True):
        np.testing.assert_allclose(one[0], both[0, : len(short.ids)], atol=1e-5)


class Fixed(torch.nn.Module):
    """Gives each token the scores that it is told to, whatever it reads."""

    def __init__(self, *scores: torch.Tensor) -> None:
        super().__init__()
        self.given = scores

    def forward(self, *_: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.given


@pytest.mark.parametrize(
    ("answer", "answering", "terms"),
    [
        # Equal scores everywhere: each cross entropy is the logarithm of the number of choices.
        pytest.param(1, "the mill pond", 2, id="span known: sentence, and half of start and end each"),
        pytest.param(-1, "", 2, id="not here: the first token for all three"),
        pytest.param(1, "", 1, id="only the sentence known"),
    ],
)
def test_the_loss_of_equal_scores_is_that_of_guessing(
    tokenizer: Tokenizer, answer: int, answering: str, terms: int
) -> None:
    item = encoded(tokenizer, example(answer, answering))
    zeros = torch.zeros(1, len(item.ids))
    tokens = len(item.ids) - 1 - item.passage_from
    expected = np.log(1 + len(item.sentences)) + (np.log(1 + tokens) if terms == 2 else 0.0)
    assert float(loss(Fixed(zeros, zeros, zeros), [item])) == pytest.approx(expected, abs=1e-5)  # type: ignore[arg-type]


def test_the_loss_vanishes_when_the_scores_say_what_is_true(tokenizer: Tokenizer) -> None:
    item = encoded(tokenizer, example(1, "the mill pond"))
    start, end, sentence = (torch.zeros(1, len(item.ids)) for _ in range(3))
    start[0, item.start] = end[0, item.end] = 50.0
    low, high = item.sentences[1]
    sentence[0, low:high] = 50.0
    assert float(loss(Fixed(start, end, sentence), [item])) < 1e-5  # type: ignore[arg-type]


def test_the_question_and_the_closing_mark_are_no_choice_for_the_span(tokenizer: Tokenizer) -> None:
    item = encoded(tokenizer, example(1, "the mill pond"))
    zeros = torch.zeros(1, len(item.ids))
    tempting = zeros.clone()
    tempting[0, 1 : item.passage_from] = tempting[0, -1] = 50.0
    assert loss(Fixed(tempting, tempting, zeros), [item]) == loss(Fixed(zeros, zeros, zeros), [item])  # type: ignore[arg-type]


def test_a_few_steps_learn_a_single_example(tokenizer: Tokenizer, model: Reader) -> None:
    batch = [encoded(tokenizer, example(1, "the mill pond")), encoded(tokenizer, example(-1, sentences=SENTENCES[:1]))]
    before = {name: values.clone() for name, values in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    first = loss(model, batch).item()
    for _ in range(30):
        value = loss(model, batch)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        optimizer.step()
    learned = loss(model, batch).item()
    model.load_state_dict(before)
    assert learned < 0.1 * first


@given(st.lists(st.text(alphabet="aé世😀 -.\u200b", min_size=1, max_size=12), min_size=1, max_size=6), st.data())
def test_tokens_of_any_text_stay_inside_their_sentence(
    tokenizer: Tokenizer, sentences: list[str], data: st.DataObject
) -> None:
    answer = data.draw(st.integers(-1, len(sentences) - 1))
    item = encode(example(answer, sentences=tuple(sentences)), tokenizer)
    if item is None:
        return
    assert item.sentences[0][0] >= item.passage_from
    assert item.sentences[-1][1] <= len(item.ids) - 1
    assert all(a < b for a, b in item.sentences)
    assert all(before[1] <= after[0] for before, after in zip(item.sentences, item.sentences[1:], strict=False))
