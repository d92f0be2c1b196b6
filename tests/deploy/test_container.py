"""The files for a container say what keeps it closed, name what exists, and fit what the program does.

The image itself is built and started by hand: it takes a Debian, some minutes and a gigabyte. docs/installing.md says
when that was done, and how.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it comes with huggingface_hub, without types

from rag.app import Citewell
from tests.support.places import ROOT
from tests.support.processes import environment
from tests.support.servers import serving
from web.i18n import languages
from web.settings import WebSettings

FOLDER = ROOT / "deploy" / "container"


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, the lines of one joined."""
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def last_stage() -> dict[str, str]:
    """The instructions of the image that is kept, the last of each kind."""
    found = instructions()
    start = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return dict(found[start:])


def service() -> dict[str, Any]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    assert list(services) == ["citewell"]
    return services["citewell"]


def test_it_runs_as_nobody_in_particular_with_its_data_apart() -> None:
    stage = last_stage()
    assert (stage["USER"], stage["VOLUME"], stage["STOPSIGNAL"]) == ("10001:10001", "/data", "SIGTERM")
    assert (json.loads(stage["ENTRYPOINT"]), json.loads(stage["CMD"])) == (["citewell"], ["serve"])


def test_languages_that_there_are_no_pages_in_are_left_out_and_no_others() -> None:
    (kept,) = re.findall(r"/\(root\|([a-z|]+)\)", (FOLDER / "Containerfile").read_text(encoding="utf-8"))
    assert sorted(kept.split("|")) == sorted(languages())


def test_its_settings_are_settings_and_open_no_uploads_to_a_network() -> None:
    given = dict(part.split("=", 1) for part in shlex.split(last_stage()["ENV"]))
    settings = WebSettings.from_env({name: value for name, value in given.items() if name.startswith("CITEWELL_")})
    assert (str(settings.data_dir), settings.host, settings.uploads) == ("/data", "0.0.0.0", False)  # noqa: S104 - in it
    assert last_stage()["EXPOSE"] == str(settings.port)


def test_the_compose_file_takes_everything_away_that_it_can() -> None:
    found = service()
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["user"] == last_stage()["USER"]
    assert found["ports"] == ["127.0.0.1:8000:8000"]
    assert found["volumes"] == ["data:/data"]
    assert "privileged" not in found
    WebSettings.from_env(found["environment"])


@pytest.mark.parametrize(("path", "is_well"), [("/healthz", True), ("/nothing", False)])
def test_its_question_whether_all_is_well_is_answered_by_the_service(
    empty_citewell: Citewell, path: str, is_well: bool
) -> None:
    program, option, code = json.loads(last_stage()["HEALTHCHECK"].partition("CMD ")[2])
    assert (program, option) == ("python", "-c")
    with serving(empty_citewell) as port:
        asked = code.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("/healthz", path)
        assert asked != code
        ran = subprocess.run([sys.executable, "-c", asked], env=environment(), capture_output=True, check=False)
    assert (ran.returncode == 0) is is_well


@pytest.mark.parametrize("source", ["/bundle/install.sh", "/opt/citewell"])
def test_what_is_built_is_what_is_started(source: str) -> None:
    assert any(source in arguments for _, arguments in instructions())
