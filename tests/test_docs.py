"""The README and the ignores say everything they must: what is missing is named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from rag import cli
from rag.settings import PREFIX, Settings
from web.app import create_app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = [PREFIX + field.name.upper() for field in fields(Settings)]
COMMANDS = sorted(typer.main.get_command(cli.make_app(cli.COMMANDS)).commands)  # type: ignore[attr-defined] # the app is a group
ROUTES = sorted(
    (method.upper(), path) for path, methods in create_app(Settings()).openapi()["paths"].items() for method in methods
)
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
CODE = sorted(path for folder in ("rag", "web") for path in (ROOT / folder).rglob("*.py"))
IGNORED_HERE = re.compile(r"#\s*(?:noqa|type: ignore)(?:: ?[A-Z0-9, ]+|\[[\w, -]+\])?(.*)")


def is_whole_in(phrase: str, text: str) -> bool:
    """Whether `phrase` stands in `text` and is not part of a longer name or path."""
    return re.search(rf"(?<![\w/]){re.escape(phrase)}(?![\w/{{-])", text) is not None


def is_route_in(method: str, path: str, text: str) -> bool:
    """Whether one line of `text` has both."""
    return any(is_whole_in(method, line) and is_whole_in(path, line) for line in text.splitlines())


def test_a_longer_name_does_not_stand_for_a_shorter_one() -> None:
    assert is_whole_in("rag ask", "Run `rag ask`.")
    assert not is_whole_in("rag ask", "rag asks")
    assert not is_whole_in("CITEWELL_HOST", "CITEWELL_HOSTS")
    assert not is_route_in("GET", "/documents", "GET /documents/{id}")
    assert not is_route_in("GET", "/documents", "GET /one\nPUT /documents")


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert is_whole_in(setting, README), f"README.md does not say what {setting} is for"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert is_whole_in(f"rag {command}", README), f"README.md does not say what `rag {command}` does"


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
def test_every_route_is_in_the_readme(method: str, path: str) -> None:
    assert is_route_in(method, path, README), f"README.md has no line for {method} {path}"


def test_the_readme_names_no_setting_or_task_that_does_not_exist() -> None:
    assert set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", README)) <= set(SETTINGS)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)) <= set(TARGETS)


def test_files_that_the_readme_links_to_exist() -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", README) if "://" not in link]
    assert [link for link in links if link and not (ROOT / link).exists()] == []


def test_every_rule_that_is_switched_off_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    rules = lint["ignore"] + [rule for listed in lint["per-file-ignores"].values() for rule in listed]
    lines = [line.strip() for line in text.splitlines()]
    without = [rule for rule in rules if not any(re.match(rf'"{rule}",?\s*#\s*\w', line) for line in lines)]
    assert rules
    assert without == []


def test_every_exception_in_the_code_has_a_reason() -> None:
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := IGNORED_HERE.search(line)) and not re.search(r"\w{3}", found[1])
    ]
    assert lines == []


def test_the_commands_and_routes_are_seen() -> None:
    assert {"ask", "ingest", "serve"} <= set(COMMANDS)
    assert {("POST", "/api/v1/ask"), ("DELETE", "/api/v1/documents/{id}")} <= set(ROUTES)
    assert {"run", "test", "check"} <= set(TARGETS)
