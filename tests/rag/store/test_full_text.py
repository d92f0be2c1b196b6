from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import StorageDamaged
from rag.store.sqlite.full_text import MAX_WORDS
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.processes import run_python
from tests.support.stores import open_store, put

# Made so that the letters of nothing else in the files are in it.
CANARY = "quexaltzingo"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with open_store(tmp_path / "data") as opened:
        put(opened, "ice", "The harbour froze and the harbours closed.", "Ships were running late.")
        put(opened, "cafe", "The café can't open near the harbour.", "Prices rose by 2.5 percent.")
        put(opened, "moon", "The tide was low.", "Nobody sailed.")
        yield opened


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    with open_store(tmp_path_factory.mktemp("words") / "data") as opened:
        put(opened, "ice", "The harbour froze.")
        yield opened


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        pytest.param(["harbour"], [1, 2], id="more-often-first"),
        pytest.param(["HARBOURS"], [1, 2], id="stem-and-case"),
        pytest.param(["run"], [1], id="stem"),
        pytest.param(["cafe"], [2], id="accent"),
        pytest.param(["can't"], [2], id="apostrophe"),
        pytest.param(["2.5"], [2], id="number"),
        pytest.param(["tide", "nothing"], [3], id="one-word-is-enough"),
        pytest.param(["NEAR(harbour tide)"], [], id="no-operator"),
        pytest.param(["harb*"], [], id="no-prefix"),
        pytest.param(["search_text:tide"], [], id="no-column"),
        pytest.param(["-tide", '"tide"', "^tide"], [3], id="marks-are-passed-over"),
        pytest.param([], [], id="no-words"),
        pytest.param(["", " ", "?!", '"', "\0", "\ud800", "☃"], [], id="nothing-to-search"),
        pytest.param(["\0tide\0", "\ud800"], [3], id="nul"),
    ],
)
def test_words_find_chunks(store: SqliteStore, words: list[str], ids: list[int]) -> None:
    assert [chunk_id for chunk_id, _ in store.search_words(EVERYTHING, words, 10)] == ids


def test_scores_fall_and_are_positive(store: SqliteStore) -> None:
    scores = [score for _, score in store.search_words(EVERYTHING, ["harbour", "ships", "tide"], 10)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert min(scores) > 0


def test_ties_go_by_id_and_k_cuts(store: SqliteStore) -> None:
    for name in ("z1", "y2", "x3"):
        put(store, name, "Equal words here.")
    assert [chunk_id for chunk_id, _ in store.search_words(EVERYTHING, ["equal"], 10)] == [4, 5, 6]
    assert [chunk_id for chunk_id, _ in store.search_words(EVERYTHING, ["equal"], 2)] == [4, 5]
    assert store.search_words(EVERYTHING, ["equal"], 0) == []


def test_a_word_given_twice_counts_once(store: SqliteStore) -> None:
    assert store.search_words(EVERYTHING, ["harbour", "Harbours", "tide"], 10) == store.search_words(
        EVERYTHING, ["harbour", "tide"], 10
    )


def test_words_beyond_the_limit_are_left_out(store: SqliteStore) -> None:
    filler = [f"word{number}" for number in range(MAX_WORDS)]
    assert store.search_words(EVERYTHING, [*filler[1:], "tide"], 10) == store.search_words(EVERYTHING, ["tide"], 10)
    assert store.search_words(EVERYTHING, [*filler, "tide"], 10) == []


def test_frequencies_count_chunks_after_stemming(store: SqliteStore) -> None:
    assert store.chunk_frequencies(
        EVERYTHING, ["harbour", "Harbours", "running", "can't", "the", "absent", "?", ""]
    ) == {
        "harbour": 2,
        "Harbours": 2,
        "running": 1,
        "can't": 1,
        "the": 3,
        "absent": 0,
        "?": 0,
        "": 0,
    }


@given(words=st.lists(st.text(st.characters(), max_size=20), max_size=8))
def test_no_text_is_an_error(shared_store: SqliteStore, words: list[str]) -> None:
    frequencies = shared_store.chunk_frequencies(EVERYTHING, words)
    assert set(frequencies) == set(words)
    found = {chunk_id for chunk_id, _ in shared_store.search_words(EVERYTHING, words, 5)}
    assert found == ({1} if any(frequencies.values()) else set())


@given(word=st.text(st.sampled_from('harbou"*^-:(){}+ \0\ud800ANDORTE'), max_size=30))
def test_no_mark_is_an_operator(shared_store: SqliteStore, word: str) -> None:
    found = shared_store.search_words(EVERYTHING, [word], 5)
    words = word.casefold().replace("\0", " ").replace("\ud800", " ")
    plain = "".join(character if character.isalpha() else " " for character in words).split()
    assert bool(found) == (plain in (["harbour"], ["the"], ["the", "harbour"]))


@pytest.mark.parametrize("replace", [False, True], ids=["deleted", "replaced"])
def test_deleted_text_is_gone_from_the_files(tmp_path: Path, replace: bool) -> None:
    data = tmp_path / "data"
    with open_store(data) as store:
        put(store, "keep", "This stays.")
        lines = [f"{CANARY} was here {number}." for number in range(200)]
        put(store, "secret", *lines)

        assert _names_with_canary(data) != []
        if replace:
            put(store, "secret", "Nothing to see.")
        else:
            store.delete_document("secret")
        assert store.search_words(EVERYTHING, [CANARY], 5) == []
        assert _names_with_canary(data) == []
    assert _names_with_canary(data) == []


def _names_with_canary(data: Path) -> list[str]:
    """The files that hold the canary or the first letters of it.

    Another process looks: one that has the database open must not open and close the file by other means.
    """
    code = (
        "import sys, pathlib\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    if sys.argv[2].encode() in path.read_bytes().lower(): print(path.name)\n"
    )
    return run_python(code, data, CANARY[:6]).split()


DAMAGES = [
    pytest.param("UPDATE words_data SET block = x'deadbeef' WHERE id > 10", True, id="pages"),
    pytest.param("DELETE FROM words_data", True, id="all-pages"),
    pytest.param("DELETE FROM words_docsize", True, id="lengths"),
    pytest.param("DELETE FROM words_config", True, id="settings"),
    pytest.param("UPDATE words_data SET block = x'deadbeef' WHERE id = 1", False, id="averages"),
    pytest.param("UPDATE words_data SET block = x'deadbeef' WHERE id = 10", False, id="structure"),
    pytest.param("INSERT INTO words (words, rowid, search_text) VALUES ('delete', 3, 'tide')", False, id="out-of-step"),
]


@pytest.mark.parametrize(("damage", "search_fails"), DAMAGES)
def test_a_damaged_word_index_is_found_and_made_again(tmp_path: Path, damage: str, search_fails: bool) -> None:
    with open_store(tmp_path / "data") as store:
        put(store, "ice", "The harbour froze.")
        put(store, "moon", "The tide was low.")
        put(store, "sun", "The tide was high.")
        expected = store.search_words(EVERYTHING, ["tide"], 5)
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        connection.execute(damage)
    connection.close()
    with SqliteStore.open(tmp_path / "data") as store:
        if search_fails:
            with pytest.raises(
                StorageDamaged, match=r"word index in .*citewell\.sqlite is damaged; the documents are not"
            ):
                store.search_words(EVERYTHING, ["tide"], 5)
        checks = store.check()
        assert not all(check.ok for check in checks)
        assert "rag rebuild" in " ".join(check.detail for check in checks)
        assert store.counts(EVERYTHING) == (3, 6, 3)
        store.rebuild_words()
        assert all(check.ok for check in store.check())
        assert store.search_words(EVERYTHING, ["tide"], 5) == expected
        assert len(expected) == 2
    with SqliteStore.open(tmp_path / "data") as store, store.database.reading() as connection:
        assert connection.execute("SELECT v FROM words_config WHERE k = 'secure-delete'").get == 1
