import hashlib
import os
import resource
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.errors import DocumentTooLarge, InputError, UnreadableDocument, UnsupportedFormat
from rag.read import MEDIA_TYPES, read_bytes, read_document
from rag.records import Document, Source

LIMIT = 1_000_000


def write(path: Path, text: str = "It rained.\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that any user may enter; tmp_path is closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """For the superuser, who may read anything, be nobody for a while."""
    before = os.geteuid()
    os.seteuid(65534 if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def refusal(path: Path, *, max_bytes: int = LIMIT) -> str:
    with pytest.raises(InputError) as caught:
        read_document(path, max_bytes=max_bytes)
    assert str(path) in str(caught.value)
    return str(caught.value).replace(str(path), "FILE")


def read(data: bytes, *, title: str = "", location: str = "/docs/a.txt", media_type: str = "text/plain") -> Document:
    return read_bytes(data, Source("a", title, location, media_type))


class TestReadDocument:
    def test_id_comes_from_the_absolute_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = write(tmp_path / "docs" / "a.md")
        monkeypatch.chdir(tmp_path)
        absolute = read_document(file, max_bytes=LIMIT)
        relative = read_document(Path("docs/../docs/a.md"), max_bytes=LIMIT)
        write(file, "Another text.\n")
        edited = read_document(file, max_bytes=LIMIT)
        assert absolute == relative
        assert absolute.source.location == str(file)
        assert absolute.source.id == edited.source.id
        assert absolute.content_sha256 != edited.content_sha256
        assert len(absolute.source.id) == 16

    def test_hashes_are_of_the_bytes_and_of_the_text(self, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        file.write_bytes(b"\xef\xbb\xbfIt rained.\r\n")
        document = read_document(file, max_bytes=LIMIT)
        assert document.text == "It rained.\n"
        assert document.content_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert document.text_sha256 == hashlib.sha256(document.text.encode()).hexdigest()

    @pytest.mark.parametrize("suffix", sorted(suffix for suffix, kind in MEDIA_TYPES.items() if kind[:5] == "text/"))
    def test_every_suffix_of_a_text_is_read(self, tmp_path: Path, suffix: str) -> None:
        document = read_document(write(tmp_path / f"a{suffix.upper()}"), max_bytes=LIMIT)
        assert document.text.strip() == "It rained."
        assert document.source.media_type == MEDIA_TYPES[suffix]

    def test_unsupported_suffix_names_those_that_are_read(self, tmp_path: Path) -> None:
        with pytest.raises(UnsupportedFormat, match=r"no reader for \.pages; expected one of \.txt \.text \.md"):
            read_document(write(tmp_path / "a.pages"), max_bytes=LIMIT)
        with pytest.raises(UnsupportedFormat, match=r"no reader for a file without a suffix"):
            read_document(write(tmp_path / "LICENSE"), max_bytes=LIMIT)

    @pytest.mark.parametrize("content", ["", " \n\t\r\n ", "\u00a0\u3000\u200b\n", "\ufeff"])
    def test_file_without_text_is_refused(self, tmp_path: Path, content: str) -> None:
        assert "a document with text was expected" in refusal(write(tmp_path / "a.txt", content))

    def test_file_over_the_limit_is_refused_unread(self, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        with file.open("wb") as hole:
            hole.truncate(200_000_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert refusal(file, max_bytes=50_000_000) == (
            "FILE: 200,000,000 bytes, but 50,000,000 are allowed; "
            "split the document or raise CITEWELL_MAX_DOCUMENT_BYTES"
        )
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes

    def test_limit_itself_is_allowed(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.txt", "It rained.")
        assert read_document(file, max_bytes=10).text == "It rained."
        with pytest.raises(DocumentTooLarge):
            read_document(file, max_bytes=9)

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a file whose size is told as 0")
    def test_limit_holds_while_reading_too(self, tmp_path: Path) -> None:
        link = tmp_path / "a.txt"
        link.symlink_to("/proc/self/status")
        assert link.stat().st_size == 0
        with pytest.raises(DocumentTooLarge, match="more than 100 bytes"):
            read_document(link, max_bytes=100)

    def test_only_regular_files_are_read(self, tmp_path: Path) -> None:
        pipe, folder, plug, device = (tmp_path / name for name in ("pipe.txt", "folder.txt", "plug.txt", "device.txt"))
        os.mkfifo(pipe)
        folder.mkdir()
        device.symlink_to("/dev/zero")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(plug))  # the length of a socket's path is limited
        found = [refusal(path) for path in (pipe, folder, plug, device)]
        kinds = ["a named pipe", "a folder that cannot be listed", "a socket", "a device"]
        assert found == [f"FILE: this is {kind}; a regular file was expected" for kind in kinds]

    def test_vanished_file_is_refused(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.txt")
        file.unlink()
        assert refusal(file) == "FILE: there is no such file; check the path"

    def test_file_without_permission_is_refused(self, open_path: Path) -> None:
        file = write(open_path / "a.txt")
        file.chmod(0o000)
        with ordinary_user():
            assert refusal(file) == "FILE: permission denied; give the user who runs this the right to read it"

    def test_path_that_goes_through_a_file_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path / "a.txt")
        assert "Not a directory" in refusal(tmp_path / "a.txt" / "b.txt")

    def test_name_that_is_not_utf8_can_be_shown(self, tmp_path: Path) -> None:
        file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
        file.write_text("It rained.\nToday.")
        source = read_document(file, max_bytes=LIMIT).source
        assert source.location.encode().endswith(b"/caf\\xe9.txt")
        assert source.title == "caf\\xe9"


class TestReadBytes:
    def test_given_title_wins(self) -> None:
        assert read(b"# Found", title="Given", media_type="text/markdown").source.title == "Given"

    def test_title_is_found_in_the_document(self) -> None:
        assert read(b"# Found", media_type="text/markdown").source.title == "Found"

    @pytest.mark.parametrize(
        ("location", "title"),
        [
            ("/docs/annual_report-2023.md", "annual report 2023"),
            ("api:leave-rules", "leave rules"),
            ("https://example.org/docs/pump%20station.html?x=1", "pump station"),
            ("https://example.org/", "example.org"),
            ("/docs/\u202egnp.txt", "gnp"),
            ("/docs/two\nlines.txt", "two lines"),
            ("/docs/.md", ".md"),
        ],
    )
    def test_title_is_made_from_the_location(self, location: str, title: str) -> None:
        assert read(b"it rained all day.", location=location).source.title == title

    def test_title_is_one_line_of_bounded_length(self) -> None:
        title = read(f"# {'word ' * 100}".encode(), media_type="text/markdown").source.title
        assert len(title) == 199
        assert "\n" not in title

    def test_media_type_without_a_reader_is_refused(self) -> None:
        with pytest.raises(
            UnsupportedFormat, match=r"/docs/a.txt: no reader for image/png; expected one of text/plain"
        ):
            read(b"x", media_type="image/png")

    def test_error_names_the_location(self) -> None:
        with pytest.raises(UnreadableDocument, match=r"^/docs/a.txt: it is a PDF document; text was expected"):
            read(b"%PDF-1.7 ...")


def test_a_document_knows_when_its_file_was_changed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt")
    os.utime(file, (0, 1_700_000_000))
    assert read_document(file, max_bytes=LIMIT).modified_at == "2023-11-14T22:13:20+00:00"
    assert read_bytes(b"It rained.", Source("a", "", "api:a")).modified_at == ""
