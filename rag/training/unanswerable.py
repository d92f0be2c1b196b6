"""Unanswerable training examples, made of answerable ones, because real ones are scarce.

Six kinds: a near passage that does not hold the answer; the right passage without its answering sentence; and the right
passage asked a question in which a name or number, a word, a direction ("first" for "last") or the truth ("did not") is
another one. The last four are near misses: the passage is about the very thing and still does not say it.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterator, Sequence

import numpy as np

from rag.records import Span
from rag.training.example import Example, join

# Candidates by words among which the wrong passage is looked for.
_NEIGHBOURS = 6

_NAME = re.compile(r"\b(?:[A-Z][\w-]+(?:\s[A-Z][\w-]+)*|\d[\d.,]*\d|\d)\b")
_WORD = re.compile(r"\b[a-z]{5,}\b")
_AUXILIARY = re.compile(r"\b(did|does|do|is|are|was|were|has|have|had|can|could|will|would|should)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:not|never|no|without)\b|n't", re.IGNORECASE)

_OPPOSITES = (
    "first last|oldest newest|earliest latest|largest smallest|biggest smallest|highest lowest|most least|"
    "more less|more fewer|increase decrease|increased decreased|increasing decreasing|rise fall|rose fell|"
    "gain lose|gained lost|win lose|won lost|before after|start end|started ended|begin end|began ended|"
    "open close|opened closed|north south|northern southern|east west|eastern western|above below|"
    "inside outside|internal external|early late|old new|young old|male female|men women|father mother|"
    "son daughter|brother sister|husband wife|king queen|strong weak|high low|higher lower|large small|"
    "larger smaller|long short|longer shorter|fast slow|hot cold|rich poor|public private|positive negative|"
    "maximum minimum|majority minority|allow forbid|allowed forbidden|accept reject|accepted rejected|"
    "support oppose|supported opposed|include exclude|included excluded|import export|buy sell|bought sold|"
    "build destroy|built destroyed|success failure|advantage disadvantage|best worst|better worse|"
    "always never|easy difficult|legal illegal|common rare|future past|ancient modern|left right|upper lower|"
    "major minor|create destroy|created destroyed|cause prevent|caused prevented|agree disagree|"
    "agreed disagreed|join leave|joined left|arrive depart|married divorced"
)


def _both_ways(table: str) -> dict[str, str]:
    pairs = [tuple(pair.split()) for pair in table.split("|")]
    return {a: b for first, second in pairs for a, b in ((first, second), (second, first))}


_OPPOSITE = _both_ways(_OPPOSITES)
# Not after "how": the opposite of "how old" asks for the same.
_OPPOSED = re.compile(r"(?<![Hh]ow )\b(?:" + "|".join(sorted(_OPPOSITE, key=len, reverse=True)) + r")\b")


def with_unanswerables(examples: Sequence[Example], rng: random.Random) -> list[Example]:
    """`examples` and unanswerable ones made of them, about six for ten answerable, in random order."""
    passages = list(dict.fromkeys(e.passage for e in examples))
    cut = {e.passage: e.sentences for e in examples}
    answerable = [e for e in examples if e.answer >= 0]
    near = nearest([e.question for e in answerable], passages, _NEIGHBOURS)
    made: list[Example] = []
    for example, candidates in zip(answerable, near, strict=True):
        if rng.random() < 0.30:
            made += wrong_passage(example, [passages[i] for i in candidates], cut, rng)
        chance = rng.random()
        if chance < 0.16:
            made += sentence_removed(example)
        elif chance < 0.28:
            made += name_swapped(example, rng.choice(answerable), rng)
        elif chance < 0.36:
            made += word_swapped(example, passages[rng.choice(candidates)], rng)
        elif chance < 0.44:
            made += turned_round(example)
        elif chance < 0.47:
            made += negated(example)
    result = [*examples, *made]
    rng.shuffle(result)
    return result


def wrong_passage(
    example: Example, candidates: Sequence[str], cut: dict[str, tuple[Span, ...]], rng: random.Random
) -> Iterator[Example]:
    """One of the three nearest passages that do not hold the answer's words."""
    answer = (example.span or example.sentences[example.answer]).of(example.passage).casefold()
    wrong = [p for p in candidates if p != example.passage and answer not in p.casefold()][:3]
    if wrong:
        passage = rng.choice(wrong)
        yield Example(example.question, passage, cut[passage], -1, around=rng.randrange(max(1, len(cut[passage]))))


def sentence_removed(example: Example) -> Iterator[Example]:
    """The same passage without the sentence that answers, if two others are left and none holds the answer."""
    kept = [s.of(example.passage) for i, s in enumerate(example.sentences) if i != example.answer]
    answer = example.span.of(example.passage).casefold() if example.span else ""
    if len(kept) >= 2 and answer and answer not in " ".join(kept).casefold():
        passage, spans = join(kept)
        yield Example(example.question, passage, spans, -1, around=min(example.answer, len(kept) - 1))


def name_swapped(example: Example, other: Example, rng: random.Random) -> Iterator[Example]:
    """The question with one of its names or numbers replaced by one of the same kind.

    The other one comes from elsewhere in the passage, which is the nearer miss, or else from another question.
    """
    sentence = example.sentences[example.answer].of(example.passage)
    elsewhere = example.passage.replace(sentence, " ")
    inside = [m.group() for m in _NAME.finditer(elsewhere) if not _opens_sentence(elsewhere, m.start())]
    outside = [m.group() for m in _NAME.finditer(other.question) if m.start() > 0 and m.group() not in example.passage]
    mine = [m for m in _NAME.finditer(example.question) if m.start() > 0]
    rng.shuffle(mine)
    for found in mine:
        for names in (inside, outside):
            fitting = [n for n in names if _fits(n, found.group()) and n not in sentence and n not in example.question]
            if fitting:
                yield _asked(example, found, rng.choice(fitting))
                return


def word_swapped(example: Example, near: str, rng: random.Random) -> Iterator[Example]:
    """The question with one of its words replaced by one of a near passage, both with the same ending."""
    sentence = example.sentences[example.answer].of(example.passage).casefold()
    words = [w for w in dict.fromkeys(_WORD.findall(near)) if w not in sentence and w not in example.question]
    mine = [m for m in _WORD.finditer(example.question) if m.group()[:5] in sentence and m.start() > 0]
    rng.shuffle(mine)
    for found in mine:
        fitting = [w for w in words if w[-2:] == found.group()[-2:] and w[:4] != found.group()[:4]]
        if fitting:
            yield _asked(example, found, rng.choice(fitting))
            return


def turned_round(example: Example) -> Iterator[Example]:
    """The question with the opposite of one of its words, unless the sentence has both."""
    found = _OPPOSED.search(example.question)
    sentence = example.sentences[example.answer].of(example.passage).casefold()
    if found and not re.search(rf"\b{_OPPOSITE[found.group()]}\b", sentence):
        yield _asked(example, found, _OPPOSITE[found.group()])


def negated(example: Example) -> Iterator[Example]:
    """The question with a "not", if neither it nor the sentence has one."""
    found = _AUXILIARY.search(example.question)
    sentence = example.sentences[example.answer].of(example.passage)
    if found and not _NEGATED.search(example.question) and not _NEGATED.search(sentence):
        # "did it not grow", not "did not it grow": after the subject, as far as the next two words tell.
        rest = example.question[found.end() :]
        subject = re.match(r"\s(?:the\s|a\s|an\s)?[\w-]+(?=\s)", rest)
        place = found.end() + (subject.end() if subject and found.group().lower() in ("did", "does", "do") else 0)
        yield dataclasses.replace(
            example,
            question=f"{example.question[:place]} not{example.question[place:]}",
            answer=-1,
            span=None,
            around=example.answer,
        )


def nearest(queries: Sequence[str], texts: Sequence[str], k: int) -> Iterator[list[int]]:
    """For each query the positions of the `k` texts, or all, that share the most telling words, best first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not queries:
        return
    k = min(k, len(texts))
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    columns = vectorizer.fit_transform(texts).T.tocsc()
    rows = vectorizer.transform(queries)
    for start in range(0, rows.shape[0], 500):
        scores = (rows[start : start + 500] @ columns).toarray()
        best = np.argpartition(-scores, range(k), axis=1)[:, :k]
        yield from best.tolist()


def _fits(name: str, replaced: str) -> bool:
    """Whether both are numbers of one length, or both names."""
    if name[0].isdigit() or replaced[0].isdigit():
        return name.isdigit() and replaced.isdigit() and len(name) == len(replaced)
    return True


def _opens_sentence(text: str, start: int) -> bool:
    """Whether a capital there may be only that of a sentence's beginning."""
    return start == 0 or text[:start].rstrip()[-1:] in ("", ".", "!", "?", '"', ":")


def _asked(example: Example, found: re.Match[str], replacement: str) -> Example:
    """The example with that part of its question replaced, and no answer."""
    question = example.question[: found.start()] + replacement + example.question[found.end() :]
    return dataclasses.replace(example, question=question, answer=-1, span=None, around=example.answer)
