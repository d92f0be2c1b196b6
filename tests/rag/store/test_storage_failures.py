"""What happens when the machine fails: the message, and what is still there afterwards."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from rag.disk import network_file_system
from rag.errors import IndexMissing, StorageBusy, StorageDamaged, StorageError, StorageTooNew
from rag.index.live import LiveIndex
from rag.store.base import IngestStatus
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.processes import python_process, run_python
from tests.support.stores import (
    AS_REST,
    MODEL,
    WITHOUT_ACCESS,
    WITHOUT_LOG,
    WITHOUT_PEOPLE,
    WITHOUT_PERSON,
    WITHOUT_SCANS,
    WITHOUT_SOURCES,
    WITHOUT_TALK,
    WITHOUT_TURNS,
    open_store,
    put,
)

FILE = "citewell.sqlite"
NOBODY = 65_534


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with one document, closed."""
    with open_store(tmp_path / "data") as store:
        put(store, "a", "The harbour froze.", "Ships waited.")
    return tmp_path / "data"


PUT_FOR_EVER = """
import sys
from pathlib import Path
from tests.support.stores import open_store, put
with open_store(Path(sys.argv[1])) as store:
    number = int(sys.argv[2])
    while True:
        number += 1
        put(store, f"document{number}", *[f"Sentence {line} of {number}." for line in range(20)])
        if number % 5 == 0:
            store.delete_document(f"document{number}")
        print(number, flush=True)
"""


@pytest.mark.crash
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_there(tmp_path: Path) -> None:
    data, acknowledged = tmp_path / "data", 0
    for cycle in range(10):
        process = python_process(PUT_FOR_EVER, data, acknowledged)
        assert process.stdout is not None
        last = process.stdout.readline()
        time.sleep(random.Random(cycle).uniform(0, 0.1))  # noqa: S311 - when to kill
        process.kill()
        rest, errors = process.communicate(timeout=200)
        numbers = [int(line) for line in (last + rest).splitlines() if line]
        assert numbers, errors
        acknowledged = max(numbers)
        with SqliteStore.open(data, create=False) as store:
            found = {info.source.id: info for info in store.documents(EVERYTHING)}
            kept = {f"document{n}" for n in range(1, acknowledged + 1) if n % 5}
            in_flight = f"document{acknowledged + 1}"
            assert kept <= set(found) <= kept | {in_flight}
            assert all((info.sentences, info.chunks) == (21, 10) for info in found.values())
            assert [check.name for check in store.check() if not check.ok] == []
            if in_flight in found:
                store.delete_document(in_flight)
    assert acknowledged > 10


HOLD_THE_LOCK = """
import sys
from pathlib import Path
from rag.store.sqlite.sqlite_store import SqliteStore
with SqliteStore.open(Path(sys.argv[1])) as store, store.write_lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_is_writing_and_readers_go_on(data: Path) -> None:
    with python_process(HOLD_THE_LOCK, data) as process, SqliteStore.open(data) as store:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(StorageBusy, match=rf"process {process.pid} is writing to {data}\. Try again"):
            put(store, "b", "More.")
        assert (store.counts(EVERYTHING)[0], len(store.search_words(EVERYTHING, ["harbour"], 5))) == (1, 1)
        assert store.add_feedback("answer", None, "relevant", None, "") == 1
        process.kill()
        process.wait()
        # The lock went with the process, though its file and the process id in it are still there.
        assert (data / "write.lock").read_text() == f"{process.pid}\n"
        assert put(store, "b", "More.") == IngestStatus.CREATED


OUTLIVE_THE_LOCK = """
import sys
from pathlib import Path
from rag.errors import StorageError
from rag.index.live import LiveIndex
from tests.support.stores import MODEL, open_store, put
def attempt(step):
    try:
        step()
    except StorageError as error:
        print(type(error).__name__, error, flush=True)
with open_store(Path(sys.argv[1])) as store:
    index = LiveIndex(store, Path(sys.argv[1]) / "index", MODEL)
    with store.write_lock():
        put(store, "b", "Written before it was stopped.")
        print("locked", flush=True)
        sys.stdin.readline()
        attempt(lambda: put(store, "c", "Written after."))
        attempt(index.publish)
    put(store, "d", "Written with a lock of its own.")
    print("done", flush=True)
"""


def test_a_writer_that_was_taken_for_dead_writes_no_more_when_it_wakes_up(data: Path) -> None:
    """It is stopped, somebody removes its lock so that another can write, and then it goes on."""
    with python_process(OUTLIVE_THE_LOCK, data) as process, open_store(data) as store:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(StorageBusy, match=f"process {process.pid} is writing"):
            put(store, "e", "More.")
        (data / "write.lock").unlink()
        put(store, "e", "More.")
        with store.write_lock():
            LiveIndex(store, data / "index", MODEL).publish()
        current = (data / "index" / "CURRENT").read_text()
        process.send_signal(signal.SIGCONT)
        out, errors = process.communicate("go on\n", timeout=200)
        *refused, last = out.splitlines()
        assert (last, errors) == ("done", "")
        assert [line.partition(" was removed")[0] for line in refused] == [f"StorageBusy {data}/write.lock"] * 2
        assert (data / "index" / "CURRENT").read_text() == current
        assert {info.source.id for info in store.documents(EVERYTHING)} == {"a", "b", "d", "e"}
        assert [check for check in store.check() if not check.ok] == []


def test_the_write_lock_is_reentrant_and_let_go(data: Path) -> None:
    with SqliteStore.open(data) as first, SqliteStore.open(data) as second:
        with first.write_lock(), first.write_lock():
            put(first, "b", "More.")
            with pytest.raises(StorageBusy, match=f"process {os.getpid()} is writing"), second.write_lock():
                pass
        with second.write_lock():
            put(second, "c", "Even more.")
        assert first.counts(EVERYTHING)[0] == 3


def test_another_program_that_locks_the_file_is_named_as_the_cause(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.store.sqlite.database._BUSY_TIMEOUT", 50)
    other = apsw.Connection(str(data / FILE))
    other.execute("BEGIN IMMEDIATE")
    with SqliteStore.open(data) as store, pytest.raises(StorageBusy, match=rf"kept .*{FILE} locked"):
        put(store, "b", "More.")
    other.close()


def test_several_may_create_the_database_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        barrier, found = threading.Barrier(4), list[str]()

        def create(data: Path, barrier: threading.Barrier, found: list[str]) -> None:
            barrier.wait()
            try:
                with SqliteStore.open(data) as store:
                    found.append(store.database_id)
            except StorageError as error:
                found.append(str(error))

        arguments = (tmp_path / f"data{attempt}", barrier, found)
        threads = [threading.Thread(target=create, args=arguments) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(found)) == 1, found


def overwrite(place: int, data: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(data)

    return damage


def run_sql(sql: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        connection = apsw.Connection(str(path))
        connection.execute(sql)
        connection.close()

    return damage


@pytest.mark.parametrize(
    ("damage", "kind", "message"),
    [
        pytest.param(overwrite(0, b"not a database"), StorageDamaged, "is damaged: .*from a backup", id="header"),
        pytest.param(overwrite(100, b"\xff" * 3_000), StorageDamaged, "is damaged: .*from a backup", id="first-page"),
        pytest.param(
            run_sql("PRAGMA user_version = 14"), StorageTooNew, "has format 14; .* knows format 13", id="newer"
        ),
        pytest.param(
            run_sql("PRAGMA user_version = 0"), StorageDamaged, "has format 0 and no usable id", id="no-format"
        ),
        pytest.param(run_sql("DELETE FROM meta"), StorageDamaged, "has format 13 and no usable id", id="no-id"),
        pytest.param(run_sql("PRAGMA application_id = 7"), StorageDamaged, "database of another program", id="another"),
        pytest.param(lambda path: os.truncate(path, 0), IndexMissing, "holds no documents yet", id="empty"),
        pytest.param(lambda path: os.truncate(path, 5_000), StorageDamaged, "is damaged: ", id="truncated"),
        pytest.param(lambda path: path.write_text("Dear diary,\n" * 500), StorageDamaged, "is damaged: ", id="text"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    data: Path, damage: Callable[[Path], None], kind: type[Exception], message: str
) -> None:
    damage(data / FILE)
    before = (data / FILE).read_bytes()
    with pytest.raises(kind, match=message) as caught, SqliteStore.open(data, create=False) as store:
        store.document(EVERYTHING, "a")
    assert str(data) in str(caught.value)
    assert (data / FILE).read_bytes() == before


def schema_of(file: Path) -> set[tuple[str, str, str]]:
    """Every column of every table with its type, and every index with what it is on."""
    connection = apsw.Connection(str(file))
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')")]
    found = {
        (table, str(row[1]), str(row[2:]))
        for table in tables
        for pragma in ("table_xinfo", "index_xinfo")
        for row in connection.execute(f"PRAGMA {pragma}({table})")
    }
    connection.close()
    return found


@pytest.mark.parametrize(
    "undo",
    [
        pytest.param(WITHOUT_SOURCES + "; PRAGMA user_version = 12", id="twelfth"),
        pytest.param(WITHOUT_SCANS + "; PRAGMA user_version = 11", id="eleventh"),
        pytest.param(WITHOUT_PERSON + "; PRAGMA user_version = 10", id="tenth"),
        pytest.param(WITHOUT_PEOPLE + "; PRAGMA user_version = 9", id="ninth"),
        pytest.param(WITHOUT_ACCESS + "; PRAGMA user_version = 8", id="eighth"),
        pytest.param(AS_REST + "; PRAGMA user_version = 7", id="seventh"),
        pytest.param(WITHOUT_TURNS + "; PRAGMA user_version = 6", id="sixth"),
        pytest.param(WITHOUT_LOG + "; PRAGMA user_version = 5", id="fifth"),
        pytest.param(WITHOUT_TALK + "; PRAGMA user_version = 4", id="fourth"),
        pytest.param(WITHOUT_TALK + "; DROP TABLE originals; PRAGMA user_version = 3", id="third"),
        pytest.param(
            WITHOUT_TALK + "; DROP TABLE originals; DROP TABLE files; DROP TABLE versions; PRAGMA user_version = 2",
            id="second",
        ),
        pytest.param(
            WITHOUT_TALK + "; DROP TABLE originals; DROP TABLE files; DROP TABLE versions;"
            " ALTER TABLE documents DROP COLUMN modified_at; PRAGMA user_version = 1",
            id="first",
        ),
    ],
)
def test_a_database_of_an_older_format_is_brought_up_to_date(data: Path, tmp_path: Path, undo: str) -> None:
    open_store(tmp_path / "fresh").close()
    run_sql(undo)(data / FILE)
    with SqliteStore.open(data, create=False) as store:
        assert store.document(EVERYTHING, "a").modified_at == ""
        assert {sentence.recognised for sentence in store.sentences(EVERYTHING, "a")} == {None}
        assert (store.known_file(b"/a"), store.failed_files()) == (None, [])
        assert put(store, "b", "More.") == IngestStatus.CREATED
        assert all(check.ok for check in store.check())
        assert store.counts(EVERYTHING) == (2, len(store.sentences(EVERYTHING, "a")) + 2, len(store.all_chunk_ids()))
        store.delete_document("a")
        assert len(store.removed_since(store.change_number() - 1))
    connection = apsw.Connection(str(data / FILE))
    assert connection.pragma("user_version") == 13
    connection.close()
    # A column that was added later stands last.
    columns = {(table, name) for table, name, _ in schema_of(data / FILE)}
    assert columns == {(table, name) for table, name, _ in schema_of(tmp_path / "fresh" / FILE)}
    added = ["files", "versions", "originals", "conversations", "turn", "questions", "outcomes"]
    added += ["changes", "removed_chunks", "totals", "people", "belongings", "invitations", "sessions", "keys"]
    assert {row for row in schema_of(data / FILE) if row[0].startswith(tuple(added))} == {
        row for row in schema_of(tmp_path / "fresh" / FILE) if row[0].startswith(tuple(added))
    }


def test_a_damaged_page_is_reported_by_the_check_and_by_the_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with open_store(data) as store:
        for number in range(50):
            put(store, f"d{number}", *[f"Sentence {line} of document {number} in the harbour." for line in range(20)])
    connection = apsw.Connection(str(data / FILE))
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sentences'").get
    connection.close()
    overwrite((root - 1) * 4_096, b"\xde\xad\xbe\xef" * 256)(data / FILE)
    with SqliteStore.open(data, create=False) as store:
        with pytest.raises(StorageDamaged, match=rf"{FILE} is damaged: .*keep the damaged file"):
            store.sentences(EVERYTHING, "d7")
        assert store.document(EVERYTHING, "d7").source.id == "d7"
        assert not all(check.ok for check in store.check())


def test_a_database_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(IndexMissing):
        SqliteStore.open(tmp_path, create=False)
    with open_store(tmp_path) as store:
        assert put(store, "a", "Sentence.") == IngestStatus.CREATED


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError, match="data is a file; expected a directory"):
        SqliteStore.open(tmp_path / "data")


FILL = """
import sys
from pathlib import Path
from tests.support.access import EVERYTHING
from rag.errors import StorageFull
from tests.support.stores import open_store, put
with open_store(Path(sys.argv[1])) as store:
    if sys.argv[2] == "limit":
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    number = 0
    try:
        while number < 1000:
            put(store, f"document{number}", *[f"Sentence {line} of {number}." for line in range(200)])
            number += 1
    except StorageFull as error:
        print(error)
    assert store.counts(EVERYTHING)[0] == number, (store.counts(EVERYTHING), number)
    assert len(store.sentences(EVERYTHING, f"document{number - 1}")) == 201
    assert [check for check in store.check() if not check.ok and "space" not in check.detail] == []
    if sys.argv[2] == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        (Path(sys.argv[1]).parent / "ballast").unlink()
    put(store, "last", "There is space again.")
    assert store.counts(EVERYTHING)[0] == number + 1
    assert [check for check in store.check() if not check.ok] == []
"""


def test_a_limit_on_file_size_loses_nothing_and_ends(tmp_path: Path) -> None:
    output = run_python(FILL, tmp_path / "data", "limit")
    assert f"{tmp_path / 'data' / FILE} could not be written: File too large. Free some space" in output


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, a quarter of which is a file named ballast."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f"{mount} -t tmpfs -o size=2m citewell-test {disk} 2>&1"
    if mount is None or umount is None or os.system(command) != 0:  # noqa: S605 - no input from outside
        pytest.skip("this user may not mount a small disk; the limit on file size is tested without one")
    (disk / "ballast").write_bytes(b"\0" * 500_000)
    yield disk
    os.system(f"{umount} {disk}")  # noqa: S605 - as above


def test_a_full_disk_loses_nothing_and_ends(small_disk: Path) -> None:
    assert "could not be written: No space left on device. Free some space" in run_python(
        FILL, small_disk / "data", "disk"
    )


def test_too_few_file_handles_are_named_as_the_cause(data: Path) -> None:
    code = """
import os, resource, sys
from pathlib import Path
from tests.support.access import EVERYTHING
from rag.errors import StorageError
from rag.store.sqlite.sqlite_store import SqliteStore
data = Path(sys.argv[1])
with SqliteStore.open(data) as store:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    held = []
    while True:
        try:
            held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
    for attempt in (lambda: SqliteStore.open(data, create=False), lambda: store.delete_document("a")):
        try:
            attempt()
        except StorageError as error:
            print(error)
    assert store.counts(EVERYTHING)[0] == 1
    os.close(held.pop()), os.close(held.pop()), os.close(held.pop()), os.close(held.pop()), os.close(held.pop())
    store.delete_document("a")
    assert store.counts(EVERYTHING)[0] == 0
"""
    lines = run_python(code, data).splitlines()
    assert len(lines) == 2
    assert all("could not be opened: too many files are open" in line for line in lines), lines


def test_handles_are_given_back(data: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with SqliteStore.open(data) as store:
            store.documents(EVERYTHING)
            put(store, "b", "More.")
    for _ in range(3):
        with pytest.raises(StorageTooNew):
            run_sql("PRAGMA user_version = 99")(data / FILE)
            SqliteStore.open(data)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
from tests.support.access import EVERYTHING
from rag.errors import RagError
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.stores import parts
data, action, user = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
more = parts("b", "More.")
if os.getuid() == 0:
    os.setgroups([]); os.setgid(user); os.setuid(user)
try:
    if action == "create":
        SqliteStore.open(data)
    with SqliteStore.open(data, create=False) as store:
        ids = [info.source.id for info in store.documents(EVERYTHING)]
        print("found", ids, len(store.search_words(EVERYTHING, ["harbour"], 5)))
        print("again", store.change_number(), store.check()[-1])
        if action == "write":
            store.put_document(*more)
        if action == "feedback":
            store.add_feedback("a", None, "relevant", None, "")
except RagError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def read_only_data() -> Iterator[Path]:
    """A data directory with one document that belongs to this user and that others can read only.

    Not below tmp_path, which other users may not enter. A user who is not root takes the rights from himself.
    """
    top = Path(tempfile.mkdtemp(prefix="citewell-test-"))
    top.chmod(0o755)
    with open_store(top / "data") as store:
        put(store, "a", "The harbour froze.", "Ships waited.")
    _let_nobody_write(top / "data")
    yield top / "data"
    (top / "data").chmod(0o755)
    shutil.rmtree(top)


def _let_nobody_write(data: Path) -> None:
    for path in data.iterdir():
        path.chmod(0o444)
    data.chmod(0o555)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        pytest.param("read", "", id="read"),
        pytest.param("write", "StorageReadOnly {data}/write.lock cannot be written: Permission denied.", id="put"),
        pytest.param("feedback", f"StorageReadOnly {{data}}/{FILE} cannot be written: it is read-only.", id="feedback"),
    ],
)
def test_a_read_only_directory_can_be_read_and_says_why_it_cannot_be_written(
    read_only_data: Path, action: str, error: str
) -> None:
    before = sorted(path.name for path in read_only_data.iterdir())
    lines = run_python(AS_ANOTHER_USER, read_only_data, action, NOBODY).splitlines()
    assert lines[0] == "found ['a'] 1"
    assert lines[1].startswith("again 1 Check(name='word index', ok=True, detail='not compared:")
    expected = error.format(data=read_only_data)
    assert len(lines) == (3 if expected else 2)
    assert expected == "" or lines[2].startswith(f"{expected} Make the data directory writable")
    assert sorted(path.name for path in read_only_data.iterdir()) == before


def test_a_read_only_directory_is_read_while_its_owner_writes(read_only_data: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs a second user")
    with SqliteStore.open(read_only_data) as store:
        put(store, "b", "The harbour froze again.")
        for path in read_only_data.iterdir():
            path.chmod(0o444)
        lines = run_python(AS_ANOTHER_USER, read_only_data, "read", NOBODY).splitlines()
    assert lines[0] == "found ['a', 'b'] 2"


def test_changes_that_are_not_merged_are_not_passed_over(read_only_data: Path) -> None:
    """A log without its owner, as after a kill: to read past it would show an older state as the present one."""
    read_only_data.chmod(0o755)
    (read_only_data / f"{FILE}-wal").write_bytes(b"\0" * 5_000)
    _let_nobody_write(read_only_data)
    output = run_python(AS_ANOTHER_USER, read_only_data, "read", NOBODY)
    assert "StorageReadOnly" in output
    assert "-wal in it has changes that must be merged first. Open it once as a user who may write" in output


def test_no_database_can_be_made_in_a_read_only_directory(read_only_data: Path) -> None:
    read_only_data.chmod(0o755)
    for path in read_only_data.iterdir():
        path.unlink()
    _let_nobody_write(read_only_data)
    output = run_python(AS_ANOTHER_USER, read_only_data, "create", NOBODY)
    assert output.startswith(f"StorageReadOnly {read_only_data}/{FILE} cannot be written")


MOUNTS = """\
21 1 0:20 / / rw,relatime - ext4 /dev/root rw
22 21 0:21 / /mnt/shared rw,relatime shared:1 - nfs4 server:/export rw
23 21 0:22 / /mnt/with\\040space rw - cifs //server/share rw
24 22 0:23 / /mnt/shared/local rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/data", None),
        ("/mnt/shared/data", "nfs4"),
        ("/mnt/sharedness/data", None),
        ("/mnt/shared/local/data", None),
        ("/mnt/with space/data", "cifs"),
    ],
)
def test_a_network_file_system_is_recognised(tmp_path: Path, path: str, expected: str | None) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert network_file_system(Path(path), mounts) == expected
    assert network_file_system(Path(path), tmp_path / "missing") is None


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.store.sqlite.database.network_file_system", lambda _: "nfs4")
    with pytest.raises(StorageError, match=r"on a network file system \(nfs4\).*local disk"):
        SqliteStore.open(tmp_path / "data")
