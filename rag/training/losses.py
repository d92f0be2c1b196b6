"""What the reader is punished for.

Which sentence answers is learned over all passages of a question at once, and only from questions that have an answer;
"answers or not" is learned apart, a passage at a time. Together, as one choice with "not here" among the sentences, the
many passages without an answer pulled the choice of the sentence down with them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from rag.training.encoding import EncodedGroup, EncodedPassage
from rag.training.model import ANSWERS, BELONGS, END, RELEVANCE, SENTENCE, START, PassageScores, TrainedReader, run

# How much each part counts beside the choice of the sentence, which counts once.
_ANSWERS, _BELONGS, _WORDS = 0.8, 0.3, 0.25
# A wrong passage that was found for an answerable question: it may answer a little, and there are many of them.
_FOUND_WRONG = 0.35
# How often it is learned that nothing but the right sentence belongs to the answer, where no more is noted.
_ONLY_RIGHT = 0.5


@dataclass(slots=True)
class Tally:
    """Sums over what was learned from, for lines of progress."""

    groups: int = 0
    answerable: int = 0
    passages: int = 0
    tokens: int = 0
    best_is_right: int = 0  # of the answerable: the sentence that scored best was right
    choice: float = 0.0
    answers: float = 0.0
    words: float = 0.0
    belongs: float = 0.0

    def add(self, other: Tally) -> None:
        """Add the sums of another."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def line(self) -> str:
        """The means in words."""
        answerable, passages = max(1, self.answerable), max(1, self.passages)
        return (
            f"best right {self.best_is_right / answerable:.3f}, choice {self.choice / answerable:.3f}, "
            f"answers {self.answers / passages:.3f}, words {self.words / answerable:.2f}, "
            f"belongs {self.belongs / answerable:.3f}"
        )


def loss(model: TrainedReader, batch: Sequence[EncodedGroup], rng: random.Random) -> tuple[torch.Tensor, Tally]:
    """The mean loss of the groups, and what it consists of."""
    tally = Tally()
    scores = iter(run(model, [passage for group in batch for passage in group.passages]))
    losses = [group_loss(group, [next(scores) for _ in group.passages], rng, tally) for group in batch]
    return torch.stack(losses).mean(), tally


def sentence_scores(scores: PassageScores, passage: EncodedPassage) -> dict[int, torch.Tensor]:
    """For each sentence that has tokens its four scores, shape (4,): the means over its tokens."""
    return {i: scores.tokens[a:b].mean(dim=0) for i, (a, b) in _inside(passage)}


def _inside(passage: EncodedPassage) -> list[tuple[int, tuple[int, int]]]:
    return [(i, bounds) for i, bounds in enumerate(passage.sentences) if bounds is not None]


def group_loss(group: EncodedGroup, scores: Sequence[PassageScores], rng: random.Random, tally: Tally) -> torch.Tensor:
    """The loss of one group, shape (), with the scores of its passages; what it consists of is added to `tally`."""
    tally.groups += 1
    total = scores[0].passage.new_zeros(())
    choices: list[torch.Tensor] = []
    right: list[bool] = []
    for passage, score in zip(group.passages, scores, strict=True):
        tally.passages += 1
        tally.tokens += len(passage.ids)
        sentences = sentence_scores(score, passage)
        total = total + _ANSWERS * _answers_loss(group, passage, score, tally)
        if group.is_answerable:
            # A further sentence of the full answer is neither right nor wrong.
            open_to_choice = [i for i in sentences if i not in passage.more]
            choices += [sentences[i][SENTENCE] + score.passage[RELEVANCE] for i in open_to_choice]
            right += [i in passage.right for i in open_to_choice]
        if passage.answers:
            # Of a sentence that is read alone it would be learned that all belongs.
            if len(sentences) > 1 and (group.has_more or rng.random() < _ONLY_RIGHT):
                total = total + _BELONGS * _belongs_loss(passage, sentences, tally)
            total = total + _WORDS * _words_loss(passage, score, tally)
    if group.is_answerable:
        total = total + _choice_loss(torch.stack(choices), torch.tensor(right), tally)
    return total


def _choice_loss(choices: torch.Tensor, right: torch.Tensor, tally: Tally) -> torch.Tensor:
    """Minus the logarithm of the share of the right ones, shapes (sentences,)."""
    value = torch.logsumexp(choices, 0) - torch.logsumexp(choices[right], 0)
    tally.answerable += 1
    tally.best_is_right += int(right[choices.argmax()])
    tally.choice += value.item()
    return value


def _answers_loss(group: EncodedGroup, passage: EncodedPassage, score: PassageScores, tally: Tally) -> torch.Tensor:
    found_wrong = group.is_answerable and not passage.answers
    target = torch.tensor(float(passage.answers))
    value = binary_cross_entropy_with_logits(score.passage[ANSWERS], target) * (_FOUND_WRONG if found_wrong else 1.0)
    tally.answers += value.item()
    return value


def _belongs_loss(passage: EncodedPassage, sentences: dict[int, torch.Tensor], tally: Tally) -> torch.Tensor:
    full = passage.right | passage.more
    targets = torch.tensor([float(i in full) for i in sentences])
    value = binary_cross_entropy_with_logits(torch.stack([s[BELONGS] for s in sentences.values()]), targets)
    tally.belongs += value.item()
    return value


def _words_loss(passage: EncodedPassage, score: PassageScores, tally: Tally) -> torch.Tensor:
    """Cross entropy of the answering words' first and last token among those of the text; 0 where not known."""
    if passage.words is None:
        return score.tokens.new_zeros(())
    first, end = passage.words
    text = score.tokens[passage.text_begins : len(passage.ids) - 1]
    value = score.tokens.new_zeros(())
    for column, place in ((START, first), (END, end - 1)):
        target = torch.tensor([place - passage.text_begins])
        value = value + cross_entropy(text[:, column].unsqueeze(0), target)
    tally.words += value.item()
    return value
