"""OpenAI's own client for JavaScript asks a running service."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support import questions
from tests.support.places import ROOT
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from web.settings import WebSettings

FOLDER = ROOT / "tests" / "js"
NODE = shutil.which("node")
MISSING = "" if NODE else "Node.js was not found (Debian: apt-get install nodejs npm)"
if not MISSING and not (FOLDER / "node_modules" / "openai").is_dir():
    MISSING = "OpenAI's client for JavaScript is not there; `make check-js` installs it"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if MISSING:
        pytest.skip(MISSING)
    scripted = ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("openai")))
    with serving(scripted) as port:
        command = [str(NODE), "openai_client.mjs", f"http://127.0.0.1:{port}/v1", "any"]
        done = subprocess.run(
            [*command, questions.ANSWERED, questions.FOLLOW_UP],
            cwd=FOLDER, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_models_are_listed(printed: dict[str, Any]) -> None:
    assert printed["models"] == ["citewell", "citewell-markdown"]


def test_a_chat_is_answered_with_citations_at_once_and_in_chunks(printed: dict[str, Any]) -> None:
    assert printed["text"] == printed["streamed"] == f"{questions.QUOTE} [1]"
    assert printed["annotations"] == printed["citations"]
    cited = printed["citations"][0]["url_citation"]
    assert printed["text"][cited["start_index"] : cited["end_index"] + 1] == questions.QUOTE
    assert printed["finished"] == "stop"


def test_a_follow_up_is_understood_with_messages_and_with_what_was_stored(printed: dict[str, Any]) -> None:
    assert printed["followed"] == printed["next"] == questions.STAND_ALONE


def test_a_response_comes_at_once_and_in_events(printed: dict[str, Any]) -> None:
    assert printed["responded"] == printed["completed"] == f"{questions.QUOTE} [1]"
    assert printed["types"][0] == "response.created"
    assert printed["types"][-1] == "response.completed"


def test_an_error_is_one_of_the_client(printed: dict[str, Any]) -> None:
    assert printed["refused"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found", "param": "model"}
