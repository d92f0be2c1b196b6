"""`rag ask --server` prints what a running service answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.cli import main
from tests.support import questions
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from web.settings import WebSettings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("server")))) as port:
        yield f"http://127.0.0.1:{port}"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code: object = 0
    try:
        main(["ask", *map(str, arguments)])
    except SystemExit as left:
        code = left.code
    printed = capsys.readouterr()
    return int(str(code or 0)), printed.out, printed.err


def test_the_answer_is_printed_as_that_of_this_machine(
    server: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("any\n")
    code, out, _ = run(capsys, questions.ANSWERED, "--server", server, "--key-file", key)
    first, empty, source, *_ = out.splitlines()
    assert (code, first, empty) == (0, f"{questions.QUOTE} [1]", "")
    assert source.startswith(
        f"[1] The hill observatory > Visiting > Opening hours, {server}/documents/observatory?start="
    )


def test_as_json_it_is_the_body_of_the_service(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, questions.UNKNOWN, "--server", server, "--json")
    assert code == 0
    assert '"status":"no_answer","reason":"not_found"' in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--server", "citewell.example"], 1, "expected one like https://citewell.example"),
        (["--server", "http://127.0.0.1:1"], 1, "does the service run there?"),
        (["--server", "http://127.0.0.1:1", "--key-file", "/none/key"], 2, "--key-file /none/key cannot be read"),
        (["--server", "http://127.0.0.1:1", "--data-dir", "x"], 2, "the service has its own"),
        (["--key-file", "/none/key"], 2, "only a service wants a key"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    found = run(capsys, "Why?", *arguments)
    assert (found[0], found[1]) == (code, "")
    assert words in found[2]


def test_what_the_service_refuses_is_its_own_words(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "   ", "--server", server)
    assert (code, out) == (1, "")
    assert err.startswith("Error: The question is empty.")
