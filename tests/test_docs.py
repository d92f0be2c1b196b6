"""The README, docs/ and the ignores say everything they must: what is missing is named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from rag import cli
from rag.settings import PREFIX
from web.app import create_app
from web.settings import WebSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
SETTINGS = [PREFIX + field.name.upper() for field in fields(WebSettings)]
COMMANDS = sorted(typer.main.get_command(cli.make_app(cli.COMMANDS)).commands)  # type: ignore[attr-defined] # the app is a group
ROUTES = sorted(
    (method.upper(), path)
    for path, methods in create_app(WebSettings()).openapi()["paths"].items()
    for method in methods
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


def page(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """The names that links to headings of a Markdown text have: "## Who's there?" is "whos-there"."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_headings_are_linked_to_as_they_are_written() -> None:
    assert anchors("# Who's there?\n```\n# no heading\n```\n## `rag ask`, and more") == {
        "whos-there",
        "rag-ask-and-more",
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_documented(setting: str) -> None:
    assert is_whole_in(setting, page("settings.md")), f"docs/settings.md does not say what {setting} is for"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert is_whole_in(f"rag {command}", page("cli.md")), f"docs/cli.md does not say what `rag {command}` does"


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
def test_every_route_is_documented(method: str, path: str) -> None:
    assert is_route_in(method, path, page("rest.md")), f"docs/rest.md has no line for {method} {path}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_names_no_setting_task_or_command_that_does_not_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", text)) <= set(SETTINGS)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= set(TARGETS)
    assert set(re.findall(r"`rag ([a-z-]+)", text)) <= set(COMMANDS)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_what_a_page_links_to_exists(path: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", [path for path in PAGES if path.name != "CHANGELOG.md"], ids=name_of)
def test_files_and_modules_that_a_page_names_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    files = re.findall(r"(?<![\w./])(?:rag|web|tests|docs|examples|seeds)/[\w./-]*\w", text)
    modules = re.findall(r"(?<![\w./])(?:rag|web|tests|docs)(?:\.[a-z_]+)+(?![\w(])", text)
    paths = [*files, *(module.replace(".", "/") for module in modules)]
    assert [name for name in paths if not any((ROOT / f"{name}{suffix}").exists() for suffix in ("", ".py"))] == []


def test_what_a_newcomer_looks_for_is_in_the_files_that_are_named_three_at_the_most() -> None:
    section = page("architecture.md").partition("## Where is ...\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for looked_for, places, names in rows:
        paths = [ROOT / path for path in re.findall(r"`([^`]+)`", places)]
        assert 1 <= len(paths) <= 3, f"{looked_for}: {places}"
        text = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
        for name in re.findall(r"`([^`]+)`", names):
            defined = rf"^\s*(?:def|class|CREATE TABLE) {name}\b|^{name}\b.* = "
            assert re.search(defined, text, re.MULTILINE), f"{looked_for}: {name} is not defined in {places}"


def test_every_page_of_docs_is_reached_from_its_index() -> None:
    indexes = [ROOT / "docs" / "README.md", ROOT / "docs" / "decisions" / "README.md"]
    linked = {
        (index.parent / link.split("#")[0]).resolve()
        for index in indexes
        for link in re.findall(r"\]\(([^)\s]+)\)", index.read_text(encoding="utf-8"))
    }
    pages = {path for path in PAGES if path.is_relative_to(ROOT / "docs")} - {indexes[0]}
    assert [name_of(path) for path in sorted(pages - linked)] == []


def test_the_readme_is_read_in_a_few_minutes_and_begins_with_two_commands() -> None:
    assert len(README.encode()) <= 8_000
    assert re.findall(r"^make \w+", README, re.MULTILINE) == ["make run", "make test"]


@pytest.mark.parametrize(("heading", "name"), [("How good it is", "quality.md"), ("How fast it is", "performance.md")])
def test_numbers_in_the_tables_of_the_readme_are_those_of_the_page_that_explains_them(heading: str, name: str) -> None:
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = " ".join(line for line in section.splitlines() if line.startswith("|"))
    numbers = set(re.findall(r"[\d,]*\.?\d+", cells))
    assert len(numbers) > 5
    assert [number for number in sorted(numbers) if not is_whole_in(number, page(name))] == []


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
