"""A wheel holds all that the program needs and nothing else, and what it installs answers."""

from __future__ import annotations

import json
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.support.places import DATA, ROOT
from tests.support.wheels import install_beside_libraries, run_installed

pytestmark = pytest.mark.model
EMBEDDER = {
    f"rag/models/weights/embedder/{name}" for name in ("model.json", "model.onnx", "sha256.json", "tokenizer.json")
}
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}


def sources() -> set[str]:
    """Every file of the program, code or not, but what trains it and what it was trained on."""
    files = {path for folder in ("rag", "web") for path in (ROOT / folder).rglob("*") if path.is_file()}
    names = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    return {name for name in names if not name.startswith("rag/training/")}


@pytest.fixture
def metadata(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.partition(".dist-info/")[2]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name
        }


def test_it_holds_every_file_of_the_program_the_model_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if ".dist-info/" not in name} == sources() | EMBEDDER


def test_it_says_what_it_is_and_brings_two_commands(metadata: dict[str, str]) -> None:
    assert metadata.keys() == METADATA
    said = Parser().parsestr(metadata["METADATA"])
    assert (said["Name"], said["License-File"]) == ("citewell", "LICENSE")
    assert said["License-Expression"] == "Apache-2.0 AND CC-BY-SA-4.0", "the program, and what it learned from"
    assert said["Requires-Python"] == "<3.14,>=3.11"
    assert not any("torch" in needed for needed in said.get_all("Requires-Dist", []) if "extra ==" not in needed)
    assert metadata["entry_points.txt"] == "[console_scripts]\ncitewell = rag.cli:main\nrag = rag.cli:main\n"


def test_the_same_sources_give_files_of_the_same_time(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_it_installs_answers_and_serves_without_preparing_anything(wheel: Path, tmp_path: Path) -> None:
    commands = install_beside_libraries(wheel, tmp_path / "installed")
    data = tmp_path / "data"
    run_installed(commands / "citewell", "ingest", DATA / "library", "--data-dir", data, cwd=tmp_path)
    said = run_installed(
        *(commands / "rag", "ask", "How many days of leave do employees get?", "--json", "--data-dir", data),
        cwd=tmp_path,
    )
    answer = json.loads(said)
    assert answer["citations"]
    assert not (data / "models").exists(), "the model of the wheel is used as it lies there"
    served = run_installed(
        commands / "python",
        "-c",
        "import sys\n"
        "from pathlib import Path\n"
        "from fastapi.testclient import TestClient\n"
        "from rag.app import Citewell\n"
        "import web.app, web.settings\n"
        "assert web.app.__file__.startswith(sys.prefix), web.app.__file__\n"
        "settings = web.settings.WebSettings(data_dir=Path(sys.argv[1]))\n"
        "with Citewell.open(settings) as citewell:\n"
        "    client = TestClient(web.app.create_app(settings, citewell), base_url='http://localhost')\n"
        "    print([client.get(path).status_code for path in ('/', '/documents', '/widget.js', '/readyz')])\n",
        data,
        cwd=tmp_path,
    )
    assert served == "[200, 200, 200, 200]\n"
