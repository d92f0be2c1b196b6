"""Readers that do what a hostile file would make them do: none of it reaches the program that waits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import PageNotFound, UnreadableDocument
from rag.read import MEDIA_TYPES, read_bytes
from rag.read.formats import READERS, content_of
from rag.read.pdf.find_quote import find_on_page
from rag.read.pdf.page_picture import draw_page
from rag.read.sandbox import Limits, Parser, landlock
from rag.read.sandbox import client as parser_module
from rag.read.sandbox.protocol import BrokenFrame, unpack_boxes, unpack_picture
from rag.records import Source
from tests.support.pdf_files import draw as draw_pdf
from tests.support.pdf_files import lines
from tests.support.places import DATA
from tests.support.processes import run_python, wait_for

ROOT = Path(__file__).parents[3]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + b"\0\0\0\3\0\0\0\2"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
# Each reader of this module stands for a format: "test/NAME".
READERS_MODULE = """
import ctypes, fcntl, os, resource, socket, subprocess, sys, threading, time
from rag.errors import PageNotFound, UnreadableDocument
from rag.read.layout import Content
from rag.records import Block, BlockKind, Span

def text(words, *blocks):
    return Content(words, tuple(Block(Span(*span), BlockKind.PARAGRAPH) for span in blocks) or
                   (Block(Span(0, len(words)), BlockKind.PARAGRAPH),))

def tried(action):
    try:
        action()
    except OSError as error:
        return text(f"refused {type(error).__name__}")
    return text("done")

def echo(data): return text(data.decode())
def hangs(data): time.sleep(3600)
def computes(data):
    while True: pass
def eats(data): return text(str(len(bytearray(10**10))))
def crashes(data): ctypes.string_at(0)
def exits(data): os._exit(0)
def leaves(data): sys.exit(0)
def fails(data): return {}[data]
def refuses(data): raise UnreadableDocument("it is\\x1b[31m bad")
def prints(data):
    print("noise" * 10_000); os.write(1, b"noise"); sys.stdout.flush()
    return text("quiet")
def connects(data): return tried(lambda: socket.create_connection(("127.0.0.1", int(data))))
def starts(data): return tried(lambda: subprocess.run(["/bin/true"]))
def writes(data): return tried(lambda: open(data.decode(), "w").write("x"))
def deletes(data): return tried(lambda: os.unlink(data.decode()))
def environment(data): return text(" ".join(sorted(os.environ)))
def handles(data): return text(" ".join(sorted(os.readlink(f"/proc/self/fd/{n}").split(":")[0]
                               for n in range(64) if os.path.exists(f"/proc/self/fd/{n}"))))
def reads(data): return tried(lambda: open(data.decode()).close())
def lists(data): return tried(lambda: os.listdir(data.decode()))
def threads(data):
    done = threading.Thread(target=time.sleep, args=(0,)); done.start(); done.join()
    return text("done")
NAMES = {"x86_64": 0, "aarch64": 1}
def system_call(*numbers):
    call = ctypes.CDLL(None, use_errno=True).syscall
    def one(number, *arguments):
        if call(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    return lambda *arguments: one(numbers[NAMES[os.uname().machine]], *arguments)
def calls(data):
    name, server = data.decode().split()
    server = int(server)
    made = {
        "tgkill": lambda: system_call(234, 131)(server, server, 0),
        "kill": lambda: os.kill(server, 0),
        "pidfd_open": lambda: system_call(434, 434)(server, 0),
        "pidfd_getfd": lambda: system_call(438, 438)(0, 0, 0),
        "pidfd_send_signal": lambda: system_call(424, 424)(0, 0, None, 0),
        "process_vm_readv": lambda: system_call(310, 270)(server, None, 0, None, 0, 0),
        "ptrace": lambda: system_call(101, 117)(16, server, 0, 0),
        "prlimit": lambda: resource.prlimit(server, resource.RLIMIT_NOFILE),
        "mknod": lambda: os.mknod("/tmp/of-a-reader"),
        "mkfifo": lambda: os.mkfifo("/tmp/of-a-reader"),
        "fchmod": lambda: os.fchmod(0, 0o777),
        "setxattr": lambda: os.setxattr("/tmp", "user.a", b"b"),
        "utimensat": lambda: os.utime("/tmp"),
        "unshare": lambda: system_call(272, 97)(0x10000000),
        "fork": os.fork,
        "memfd_create": lambda: os.memfd_create("a"),
        "socketpair": socket.socketpair,
        "signals by fcntl": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, server),
        "being looked into": lambda: system_call(157, 167)(4, 1, 0, 0, 0),
        "a new kind of call": lambda: system_call(9_999, 9_999)(),
    }
    return tried(made[name.replace("-", " ")])
def outside(data): return text("short", (0, 50))
def backwards(data): return text("It rained. It snowed.", (11, 21), (0, 10))
def process(data): return text(str(os.getpid()))
"""


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading process finds the readers of the tests, as formats of their own."""
    (tmp_path / "readers.py").write_text(READERS_MODULE, encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; import readers; from rag.read import formats\n"
        "sys.modules |= {'rag.read.readers': readers}\n"
        "formats.READERS = {f'test/{name}': ('readers', name) for name in vars(readers)}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(parser_module, "_ROOT", f"{tmp_path}{os.pathsep}{ROOT}")


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that is not among those with the readers of the tests, which the process may see."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def parser(readers: None) -> Iterator[Parser]:
    assert readers is None
    with_limits = Parser(Limits(seconds=30, megabytes=2_048))
    yield with_limits
    with_limits.close()


def read(parser: Parser, name: str, data: bytes = b"-") -> str:
    return parser(data, f"test/{name}").text


def refusal(parser: Parser, name: str) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read(parser, name)
    return str(caught.value)


class TestWhatComesBack:
    @pytest.mark.parametrize("suffix", [".md", ".txt", ".csv", ".html", ".rtf"])
    def test_is_what_is_read_in_this_process(self, suffix: str) -> None:
        data = {
            ".md": b"# Leave\n\nEveryone has 28 days.\n\n- A note\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
            ".rtf": b"{\\rtf1 It rained.\\par}",
        }.get(suffix, b"Room;Seats\nAula;120\n\nIt rained. <b>M\xc3\xbcller</b> left.\n")
        apart = Parser(Limits(30, 1_000))
        try:
            assert apart(data, MEDIA_TYPES[suffix]) == content_of(data, MEDIA_TYPES[suffix])
        finally:
            apart.close()

    def test_is_so_for_every_format(self) -> None:
        """A library may need more of the system than the process is left with, and only some files show it."""
        files = [path for path in sorted((DATA / "reading").iterdir()) if path.suffix in MEDIA_TYPES]
        apart = Parser(Limits(300, 2_048))
        try:
            for path in files:
                data, media_type = path.read_bytes(), MEDIA_TYPES[path.suffix]
                assert apart(data, media_type) == content_of(data, media_type), path.name
        finally:
            apart.close()
        assert {MEDIA_TYPES[path.suffix] for path in files} == set(READERS)

    def test_is_the_reason_without_control_characters_where_there_is_one(self, parser: Parser) -> None:
        assert refusal(parser, "refuses") == "it is [31m bad"

    def test_names_the_document_that_failed(self, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.read.document.READERS", {"test/crashes": ("", "")})
        with pytest.raises(UnreadableDocument, match=r"^/in/a\.pdf: its reader broke down over it"):
            read_bytes(b"-", Source("1", "", "/in/a.pdf", "test/crashes"), parse=parser)

    @pytest.mark.parametrize("name", ["outside", "backwards"])
    def test_is_not_believed_when_its_blocks_do_not_lie_in_the_text(self, parser: Parser, name: str) -> None:
        assert "broke down" in refusal(parser, name)

    def test_is_not_disturbed_by_what_libraries_print(self, parser: Parser) -> None:
        assert (read(parser, "prints"), read(parser, "echo", b"more")) == ("quiet", "more")


class TestPagesOfAPdf:
    def test_are_drawn_and_searched_apart_as_they_are_here(self) -> None:
        data = draw_pdf(lines("It rained all day."), lines("Then it snowed."))
        apart = Parser(Limits(30, 1_000))
        try:
            assert apart.draw(data, 2, 1.5) == draw_page(data, 2, 1.5)
            assert apart.find(data, 1, "It rained") == (tuple(find_on_page(data, 1, "It rained") or ()), False)
            assert apart.find(data, 1, "It hailed") == ((), False)
            with pytest.raises(PageNotFound, match="the pages 1 to 2"):
                apart.draw(data, 3, 1.5)
            with pytest.raises(UnreadableDocument, match="not a PDF"):
                apart.find(b"words", 1, "words")
        finally:
            apart.close()

    @pytest.mark.parametrize(
        ("head", "body"),
        [
            ({}, PNG),
            ({"width": 3, "height": 2}, PNG),
            ({"width": 3, "height": "2", "pages": 1}, PNG),
            ({"width": 4, "height": 2, "pages": 1}, PNG),
            ({"width": 3, "height": 2, "pages": 1}, b"<svg onload=alert(1)>"),
        ],
    )
    def test_are_not_believed_to_be_pictures_when_they_are_none(self, head: dict[str, object], body: bytes) -> None:
        assert unpack_picture({"width": 3, "height": 2, "pages": 1}, PNG)[1] == 1
        with pytest.raises(BrokenFrame):
            unpack_picture(head, body)

    @pytest.mark.parametrize("box", [[0.1, 0.2, 0.3], ["0", "0", "1", "1"], [0.0, 0.0, 1.0, float("nan")], "abcd"])
    def test_have_no_boxes_but_of_four_numbers(self, box: object) -> None:
        assert unpack_boxes({"boxes": [[0.0, 0.0, 1.0, 1.0]], "goes_on": True}, b"") == (((0.0, 0.0, 1.0, 1.0),), True)
        with pytest.raises(BrokenFrame):
            unpack_boxes({"boxes": [box], "goes_on": False}, b"")


class TestAReaderThat:
    @pytest.mark.parametrize("name", ["hangs", "computes"])
    @pytest.mark.usefixtures("readers")
    def test_takes_too_long_is_stopped(self, name: str) -> None:
        impatient = Parser(Limits(seconds=4, megabytes=1_000))
        try:
            assert refusal(impatient, name) == "reading it took longer than 4 s; split it, or raise read_seconds"
            assert read(impatient, "echo", b"next") == "next"
            tried = impatient.started
            assert refusal(impatient, name) == "reading it took longer than 4 s; split it, or raise read_seconds"
            assert impatient.started == tried, "it is not tried again in another process, for as long again"
        finally:
            impatient.close()

    def test_takes_too_much_memory_is_stopped(self, parser: Parser) -> None:
        expected = "reading it took more than 2,048 MB of memory; split it, or raise read_megabytes"
        assert refusal(parser, "eats") == expected
        assert read(parser, "echo", b"next") == "next"

    @pytest.mark.parametrize("name", ["crashes", "exits", "leaves"])
    def test_breaks_down_fails_this_file_alone(self, parser: Parser, name: str) -> None:
        assert read(parser, "echo", b"before") == "before"
        assert "its reader broke down over it" in refusal(parser, name)
        assert read(parser, "echo", b"after") == "after"

    def test_has_a_mistake_fails_this_file_alone(self, parser: Parser) -> None:
        assert refusal(parser, "fails") == "its reader failed over it (KeyError); it may be damaged"
        assert read(parser, "echo", b"after") == "after"

    def test_is_killed_from_outside_between_two_files_is_replaced(self, parser: Parser) -> None:
        os.kill(int(read(parser, "process")), 9)
        assert read(parser, "echo", b"after") == "after"


@LINUX
class TestAReaderCannot:
    def test_reach_the_network(self, parser: Parser) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            port = str(server.getsockname()[1]).encode()
            assert read(parser, "connects", port) == "refused PermissionError"
            with pytest.raises(BlockingIOError):
                server.accept()

    def test_start_a_program(self, parser: Parser) -> None:
        assert read(parser, "starts") == "refused PermissionError"

    def test_write_or_delete_a_file(self, parser: Parser, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("It is here.")
        assert read(parser, "writes", os.fsencode(tmp_path / "new")) == "refused PermissionError"
        assert read(parser, "writes", os.fsencode(tmp_path / "mine")) == "refused PermissionError"
        assert read(parser, "deletes", os.fsencode(tmp_path / "mine")) == "refused PermissionError"
        assert (tmp_path / "mine").read_text() == "It is here."
        assert not (tmp_path / "new").exists()

    def test_see_the_environment(self, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CITEWELL_API_KEY", "secret")
        seen = set(read(parser, "environment").split())
        assert "CITEWELL_API_KEY" not in seen
        assert seen <= {
            "LANG",
            "OMP_THREAD_LIMIT",
            "LC_CTYPE",
            "OPENBLAS_NUM_THREADS",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONPATH",
            "TZ",
        }

    def test_use_the_files_that_the_program_has_open(self, parser: Parser, tmp_path: Path) -> None:
        with (tmp_path / "secret").open("w") as file:
            os.set_inheritable(file.fileno(), True)
            assert "secret" not in read(parser, "handles")

    @pytest.mark.parametrize(
        "name",
        [
            *("tgkill", "kill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "process_vm_readv", "ptrace"),
            *("prlimit", "mknod", "mkfifo", "fchmod", "setxattr", "utimensat", "unshare", "fork", "memfd_create"),
            *("socketpair", "signals-by-fcntl", "being-looked-into", "a-new-kind-of-call"),
        ],
    )
    def test_make_a_system_call_that_reading_does_not_need(self, parser: Parser, name: str) -> None:
        assert read(parser, "calls", f"{name} {os.getpid()}".encode()) == "refused PermissionError"

    @pytest.mark.skipif(not landlock.is_offered(), reason="this kernel has no Landlock")
    def test_open_a_file_that_is_not_the_programs(self, parser: Parser, elsewhere: Path) -> None:
        secret = elsewhere / "secret"
        secret.write_text("It is here.")
        assert read(parser, "reads", os.fsencode(secret)) == "refused PermissionError"
        assert read(parser, "lists", os.fsencode(secret.parent)) == "refused PermissionError"
        for of_the_server in ("environ", "maps", "mem", "cmdline"):
            assert read(parser, "reads", f"/proc/{os.getpid()}/{of_the_server}".encode()) == "refused PermissionError"
        assert read(parser, "reads", b"/etc/passwd") == "refused PermissionError"

    def test_do_without_threads(self, parser: Parser) -> None:
        assert read(parser, "threads") == "done"


@LINUX
def test_what_the_server_has_in_memory_is_closed_to_other_processes_of_its_user() -> None:
    """Asked by itself, so that the test finds out without a second user; the kernel keeps root out of nothing."""
    program = (
        "import ctypes\n"
        "from rag.read.sandbox.restrict import close_to_others\n"
        "ask = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "before = ask(); close_to_others(); print(before, ask())"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "0"]


@LINUX
def test_a_protection_that_the_kernel_does_not_give_is_no_matter_of_silence() -> None:
    """The filter is refused to who may still gain privileges, unless to root."""
    program = (
        "import os\n"
        "from rag.read.sandbox import system_calls\n"
        "os.geteuid() or os.setresuid(65534, 65534, 65534)\n"
        "system_calls.allow_only_reading()"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "PermissionError" in ran.stderr


class TestProcesses:
    def test_one_serves_many_files(self, parser: Parser) -> None:
        assert len({read(parser, "process") for _ in range(5)}) == 1

    def test_one_is_replaced_before_it_has_read_too_many(self, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parser_module, "_FILES_PER_PROCESS", 2)
        used = [read(parser, "process") for _ in range(4)]
        assert used[0] == used[1] != used[2] == used[3]

    def test_a_file_that_takes_long_does_not_hold_up_the_next(self, parser: Parser) -> None:
        others = set(children())  # such as a database that other tests use
        slow = threading.Thread(target=refusal, args=(parser, "hangs"))
        slow.start()
        assert read(parser, "echo", b"quick") == "quick"
        assert slow.is_alive()
        for process in set(children()) - others:
            os.kill(process, 9)
        slow.join(timeout=200)
        assert not slow.is_alive()

    def test_none_is_left_when_the_program_is_killed(self) -> None:
        program = (
            "import sys; from rag.read.sandbox import Limits, Parser\n"
            "p = Parser(Limits(30, 1000)); p(b'x', 'text/plain')\n"
            "print(p._idle[0]._process.pid, flush=True); sys.stdin.read()"
        )
        run = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert run.stdin and run.stdout
        worker = int(run.stdout.readline())
        run.kill()
        run.communicate()
        assert wait_for(lambda: not is_running(worker))

    def test_the_program_itself_loads_none_of_the_libraries(self) -> None:
        program = (
            "import sys; import rag.app.citewell\n"
            "print(*({'lxml', 'pypdfium2', 'openpyxl', 'pptx', 'trafilatura', 'markdown_it'} & set(sys.modules)))"
        )
        assert run_python(program).strip() == ""

    def test_what_few_files_need_is_not_loaded_when_it_starts(self) -> None:
        program = (
            "import sys; import rag.read.sandbox.worker\n"
            "print(*({'lxml', 'numpy', 'pypdfium2', 'PIL'} & set(sys.modules)))"
        )
        assert run_python(program).strip() == ""


def test_every_format_has_a_reader() -> None:
    assert set(MEDIA_TYPES.values()) == set(READERS)
    for media_type in READERS:
        with pytest.raises(UnreadableDocument):
            read_bytes(b"\0\1\2" * 9, replace(Source("1", "", "/in/a"), media_type=media_type))


def children() -> list[int]:
    """The processes that this one started and that are still there, those of other tests among them."""
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since it was listed
            found += map(int, (thread / "children").read_text().split())
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
