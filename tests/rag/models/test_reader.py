"""The shipped reader: its files are checked, and it reads as it should."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ModelUnavailable
from rag.models.reader import WEIGHTS_FOLDER, Reader, ReadPassage
from rag.records import Span

SENTENCES = (
    "The harbour was opened in 1887 after six years of work.",
    "It was paid for by the fishing guild.",
    "About 300 boats use it each year.",
)
PASSAGE = " ".join(SENTENCES)


def spans(text: str, parts: tuple[str, ...]) -> tuple[Span, ...]:
    return tuple(Span(text.index(part), text.index(part) + len(part)) for part in parts)


GIVEN = ReadPassage("Harbour", PASSAGE, spans(PASSAGE, SENTENCES))


@pytest.fixture(scope="module")
def reader() -> Reader:
    found = Reader.load()
    assert found is not None
    return found


def test_a_folder_without_weights_gives_no_reader(tmp_path: Path) -> None:
    assert Reader.load(tmp_path) is None


def test_a_flipped_bit_in_the_weights_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    data = bytearray((folder / "reader.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "reader.onnx").write_bytes(data)
    with pytest.raises(ModelUnavailable, match=r"reader\.onnx is missing or damaged: expected SHA-256 [0-9a-f]{12}"):
        Reader.load(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json is missing or damaged"):
        Reader.load(folder)


def test_the_reader_weighs_at_most_40_megabytes_and_the_encoder_of_questions_25() -> None:
    sizes = {path.name: path.stat().st_size for path in WEIGHTS_FOLDER.iterdir()}
    encoder = sizes.pop("question-encoder.onnx")
    assert encoder <= 25_000_000
    assert sum(sizes.values()) <= 40_000_000


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("When was the harbour opened?", 0),
        ("Who paid for the harbour?", 1),
        ("How many boats use the harbour?", 2),
    ],
    ids=["when", "who", "how-many"],
)
def test_the_answering_sentence_scores_best(reader: Reader, question: str, sentence: int) -> None:
    (reading,) = reader.read(question, [GIVEN])
    assert reading.sentences.index(max(reading.sentences)) == sentence


def test_the_answering_words_are_inside_their_sentence(reader: Reader) -> None:
    places = spans(PASSAGE, SENTENCES)
    (reading,) = reader.read("When was the harbour opened?", [GIVEN])
    for place, found in zip(places, reading.spans, strict=True):
        assert found is not None
        assert place.start <= found.start < found.end <= place.end
    assert reading.spans[0] is not None
    assert "1887" in reading.spans[0].of(PASSAGE)


def test_what_is_said_of_a_passage_does_not_depend_on_the_others(reader: Reader) -> None:
    long = ReadPassage("", "A word. " * 200, (Span(0, 7),))
    (alone,) = reader.read("Who paid?", [GIVEN])
    assert reader.read("Who paid?", [long, GIVEN])[1] == alone


def test_a_sentence_beyond_the_window_has_no_score(reader: Reader) -> None:
    text = "The gate was closed. " * 100 + "It opened in May."
    ends = (Span(0, 20), Span(len(text) - 17, len(text)))
    (reading,) = reader.read("When did it open?", [ReadPassage("", text, ends)])
    assert math.isfinite(reading.sentences[0])
    assert reading.sentences[1] == -math.inf
    assert reading.spans[1] is None


def test_the_heading_tells_of_what_a_sentence_speaks(reader: Reader) -> None:
    """The same words under two headings: what "it" is stands in the heading alone."""
    text = "It can be borrowed for up to three days."
    passages = [ReadPassage(heading, text, (Span(0, len(text)),)) for heading in ("The cargo bike", "The projector")]
    bike, projector = reader.read("How long may I keep the cargo bike?", passages)
    assert bike.relevance > projector.relevance


def test_no_passages_give_no_readings(reader: Reader) -> None:
    assert reader.read("When?", []) == []


def test_of_a_long_heading_the_part_nearest_to_the_passage_is_read(reader: Reader) -> None:
    between = "nothing else " * 40
    lamps, ropes, pumps = (
        reader.read("When was the harbour opened?", [replace(GIVEN, heading=heading)])
        for heading in (f"Lamps {between} Boats", f"Ropes {between} Boats", f"Lamps {between} Pumps")
    )
    assert lamps == ropes
    assert lamps != pumps
