import hashlib

from hypothesis import given
from hypothesis import strategies as st

from rag.records import Block, BlockKind, Document, Source, Span
from web.document_view import Marking, blocks_to_show, marking


def document_of(blocks: list[str]) -> Document:
    text, spans = "", []
    for block in blocks:
        spans.append(Block(Span(len(text), len(text) + len(block)), BlockKind.PARAGRAPH))
        text += block + "\n"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(Source("a", "A", "a.txt"), text, tuple(spans), digest, digest)


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
