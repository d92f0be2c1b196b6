from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rag.index.generations
from rag.index import SearchIndex
from rag.index.generations import IndexDamaged, load_current, save_generation
from rag.records import ModelIdentity
from tests.support.indexes import DATABASE, an_index, save
from tests.support.processes import python_process, run_python
from tests.support.stores import MODEL, unit_rows

FILES = ("vectors.faiss", "words.bin", "ids.bin", "gone.bin")


def load(directory: Path) -> SearchIndex | None:
    saved = load_current(directory, database_id=DATABASE, model=MODEL)
    assert saved is None or saved.token == saved.index.change_number + 70
    return saved.index if saved else None


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_saved_index_finds_the_same(tmp_path: Path) -> None:
    saved = save(tmp_path / "index", 3)
    loaded = load(tmp_path / "index")
    assert loaded is not None
    assert (loaded.size, loaded.dimension, loaded.change_number) == (30, 4, 3)
    for query in unit_rows(5, seed=9):
        assert loaded.search(query, 10) == saved.search(query, 10)
    for word in ("all", "word7", "none"):
        assert loaded.search_words([word, "word3"], 10) == saved.search_words([word, "word3"], 10)


def test_what_is_gone_stays_gone_in_a_saved_index(tmp_path: Path) -> None:
    index = an_index(2)
    index = SearchIndex((index.parts[0].without(np.array([3, 20])),), 2)
    save_generation(tmp_path, index, database_id=DATABASE, model=MODEL, token=72)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.size == 18
    assert sorted(i for i, _ in loaded.search(unit_rows(1)[0], 20)) == [i for i in range(1, 21) if i not in (3, 20)]


def test_an_index_of_an_older_program_is_passed_over_and_not_called_damaged(tmp_path: Path) -> None:
    save(tmp_path, 1)
    manifest = tmp_path / "gen-1" / "manifest.json"
    data = manifest.read_bytes().replace(b'"format": 3', b'"format": 1')
    manifest.write_bytes(data)
    (tmp_path / "CURRENT").write_text(f"gen-1 {hashlib.sha256(data).hexdigest()}\n")
    assert load(tmp_path) is None
    assert names(tmp_path) == ["CURRENT", "gen-1"]
    save(tmp_path, 2)
    assert load(tmp_path) is not None


def test_an_empty_index_can_be_saved(tmp_path: Path) -> None:
    save(tmp_path, 0)
    loaded = load(tmp_path)
    assert loaded is not None
    assert (loaded.size, loaded.change_number) == (0, 0)


@pytest.mark.parametrize("directory", ["", "missing"])
def test_there_is_none_before_the_first_save(tmp_path: Path, directory: str) -> None:
    assert load(tmp_path / directory) is None


def test_the_generation_before_is_kept_and_older_ones_are_not(tmp_path: Path) -> None:
    for change_number in range(1, 5):
        save(tmp_path, change_number)
    assert names(tmp_path) == ["CURRENT", "gen-3", "gen-4"]
    assert names(tmp_path / "gen-4") == sorted(("manifest.json", *FILES))


def test_the_manifest_says_what_the_index_was_made_from(tmp_path: Path) -> None:
    save(tmp_path, 2)
    manifest = json.loads((tmp_path / "gen-1" / "manifest.json").read_text())
    for name, said in manifest.pop("files").items():
        data = (tmp_path / "gen-1" / name).read_bytes()
        assert said == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert manifest == {
        "format": 3,
        "database_id": DATABASE,
        "change_number": 2,
        "change_token": 72,
        "rows": 20,
        "dimension": 4,
        "metric": "inner product of unit vectors",
        "model": dataclasses.asdict(MODEL),
    }


def flip(name: str, place: int) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        data = bytearray((directory / name).read_bytes())
        data[place % len(data)] ^= 0x10
        (directory / name).write_bytes(data)

    return damage


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda directory: (directory / name).write_bytes((directory / name).read_bytes()[:size])


def remove(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


DAMAGES = [
    *(
        pytest.param(flip("gen-1/vectors.faiss", place), "SHA-256 differs", id=f"vectors-{place}")
        for place in (0, 40, 99, -1)
    ),
    *(
        pytest.param(cut("gen-1/vectors.faiss", size), "bytes; expected", id=f"vectors-cut-{size}")
        for size in (0, 1, 100)
    ),
    *(pytest.param(remove(f"gen-1/{name}"), f"{name} is not there", id=f"{name}-gone") for name in FILES),
    *(
        pytest.param(flip(f"gen-1/{name}", 9), f"{name} .*SHA-256 differs", id=name)
        for name in ("words.bin", "ids.bin")
    ),
    pytest.param(lambda d: (d / "gen-1/gone.bin").write_bytes(b"\0" * 8), "8 bytes; expected 0", id="gone-grown"),
    *(
        pytest.param(flip("gen-1/manifest.json", place), "not the file that was saved", id=f"manifest-{place}")
        for place in (0, 80, -1)
    ),
    pytest.param(cut("gen-1/manifest.json", 50), "not the file that was saved", id="manifest-cut"),
    pytest.param(remove("gen-1/manifest.json"), "manifest.json is not there", id="manifest-gone"),
    pytest.param(flip("CURRENT", 0), "does not name a generation", id="pointer-name"),
    pytest.param(flip("CURRENT", -1), "does not name a generation", id="pointer-end"),
    pytest.param(flip("CURRENT", 10), "", id="pointer-hash"),
    pytest.param(cut("CURRENT", 0), "does not name a generation", id="pointer-empty"),
    pytest.param(cut("CURRENT", 30), "does not name a generation", id="pointer-cut"),
    pytest.param(lambda d: (d / "gen-1").rename(d / "gone"), "manifest.json is not there", id="generation-gone"),
    pytest.param(
        lambda d: (d / "CURRENT").write_text(f"../gen-1 {'a' * 64}\n"), "does not name", id="pointer-elsewhere"
    ),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_damaged_index_is_set_aside_and_never_used(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    save(tmp_path, 1)
    before = sum(path.is_file() for path in tmp_path.rglob("*"))
    damage(tmp_path)
    after = sum(path.is_file() for path in tmp_path.rglob("*"))
    with pytest.raises(IndexDamaged, match=rf"{message}.* It was set aside as .*\.corrupt-2"):
        load(tmp_path)
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == after >= before - 1
    assert load(tmp_path) is None
    save(tmp_path, 2)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.change_number == 2
    assert any(".corrupt-" in name for name in names(tmp_path))


@pytest.mark.parametrize(
    ("database_id", "model", "message"),
    [
        pytest.param("another", MODEL, f"has database_id '{DATABASE}'; expected 'another'", id="database"),
        pytest.param(
            DATABASE, dataclasses.replace(MODEL, sha256="cd" * 32), "has model .* expected .*cdcd", id="weights"
        ),
        pytest.param(DATABASE, dataclasses.replace(MODEL, name="other"), "has model .* expected .*other", id="model"),
    ],
)
def test_an_index_of_something_else_is_set_aside(
    tmp_path: Path, database_id: str, model: ModelIdentity, message: str
) -> None:
    save(tmp_path, 1)
    with pytest.raises(IndexDamaged, match=message):
        load_current(tmp_path, database_id=database_id, model=model)
    assert load(tmp_path) is None
    assert [name.split("-2")[0] for name in names(tmp_path)] == ["CURRENT.corrupt", "gen-1.corrupt"]


@pytest.mark.parametrize("name", ["vectors.faiss", "words.bin", "ids.bin"])
def test_every_bit_flip_is_seen(tmp_path: Path, name: str) -> None:
    save(tmp_path, 1)
    path = tmp_path / "gen-1" / name
    whole = path.read_bytes()
    pointer = (tmp_path / "CURRENT").read_bytes()
    for place in np.random.default_rng(0).integers(0, 8 * len(whole), 200).tolist():
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        with pytest.raises(IndexDamaged):
            load(tmp_path)
        next(tmp_path.glob("gen-1.corrupt-*")).rename(tmp_path / "gen-1")
        (tmp_path / "CURRENT").write_bytes(pointer)


# What a save that has an older generation to remove asks of the system, in this order.
MOMENTS = [
    "mkdir gen-3.tmp",
    "create gen-3.tmp/vectors.faiss",
    "create gen-3.tmp/words.bin",
    "create gen-3.tmp/ids.bin",
    "create gen-3.tmp/gone.bin",
    "create gen-3.tmp/manifest.json",
    "rename gen-3.tmp",
    "create CURRENT.tmp",
    "rename CURRENT.tmp",
    "rmtree gen-1",
    "rmdir gen-1",
]

# The interpreter tells of each request before it is made; the process tells on, or dies at the one that is given.
SAVE_AND_TELL = """
import os, signal, sys
from pathlib import Path
from tests.support.indexes import save

directory = Path(sys.argv[1])

def hear(event, given):
    if event == "open" and given[1] == "x":
        kind = "create"
    elif event in ("os.mkdir", "os.rename", "os.rmdir", "shutil.rmtree"):
        kind = event.partition(".")[2]
    else:
        return
    path = Path(os.fsdecode(given[0]))
    if directory not in path.parents:
        return
    moment = f"{kind} {path.relative_to(directory)}"
    print(moment, flush=True)
    if moment in sys.argv[2:]:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hear)
save(directory, 3)
"""


def test_the_moments_of_a_save_are_those_that_are_tested(tmp_path: Path) -> None:
    save(tmp_path, 1)
    save(tmp_path, 2)
    assert run_python(SAVE_AND_TELL, tmp_path).splitlines() == MOMENTS


@pytest.mark.crash
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_save_that_is_killed_leaves_the_old_or_the_new_index(tmp_path: Path, moment: str) -> None:
    save(tmp_path, 1)
    save(tmp_path, 2)
    process = python_process(SAVE_AND_TELL, tmp_path, moment)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == -9, errors
    loaded = load(tmp_path)
    assert loaded is not None
    expected = 3 if MOMENTS.index(moment) > MOMENTS.index("rename CURRENT.tmp") else 2
    assert (loaded.change_number, loaded.size) == (expected, 10 * expected)
    save(tmp_path, 4)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.change_number == 4
    assert not any(name.endswith(".tmp") for name in names(tmp_path))
    assert len([name for name in names(tmp_path) if name.startswith("gen-")]) == 2


def test_a_full_disk_leaves_the_old_index(tmp_path: Path) -> None:
    save(tmp_path, 1)
    code = """
import resource, sys
from pathlib import Path
from rag.errors import StorageFull
from tests.support.indexes import save
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
try:
    save(Path(sys.argv[1]), 2)
except StorageFull as error:
    print(error)
"""
    assert "could not be written: File too large. Free some space" in run_python(code, tmp_path)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.change_number == 1


def test_a_reader_that_a_writer_overtook_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two saves between reading the pointer and reading the generation remove what the pointer named."""
    save(tmp_path, 1)
    read_small, overtaken = rag.index.generations._read_small, list[Path]()

    def slow(path: Path) -> bytes:
        if path.name == "manifest.json" and not overtaken:
            overtaken.append(path)
            save(tmp_path, 2)
            save(tmp_path, 3)
        return read_small(path)

    monkeypatch.setattr(rag.index.generations, "_read_small", slow)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.change_number == 3
    assert names(tmp_path) == ["CURRENT", "gen-2", "gen-3"]
