"""What a training learns from, kind by kind, in shares that do not depend on how much there is of each.

Kinds are balanced because they are not alike in number: left to their numbers, encyclopaedia questions in the text's
own words would outweigh those of employees, and passages without an answer those with one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from rag.training.alone import alone
from rag.training.deck import Deck
from rag.training.encoding import EncodedGroup, encode
from rag.training.example import Draw
from rag.training.labelled_collection import LabelledCollection
from rag.training.squad import read_squad_questions

# A collection of so many passages is large: a whole handbook or manual, in which far more looks like the right passage
# than in six documents of an organisation.
LARGE = 300
# Questions of desk collections, by whether the collection is large and whether they have an answer: their shares of
# all groups.
_DESK_SHARES = {(True, True): 0.32, (True, False): 0.17, (False, True): 0.12, (False, False): 0.08}
# Files in the SQuAD layout: the share of their answered questions, and of the others; None where all count together.
_FILES: tuple[tuple[tuple[str, ...], float, float | None], ...] = (
    (("near-miss.json",), 0.05, 0.06),
    (("squad-train-part.json",), 0.12, None),
    (("new_wiki_v1.0.json", "reddit_v1.0.json"), 0.04, None),
    (("policyqa.json",), 0.04, None),
)
# The names of all files.
FILES = tuple(name for names, _, _ in _FILES for name in names)
# Gives a group, with more that is known of it, and how hard it is.
Weigh = Callable[[EncodedGroup], tuple[EncodedGroup, float]]
# Of the groups of all kinds so many are read a sentence at a time.
_ALONE = 0.45
# Batches that are put in order of length together.
_BATCHES_SORTED = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """Questions of one kind, and how much of the learning is theirs beside the other kinds."""

    name: str
    share: float
    draws: tuple[Draw, ...]


def kinds_of(collections: Iterable[LabelledCollection], data: Path | None, *, desk_share: float = 1.0) -> list[Kind]:
    """The kinds of these collections, and of the files in the folder `data`, if it is given; none is empty.

    `desk_share` of the collections' questions is used, always the same ones, to see what more of them would bring.
    Raises FileNotFoundError for a file that is missing, and ValueError when nothing is left.
    """
    kinds = [*_desk_kinds(collections, desk_share), *(_file_kinds(data) if data else ())]
    if not any(kind.draws for kind in kinds):
        raise ValueError("there is no question to learn from: name collections with --desk, or files with --data")
    return [kind for kind in kinds if kind.draws]


def _desk_kinds(collections: Iterable[LabelledCollection], desk_share: float) -> Iterator[Kind]:
    draws: dict[tuple[bool, bool], list[Draw]] = {key: [] for key in _DESK_SHARES}
    for collection in collections:
        is_large = len(collection.passages) >= LARGE
        for asked, draw in collection.draws():
            if random.Random(asked.question).random() < desk_share:
                draws[is_large, bool(asked.right)].append(draw)
    for (is_large, is_answered), share in _DESK_SHARES.items():
        size, answered = "large" if is_large else "small", "answered" if is_answered else "not answered"
        yield Kind(f"desk, {size}, {answered}", share, tuple(draws[is_large, is_answered]))


def _file_kinds(data: Path) -> Iterator[Kind]:
    for names, share, share_unanswered in _FILES:
        asked = [question for name in names for question in read_squad_questions(data / name)]
        name = ", ".join(Path(name).stem for name in names)
        if share_unanswered is None:
            yield Kind(name, share, tuple(one.draw for one in asked))
        else:
            yield Kind(f"{name}, answered", share, tuple(one.draw for one in asked if one.answer))
            yield Kind(f"{name}, not answered", share_unanswered, tuple(one.draw for one in asked if not one.answer))


def batches(
    kinds: Sequence[Kind],
    tokenizer: Tokenizer,
    rng: random.Random,
    *,
    size: int,
    hardest_of: int = 1,
    weigh: Weigh | None = None,
) -> Iterator[list[EncodedGroup]]:
    """Batches without end, each of `size` groups of like length.

    With `weigh` each group is the hardest of `hardest_of` groups of its kind, as `weigh` gives it. Raises ValueError
    when no question can be used.
    """
    groups = _groups(kinds, tokenizer, rng, hardest_of, weigh)
    while True:
        pool = sorted((next(groups) for _ in range(size * _BATCHES_SORTED)), key=lambda group: group.longest)
        cut = [pool[start : start + size] for start in range(0, len(pool), size)]
        rng.shuffle(cut)
        yield from cut


def _groups(
    kinds: Sequence[Kind],
    tokenizer: Tokenizer,
    rng: random.Random,
    of: int,
    weigh: Weigh | None,
) -> Iterator[EncodedGroup]:
    """Groups of the kinds by their shares; of one kind none is drawn twice before all have been."""
    shares = [kind.share for kind in kinds]
    decks = {kind.name: Deck(kind.draws, rng) for kind in kinds}
    in_vain = 0
    while True:
        (kind,) = rng.choices(kinds, shares)
        groups = [decks[kind.name].draw()(rng) for _ in range(of)]
        if rng.random() < _ALONE:
            groups = [alone(group, rng) for group in groups]
        drawn = [encode(group, tokenizer) for group in groups]
        usable = [group for group in drawn if group]
        in_vain = 0 if usable else in_vain + 1
        if usable:
            yield max(map(weigh, usable), key=lambda weighed: weighed[1])[0] if weigh else usable[0]
        elif in_vain > sum(len(kind.draws) for kind in kinds):
            raise ValueError("no question can be learned from: no passage keeps a sentence that answers")
