"""Bad files, bad questions and bad data directories: a clear message, an exit code, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from rag.models.catalogue import load_model
from tests.support.hash_cli import Rag, Ran
from tests.support.processes import python_process

QUESTION = "When was the harbour at Westerholm opened?"
SENTENCE = "The harbour at Westerholm was opened in 1887 after six years of work."
NOBODY = 65_534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")


def said(ran: Ran, pattern: str) -> None:
    """Fail unless the command failed with one clear line that matches `pattern`, and printed no answer."""
    assert ran.code == 1, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert re.fullmatch(rf"Error: {pattern}\n", ran.err), ran.err


def state(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What is stored, read by SQLite itself, beside the program."""
    connection = apsw.Connection(str(data / "citewell.sqlite"), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        tables = ("documents", "sentences", "chunks", "meta")
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    finally:
        connection.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of `rag`."""
    return tmp_path / "data"


# -- files -----------------------------------------------------------------------------------------------------------


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200_000_000)


FILES: list[tuple[str, Callable[[Path], object], str]] = [
    ("empty.txt", lambda path: path.write_bytes(b""), "empty"),
    ("blank.txt", lambda path: path.write_bytes(b" \n\t\r\n"), "empty|no text"),
    ("empty.md", lambda path: path.write_bytes(b""), "empty"),
    ("empty.html", lambda path: path.write_bytes(b""), "empty|no element"),
    ("hollow.html", lambda path: path.write_bytes(b"<html><body></body></html>"), "no text|empty"),
    ("binary.txt", lambda path: path.write_bytes(bytes(range(256)) * 40), "binary|not text"),
    (
        "picture.txt",
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\2" * 400),
        "a PNG image.*text was expected",
    ),
    ("nul.md", lambda path: path.write_bytes(b"A line.\0\0\0Another.\0" * 9), "binary|not text"),
    ("huge.txt", sparse, r"200,000,000 bytes.*50,000,000"),
    ("slides.key", lambda path: path.write_bytes(b"PK\3\4slides"), r"\.key; expected one of .*\.txt.*\.md"),
    ("noname", lambda path: path.write_bytes(b"Some text."), r"without a suffix; expected one of .*\.txt.*\.md"),
    ("vanished.txt", lambda path: path.symlink_to("not-there"), "[Nn]ot there|[Nn]o such file|does not exist"),
]


@pytest.mark.parametrize(("name", "make", "pattern"), FILES, ids=[name for name, _, _ in FILES])
def test_bad_file_is_named_with_the_reason_and_the_others_are_stored(
    ingested: Rag, tmp_path: Path, data: Path, name: str, make: Callable[[Path], object], pattern: str
) -> None:
    before = state(data)
    bad, good = tmp_path / name, tmp_path / "good.txt"
    make(bad)
    good.write_text("The gate opens at eight in the morning.", encoding="utf-8")
    ran = ingested("ingest", bad, good)
    if "Error: " in ran.err:  # a named path that is not there stops the command before anything is written
        said(ran, f".*{name}.*({pattern}).*")
        assert state(data) == before
    else:
        assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 created, 1 failed")
        assert re.fullmatch(f"(?is)failed +.*{name}.*({pattern}).*\n", ran.err), ran.err
        assert len(state(data)["documents"]) == len(before["documents"]) + 1
    assert "Traceback" not in ran.err
    assert SENTENCE in ingested("ask", QUESTION).out


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "Das Café schließt um fünf Uhr nachmittags."),
        ("cp1252", "The café closes at five o’clock – “sharp”."),
        ("utf-16", "The café closes at five in the afternoon."),
        ("utf-8-sig", "The café closes at five in the afternoon."),
        ("shift_jis", "港は千八百八十七年に開かれました。船は冬に別の港へ送られました。" * 3),
    ],
)
def test_file_in_another_encoding_is_read_as_it_was_meant(rag: Rag, tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "note.txt").write_bytes(text.encode(encoding))
    assert rag("ingest", tmp_path / "note.txt").code == 0
    quotes = [p["text"] for p in rag("search", text[:40], "--json").json["passages"]]
    assert "".join(quotes).replace("\n", "") == text


def test_path_that_does_not_exist_is_named_and_nothing_is_stored(ingested: Rag, tmp_path: Path, data: Path) -> None:
    before = state(data)
    said(ingested("ingest", tmp_path / "nowhere"), rf".*{tmp_path}/nowhere.*")
    assert state(data) == before


def test_file_whose_name_is_not_utf_8_is_stored_under_a_name_that_can_be_shown(rag: Rag, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123 - Path has no bytes
        file.write(b"The gate opens at eight in the morning.")
    ran = rag("ingest", folder)
    assert (ran.code, ran.err) == (0, "")
    (document,) = rag("documents", "--json").json["documents"]
    assert document["location"] == r"caf\xe9.txt"
    assert rf"{folder}/caf\xe9.txt" in rag("documents").out
    assert "The gate opens at eight" in rag("ask", "When does the gate open?").out
    assert rag("ingest", folder).out == "1 unchanged\n"


# -- questions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "pattern"),
    [
        ("", "The question is empty. Type a question about the documents."),
        (" \t\n", "The question is empty. Type a question about the documents."),
        ("\0\x01\x7f", "The question is empty. Type a question about the documents."),
        ("\ud800", "The question is empty. Type a question about the documents."),
        ("\u200b\u200d\ufeff", "The question is empty. Type a question about the documents."),
        ("a" * 10_000, "The question has 10,000 characters; at most 1,000 are read. Shorten it."),
        ("why? " * 2_000, "The question has 10,000 characters; at most 1,000 are read. Shorten it."),
    ],
    ids=["empty", "blank", "control", "surrogate", "invisible", "one-word", "long"],
)
@pytest.mark.parametrize("command", ["ask", "search"])
def test_question_that_cannot_be_asked_gets_one_sentence(
    ingested: Rag, data: Path, command: str, question: str, pattern: str
) -> None:
    before = state(data)
    said(ingested(command, question), re.escape(pattern))
    assert state(data) == before


ABOUT_NOTHING = {
    "star": "*",
    "marks": "\"'()*^:+-~{}[]&|<>",
    "emoji": "\U0001f6a2\U0001f30a\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "operators": "AND OR NOT",
    "greek": "Πότε άνοιξε το λιμάνι της Βέστερχολμ;",
    "arabic": "متى افتتح الميناء في ويسترهولم؟",
    "chinese": "港口是什么时候开放的？",
    "thai": "ท่าเรือเปิดเมื่อไหร่",
    "combining": "z\u0351\u036b\u0343\u036a\u0302a\u0489\u0327lgo " * 20,
    "sql": "'; DROP TABLE documents; --",
}


@pytest.mark.parametrize("question", ABOUT_NOTHING.values(), ids=ABOUT_NOTHING.keys())
def test_question_about_nothing_in_the_documents_is_not_answered(ingested: Rag, data: Path, question: str) -> None:
    before = state(data)
    ran = ingested("ask", "--json", "--", question)
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["answer"] is None
    if question == ABOUT_NOTHING["sql"]:  # it has words, and a document may be what is meant: that is not ruled out
        assert ran.json["status"] in ("no_answer", "possible")
    else:
        assert (ran.json["status"], ran.json["citations"]) == ("no_answer", [])
        assert ran.json["reason"] in ("not_found", "not_a_question")
    assert ingested("ask", "--", question).code == 0
    assert ingested("search", "--", question).code == 0
    assert state(data) == before


OPERATORS = {
    "quote": 'When was the "harbour at Westerholm opened?',
    "quotes": '"When was the harbour" at "Westerholm" opened?',
    "star": "When was the harb* harbour at Westerholm opened*?",
    "near": "NEAR(harbour Westerholm, 2) When was it opened?",
    "minus": "When was the harbour -at Westerholm - opened?",
    "caret": "^When was the ^harbour at Westerholm opened?",
    "column": "search_text:harbour When was the harbour at Westerholm opened?",
    "braces": "{search_text words}: When was the harbour at Westerholm opened?",
    "parentheses": "(((When was the harbour at Westerholm opened?",
    "or": "When OR was AND the NOT harbour AND Westerholm OR opened?",
    "nul": "When was the harbour\0 at Westerholm opened?",
    "bell": "When was the har\abour harbour at \x1bWesterholm opened?",
    "surrogate": "When was the \ud83d harbour at Westerholm opened?",
    "emoji": "When was the \U0001f6a2 harbour at Westerholm opened?",
    "lines": "When was\nthe harbour\r\nat Westerholm\topened?",
    "markup": "<script>alert(1)</script> When was the harbour at Westerholm opened?",
    "rich": "[red]When[/] was the [/nonsense] harbour at Westerholm opened?",
}


@pytest.mark.parametrize("question", OPERATORS.values(), ids=OPERATORS.keys())
def test_operators_and_odd_characters_in_a_question_mean_nothing(ingested: Rag, data: Path, question: str) -> None:
    before = state(data)
    ran = ingested("ask", "--json", "--", question)
    assert (ran.code, ran.err) == (0, "")
    assert SENTENCE in [passage["text"].split("\n")[0][: len(SENTENCE)] for passage in ran.json["passages"]]
    assert ingested("search", "--json", "--", question).code == 0
    assert ingested("ask", "--", question).code == 0
    assert state(data) == before


# -- data directories ------------------------------------------------------------------------------------------------


def test_file_in_place_of_the_data_directory_is_named(rag: Rag, data: Path, library: Path) -> None:
    data.write_text("shopping list", encoding="utf-8")
    said(rag("ingest", library), rf"{data} is a file; expected a directory\. Choose another data directory\.")
    assert rag("ask", QUESTION).code == 1
    assert data.read_text(encoding="utf-8") == "shopping list"


def test_directory_of_a_newer_program_is_left_alone(ingested: Rag, data: Path, library: Path) -> None:
    connection = apsw.Connection(str(data / "citewell.sqlite"))
    connection.execute("PRAGMA user_version = 99").fetchall()
    connection.close()
    before = state(data)
    for arguments in (["ask", QUESTION], ["ingest", library], ["verify"], ["rebuild"]):
        said(
            ingested(*arguments),
            r".* has format 99; this version of the program knows format 13\. Update the program.*",
        )
    assert state(data) == before


def test_other_program_s_database_is_left_alone(rag: Rag, data: Path, library: Path) -> None:
    data.mkdir()
    connection = apsw.Connection(str(data / "citewell.sqlite"))
    connection.execute("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')").fetchall()
    connection.close()
    before = (data / "citewell.sqlite").read_bytes()
    said(rag("ingest", library), r".* is a database of another program; expected one of Citewell\..*")
    assert (data / "citewell.sqlite").read_bytes() == before


HOLD_THE_LOCK = """
import sys
from pathlib import Path
from rag.store.sqlite.sqlite_store import SqliteStore
with SqliteStore.open(Path(sys.argv[1])) as store, store.write_lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_second_writer_is_refused_at_once_and_readers_go_on(ingested: Rag, data: Path, library: Path) -> None:
    document = ingested("documents", "--json").json["documents"][0]["id"]
    with python_process(HOLD_THE_LOCK, data) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "locked\n"
        refused = rf"process {writer.pid} is writing to {data}\. Try again when it has finished\."
        for arguments in (["ingest", library], ["remove", document], ["rebuild"]):
            said(ingested(*arguments), refused)
        assert SENTENCE in ingested("ask", QUESTION).out
        assert ingested("verify").code == 0
        writer.communicate("")
    assert ingested("remove", document).code == 0


IN_OTHER_SKIN = """
import os, resource, sys
import rag.app.citewell
from tests.support.fakes import ReadsHere
from tests.support.hash_cli import run
rag.app.citewell.Parser = ReadsHere
data, limit, user, arguments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
run(["ask", "Warm up", "--data-dir", data])  # all is imported now: the other user may not read the interpreter's files
print("-- now", flush=True); print("-- now", file=sys.stderr, flush=True)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
sys.exit(run([*arguments, "--data-dir", data]))
"""


def in_other_skin(data: Path, *arguments: object, limit: int = 0, user: int = 0) -> Ran:
    """A command under a limit on file size, in bytes, or as another user, on a data directory that has documents."""
    with python_process(IN_OTHER_SKIN, data, limit, user, *arguments) as process:
        out, err = process.communicate(timeout=200)
    return Ran(process.returncode, out.partition("-- now\n")[2], err.partition("-- now\n")[2])


@pytest.fixture
def public(ingested: Rag, data: Path) -> Iterator[Path]:
    """A copy of the data directory that any user may read and none but its owner may write."""
    assert ingested("verify").code == 0
    parent = Path(tempfile.mkdtemp())
    shutil.copytree(data, parent / "data")
    for path in [parent, *parent.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield parent / "data"
    shutil.rmtree(parent)


@needs_root
def test_read_only_directory_answers_and_refuses_writes(public: Path) -> None:
    before = state(public)
    document = str(before["documents"][0][1])
    assert SENTENCE in in_other_skin(public, "ask", QUESTION, user=NOBODY).out
    for arguments in (["remove", document], ["rebuild"]):
        said(
            in_other_skin(public, *arguments, user=NOBODY), rf"{public}.* cannot be written: .*writable for this user.*"
        )
    assert state(public) == before


@needs_root
def test_unreadable_file_is_named_and_the_others_are_stored(public: Path) -> None:
    for path in [public, *public.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    files = public.parent / "files"
    files.mkdir(mode=0o755)
    (files / "secret.txt").write_text("The safe is behind the picture.", encoding="utf-8")
    (files / "secret.txt").chmod(0o600)
    (files / "good.txt").write_text("The gate opens at eight in the morning.", encoding="utf-8")
    (files / "good.txt").chmod(0o644)
    ran = in_other_skin(public, "ingest", files, user=NOBODY)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 created, 1 failed")
    assert re.fullmatch("(?i)failed +.*secret.txt.*(permission|may not).*\n", ran.err), ran.err


def test_full_disk_is_named_and_nothing_is_lost(ingested: Rag, data: Path, tmp_path: Path) -> None:
    before = state(data)
    line = "Shed {} on the quay of Norrvik holds {} barrels of tar and some rope.\n\n"
    text = "".join(line.format(n, n) for n in range(3_000))
    (tmp_path / "big.txt").write_text(text, encoding="utf-8")
    limit = (data / "citewell.sqlite").stat().st_size + 50_000
    ran = in_other_skin(data, "ingest", tmp_path / "big.txt", limit=limit)
    said(ran, rf"{data}.* could not be written: File too large\. Free some space.*")
    assert state(data) == before
    assert ingested("verify").code == 0
    assert SENTENCE in ingested("ask", QUESTION).out
    assert ingested("ingest", tmp_path / "big.txt").out.endswith("1 created\n")


def flip(path: Path, *places: int) -> None:
    """Turn the bits of some bytes around."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] ^= 0xFF
    path.write_bytes(content)


INDEX_DAMAGE: dict[str, Callable[[Path], object]] = {
    "vectors": lambda g: flip(g / "vectors.faiss", (g / "vectors.faiss").stat().st_size // 2),
    "short": lambda g: os.truncate(g / "vectors.faiss", 100),
    "empty": lambda g: os.truncate(g / "vectors.faiss", 0),
    "gone": lambda g: (g / "vectors.faiss").unlink(),
    "manifest": lambda g: flip(g / "manifest.json", 40),
    "manifest-empty": lambda g: os.truncate(g / "manifest.json", 0),
    "pointer": lambda g: (g.parent / "CURRENT").write_bytes(b"\xff\0nonsense"),
    "pointer-elsewhere": lambda g: (g.parent / "CURRENT").write_text(f"gen-999 {'0' * 64}\n"),
}


@pytest.mark.parametrize("damage", INDEX_DAMAGE.values(), ids=INDEX_DAMAGE.keys())
def test_damaged_index_is_set_aside_answers_go_on_and_rebuild_mends_it(
    ingested: Rag, data: Path, damage: Callable[[Path], object]
) -> None:
    before, answer = state(data), ingested("ask", QUESTION).out
    (generation,) = (data / "index").glob("gen-*")
    kept = {path.name for path in generation.iterdir()}
    damage(generation)
    left = {path.name for path in generation.iterdir()}
    ran = ingested("verify")
    assert ran.code == 1
    assert "DAMAGED  vector index: " in ran.out
    assert "rag rebuild" in ran.err
    assert SENTENCE in ingested("ask", QUESTION).out
    assert ingested("rebuild").code == 0
    assert ingested("verify").code == 0
    assert ingested("ask", QUESTION).out == answer
    assert state(data) == before
    assert list((data / "index").glob("*.corrupt-*")) != []
    set_aside = [p for p in (data / "index").iterdir() if p.is_dir() and left <= {f.name for f in p.iterdir()}]
    assert set_aside, (kept, left)


def test_damaged_index_answers_from_words_or_from_the_rebuilt_one(ingested: Rag, data: Path) -> None:
    (generation,) = (data / "index").glob("gen-*")
    INDEX_DAMAGE["vectors"](generation)
    body = ingested("ask", QUESTION, "--json").json
    assert body["status"] == "answered"
    assert body["citations"][0]["quote"] == SENTENCE
    assert body["degraded"] in (True, False)
    assert ingested("ask", QUESTION, "--json").json["degraded"] is False


def test_damaged_database_page_is_reported_and_nothing_is_deleted(ingested: Rag, data: Path) -> None:
    file = data / "citewell.sqlite"
    connection = apsw.Connection(str(file))
    # A page that nothing needs to open the database.
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sentences'").get
    connection.close()
    flip(file, *range((root - 1) * 4_096, root * 4_096))
    before = file.read_bytes()
    ran = ingested("verify")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "DAMAGED" in ran.out
    for arguments in (["ask", QUESTION], ["documents"], ["search", "harbour"], ["rebuild"]):
        ran = ingested(*arguments)
        assert ran.code in (0, 1)
        assert "Traceback" not in ran.err
    assert len(file.read_bytes()) >= len(before)


@pytest.mark.parametrize("part", range(12))
def test_wherever_a_page_is_damaged_there_is_a_message_and_no_traceback(ingested: Rag, data: Path, part: int) -> None:
    """The whole file in twelve parts: the middle of each is overwritten with one wrong byte over and over."""
    file = data / "citewell.sqlite"
    content = bytearray(file.read_bytes())
    start = len(content) * part // 12 + 2_048
    content[start : start + 512] = b"\xfe" * len(content[start : start + 512])
    file.write_bytes(content)
    for arguments in (["verify"], ["ask", QUESTION], ["documents"], ["rebuild"]):
        ran = ingested(*arguments)
        assert ran.code in (0, 1), ran
        assert "Traceback" not in ran.err
        if ran.code == 1 and arguments[0] in ("ask", "documents"):
            assert re.fullmatch(r"Error: .*citewell\.sqlite.*\n", ran.err), ran.err


def test_header_of_the_database_overwritten_is_named(ingested: Rag, data: Path, library: Path) -> None:
    flip(data / "citewell.sqlite", *range(100))
    before = (data / "citewell.sqlite").read_bytes()
    for arguments in (["ask", QUESTION], ["ingest", library], ["verify"], ["rebuild"]):
        said(
            ingested(*arguments), rf"{data}/citewell\.sqlite is damaged: .*Put the data directory back from a backup.*"
        )
    assert (data / "citewell.sqlite").read_bytes() == before


# -- models ----------------------------------------------------------------------------------------------------------


def test_index_of_another_model_is_refused_and_unchanged(ingested: Rag, data: Path, library: Path) -> None:
    before = state(data)
    for arguments in (["ask", QUESTION], ["ingest", library]):
        said(
            ingested(*arguments, "--model", "other"),
            rf"The index in {data} was made with the model all-MiniLM-L6-v2 .*, and the settings name other .* set the"
            r" first one again, or ingest into a new data directory\.",
        )
    assert state(data) == before


@pytest.mark.parametrize("model", ["no-such-model", "no/such/model/at all", "../..", ""])
def test_model_that_is_not_there_is_named_in_one_line(
    ingested: Rag, data: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr("rag.models.loading.load_model", load_model)  # the real one again
    before = state(data)
    ran = ingested("ask", QUESTION, "--model", model)
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"Error: The .*model.*\n", ran.err), ran.err
    assert state(data) == before


# -- question files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (b"", "holds no question"),
        (b"{\n", "line 1: expected an object"),
        (b'{"question": "Who?", "answers": []}\n[1]\n', "line 2: expected an object"),
        (b'{"answers": []}\n', "line 1: expected an object"),
        (b'{"question": "Who?", "answers": 7}\n', "line 1: expected an object"),
        (b'{"question": 7, "answers": []}\n', "line 1: expected an object"),
        (b'{"question": "Who?", "answers": [7]}\n', "line 1: expected an object"),
        (b'{"question": "Who?", "answers": "Ann"}\n', "line 1: expected an object"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'{"question": "", "answers": []}\n', "line 1: expected an object"),
    ],
    ids=["empty", "json", "list", "no-question", "number", "question-7", "answer-7", "string", "encoding", "blank"],
)
def test_corrupt_question_file_is_named_with_its_line(
    ingested: Rag, tmp_path: Path, content: bytes, pattern: str
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)
    said(ingested("evaluate", file, "--json"), rf".*{file}.*({pattern}).*")


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        ("", "is not a SQuAD file"),
        ("[]", "is not a SQuAD file"),
        ('{"data": 7}', "is not a SQuAD file"),
        (json.dumps({"data": [{"paragraphs": [{"context": 7, "qas": []}]}]}), "is not a SQuAD file"),
        ('{"data": []}', "holds no question"),
    ],
    ids=["empty", "list", "data", "context", "none"],
)
def test_corrupt_squad_file_is_named(rag: Rag, tmp_path: Path, content: str, pattern: str) -> None:
    file = tmp_path / "squad.json"
    file.write_text(content, encoding="utf-8")
    said(rag("evaluate", "--squad", file), f"{file} {pattern}.*")


@pytest.mark.parametrize("option", ["FILE", "--squad"])
def test_question_file_that_is_not_there_is_named(ingested: Rag, tmp_path: Path, option: str) -> None:
    file = tmp_path / "nowhere.jsonl"
    said(ingested("evaluate", *(["--squad"] if option == "--squad" else []), file), f"The question file {file} .*")
