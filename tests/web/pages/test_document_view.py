import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import Block, BlockKind, Document, Source, Span
from web.pages.document_view import Marking, ShownBlock, in_parts, marking, part_to_show


def document_of(blocks: list[str]) -> Document:
    text, spans = "", []
    for block in blocks:
        spans.append(Block(Span(len(text), len(text) + len(block)), BlockKind.PARAGRAPH))
        text += block + "\n"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(Source("a", "A", "a.txt"), text, tuple(spans), digest, digest)


def blocks_to_show(document: Document, marked: Span | None) -> list[ShownBlock]:
    return part_to_show(document, in_parts(document), 0, marked).blocks


lines = st.text(st.characters(exclude_characters="\n"), min_size=1)
documents = st.lists(lines, min_size=1, max_size=6).map(document_of)


@given(documents, st.data())
def test_pieces_join_to_the_text_and_marked_ones_to_the_citation(document: Document, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(document.text) - 1))
    end = data.draw(st.integers(start + 1, len(document.text)))
    shown = blocks_to_show(document, Span(start, end))
    assert [block.text for block in shown] == [block.span.of(document.text) for block in document.blocks]
    marked = [piece for block in shown for piece in block.pieces if piece.marked]
    assert "".join(piece.text for piece in marked) == document.text[start:end].replace("\n", "")
    assert [piece.first for piece in marked] == [True] + [False] * (len(marked) - 1) if marked else True
    assert all(piece.text for block in shown for piece in block.pieces)


@given(documents)
def test_without_a_mark_each_block_is_one_piece(document: Document) -> None:
    assert all(len(block.pieces) == 1 and not block.pieces[0].marked for block in blocks_to_show(document, None))


def test_a_document_without_blocks_is_shown_as_one() -> None:
    document = Document(Source("a", "A", "a.txt"), "One.\nTwo.", (), "0", "0")
    assert [block.text for block in blocks_to_show(document, None)] == ["One.\nTwo."]


@pytest.mark.parametrize(
    ("title", "levels", "shown"),
    [
        ("Pool", [1, 2, 2, 3, 2, 1], [1, 2, 2, 3, 2, 2]),
        ("Pool", [1, 3, 3, 10, 10, 3], [1, 2, 2, 3, 3, 2]),  # who skips a level is not followed
        ("Another", [1, 2, 10, 2, 1], [2, 3, 4, 3, 2]),
        ("Pool", [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 6, 6]),
    ],
)
def test_no_heading_skips_a_level_and_those_alike_stay_alike(title: str, levels: list[int], shown: list[int]) -> None:
    plain = document_of(["Pool"] * len(levels))
    kinds = [BlockKind.BOLD_HEADING if level == 10 else BlockKind.HEADING for level in levels]
    blocks = [replace(b, kind=k, level=n) for b, k, n in zip(plain.blocks, kinds, levels, strict=True)]
    document = replace(plain, source=replace(plain.source, title=title), blocks=tuple(blocks))
    assert [block.level for block in blocks_to_show(document, None)] == shown


def test_a_mark_needs_the_hash_of_the_text() -> None:
    document = document_of(["One two."])
    digest = document.text_sha256
    assert marking(document, 0, 3, digest[:12]) == (Marking.MARKED, Span(0, 3))
    assert marking(document, 0, 3, digest) == (Marking.MARKED, Span(0, 3))
    assert marking(document, 0, 3, digest[:11]) == (Marking.CHANGED, None)
    assert marking(document, 0, 3, "f" * 12 if digest[0] != "f" else "0" * 12) == (Marking.CHANGED, None)
    assert marking(document, None, None, "") == (Marking.NONE, None)
    assert marking(document, 3, 3, digest) == (Marking.MISPLACED, None)
    assert marking(document, 0, len(document.text) + 1, digest) == (Marking.MISPLACED, None)


class TestALongDocument:
    LONG = document_of([f"{number} " + "word " * 20_000 for number in range(12)])

    def test_comes_in_parts_that_are_the_whole_together(self) -> None:
        parts = in_parts(self.LONG)
        assert [len(part) for part in parts] == [2, 2, 2, 2, 2, 2]
        assert tuple(block for part in parts for block in part) == self.LONG.blocks

    def test_opens_at_the_part_with_the_mark(self) -> None:
        parts = in_parts(self.LONG)
        for number, block in enumerate(self.LONG.blocks):
            shown = part_to_show(self.LONG, parts, 0, Span(block.span.start, block.span.start + 3))
            assert shown.number == number // 2 + 1
            assert [piece.text for b in shown.blocks for piece in b.pieces if piece.marked] == [f"{number} w"[:3]]

    @pytest.mark.parametrize(("wanted", "found"), [(0, 1), (1, 1), (3, 3), (99, 6)])
    def test_has_no_part_beyond_its_last(self, wanted: int, found: int) -> None:
        assert part_to_show(self.LONG, in_parts(self.LONG), wanted, None).number == found

    def test_of_one_block_is_cut_too(self) -> None:
        document = Document(Source("a", "A", "a.txt"), "x" * 700_001, (), "0", "0")
        parts = in_parts(document)
        assert [part_to_show(document, parts, n, None).blocks[0].text for n in (1, 2, 3)] == [
            "x" * 300_000,
            "x" * 300_000,
            "x" * 100_001,
        ]
