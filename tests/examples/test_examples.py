"""The programs in examples/ do what they say, with the real model, against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.served import environment, server

pytestmark = pytest.mark.model
EXAMPLES = Path(__file__).parents[2] / "examples"
SENTENCE = "The harbour of Tarn opens at six in the morning."
QUESTION = "When does the harbour of Tarn open?"


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "documents" / "harbour.md"
    path.parent.mkdir()
    path.write_text(f"# Harbour\n\n{SENTENCE} A lamp on the pier is green.\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("served") / "data") as (address, _):
        yield address


def test_the_folder_is_indexed_and_the_answer_printed_with_its_place(document: Path, tmp_path: Path) -> None:
    done = run("index_and_ask.py", document.parent, QUESTION, "--data-dir", tmp_path / "data")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"created: {document} (")
    assert lines[2] == f"{SENTENCE} [1]"
    assert lines[3] == "[1] Harbour, Harbour: 9 to 57"  # in the text as it is quoted, in which a heading has no "# "
    assert lines[4].startswith("Confidence: ")


def test_an_answer_over_rest_holds_until_its_document_changes(document: Path, tmp_path: Path, address: str) -> None:
    done = run("ask_over_rest.py", document, QUESTION, "--url", address)
    assert done.returncode == 0, done.stderr
    created, quote, link = done.stderr.splitlines()
    assert created.startswith("created: ")
    assert quote == SENTENCE
    assert link.startswith(f"  {address}/documents/")
    answer = tmp_path / "answer.json"
    answer.write_text(done.stdout, encoding="utf-8")

    def verified() -> tuple[int, str]:
        checked = run("verify_citations.py", answer, "--url", address)
        return checked.returncode, checked.stdout

    assert verified() == (0, f"[1] match: {SENTENCE}\n")

    moved = json.loads(done.stdout)
    moved["citations"][0]["start"] += 1
    answer.write_text(json.dumps(moved), encoding="utf-8")
    assert verified() == (1, f"[1] mismatch: {SENTENCE}\n")

    document.write_text("# Harbour\n\nThe harbour is closed.\n", encoding="utf-8")
    assert run("ask_over_rest.py", document, QUESTION, "--url", address).stderr.startswith("updated: ")
    answer.write_text(done.stdout, encoding="utf-8")
    assert verified() == (0, f"[1] superseded: {SENTENCE}\n")

    moved["citations"][0]["document"]["id"] = "nowhere"
    answer.write_text(json.dumps(moved), encoding="utf-8")
    assert verified() == (1, f"[1] gone: {SENTENCE}\n")


def test_what_the_server_refuses_is_said_in_its_own_words(tmp_path: Path, address: str) -> None:
    unknown = tmp_path / "picture.png"
    unknown.write_bytes(b"\x89PNG")
    done = run("ask_over_rest.py", unknown, QUESTION, "--url", address)
    assert done.returncode == 1
    assert done.stderr.startswith("415: ")


def test_the_program_in_the_readme_runs(tmp_path: Path) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    (tmp_path / "seeds").symlink_to(EXAMPLES.parent / "seeds")
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "903.9 billion yen" in done.stdout
