"""Imports point one way, heavy packages stay where they belong, and nothing that can run code is loaded."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from samples import run_python

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("rag", "web") for path in (ROOT / folder).rglob("*.py"))

# A module may import what stands on a line above its own.
LEVELS = (
    ("rag.records", "rag.errors"),
    ("rag.hosts",),
    ("rag.settings", "rag.disk", "rag.render", "rag.shown", "rag.transcript"),
    ("rag.measures", "rag.cases", "rag.words", "rag.values"),
    ("rag.question", "rag.statements", "rag.converse"),
    ("rag.exports", "rag.graph", "rag.workers"),
    ("rag.models",),
    ("rag.pretrained",),
    (
        "rag.candidates",
        "rag.read",
        "rag.split",
        "rag.chunk",
        "rag.embed",
        "rag.reader",
        "rag.index",
        "rag.store",
        "rag.cite",
    ),
    ("rag.generations",),
    ("rag.retrieve", "rag.extract", "rag.reread", "rag.serving", "rag.calibration", "rag.disagreement"),
    (
        "rag.answer",
        "rag.conversations",
        "rag.ingest",
        "rag.originals",
        "rag.suggest",
        "rag.unanswered",
        "rag.verify",
    ),
    ("rag.ask", "rag.sources", "rag.turns", "rag.remembered"),
    ("rag.pipeline",),
    ("rag.figures",),
    ("rag.evaluate", "rag.report", "rag.threshold"),
    ("rag.cli", "rag.export", "rag.training"),
)
# What the edge may see of the library.
EDGE = {"rag.pipeline", "rag.records", "rag.errors", "rag.settings", "rag.render"}
# (importing file, imported module): reason.
EXCEPTIONS = {("rag/cli/serving.py", "web.app"): "`rag serve` starts the edge"}
# Third-party packages that only these files import.
HOMES = {
    "torch": ("rag/export.py", "rag/training/"),
    "transformers": ("rag/export.py", "rag/training/"),
    "sentence_transformers": ("rag/export.py", "rag/training/"),
    "sklearn": ("rag/training/",),
    "onnxruntime": ("rag/workers.py", "rag/export.py", "rag/training/"),
    "onnx": ("rag/graph.py", "rag/export.py", "rag/training/"),
    "safetensors": ("rag/pretrained.py", "rag/export.py", "rag/training/"),
    "faiss": ("rag/index/",),
    "apsw": ("rag/store/",),
    "pypdfium2": ("rag/read/pdf_words.py", "rag/read/pdf_find.py", "rag/read/pdf_picture.py"),
    "sentencex": ("rag/split/",),
    "fastapi": ("web/",),
    "starlette": ("web/",),
    "pydantic": ("web/",),
    "jinja2": ("web/", "rag/report.py"),
    "typer": ("rag/cli/",),
    "rich": ("rag/cli/",),
    "uvicorn": ("rag/cli/",),
    "httpcore2": ("rag/sources/web/",),
    "idna": ("rag/hosts.py",),
    "pathspec": ("rag/sources/patterns.py",),
    "watchfiles": ("rag/sources/watch.py",),
}
# Packages that are imported and come with another one, which cannot do without them.
COMES_WITH = {
    "huggingface_hub": "tokenizers",
    "pydantic": "fastapi",
    "scipy": "sentence-transformers",
    "sklearn": "sentence-transformers",
    "starlette": "fastapi",
    "transformers": "sentence-transformers",
}
MAY_PRINT = ("rag/cli/", "rag/export.py", "rag/training/")
RUNS_CODE = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def name_of(path: Path) -> str:
    """rag/read/pdf.py -> "rag/read/pdf.py", whatever the machine."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules that are imported anywhere in `tree`; `from rag import read` is rag.read, if that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            assert node.module
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name for name in submodules if is_module(name)]
            yield from found
            if len(found) < len(submodules):
                yield node.module


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def part_of(module: str) -> str:
    """The entry of LEVELS that a module of the library belongs to: rag.store.rows is of rag.store."""
    return ".".join(module.split(".")[:2])


def level_of(part: str) -> int:
    levels = [number for number, parts in enumerate(LEVELS) if part in parts]
    assert levels, f"{part} has no level: add it to LEVELS in {Path(__file__).name}"
    return levels[0]


def called_names(tree: ast.Module) -> Iterator[str]:
    """What is called in `tree`: print(...) is "print", torch.load(...) is "torch.load"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.fixture(params=FILES, ids=name_of)
def file(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import os.path, rag.records", ["os.path", "rag.records"], id="plain"),
        pytest.param("from rag import read, errors", ["rag.read", "rag.errors"], id="modules of a package"),
        pytest.param("from rag.store import Store, rows", ["rag.store.rows", "rag.store"], id="a name and a module"),
        pytest.param("def f():\n    from rag.words import fold", ["rag.words"], id="inside a function"),
    ],
)
def test_imports_are_seen_wherever_they_stand(code: str, expected: list[str]) -> None:
    assert list(imports(ast.parse(code))) == expected


def test_imports_inside_the_library_point_one_way(file: Path) -> None:
    module = name_of(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if module in ("rag", "web") or module.startswith("web."):
        return
    own = part_of(module)
    for imported in imports(tree_of(file)):
        if imported.startswith("rag.") and part_of(imported) != own:
            other = part_of(imported)
            assert level_of(other) < level_of(own), f"{name_of(file)} imports {imported}: not below {own}"


def test_only_the_edge_imports_the_edge_and_it_sees_five_modules_of_the_library(file: Path) -> None:
    seen = {imported for imported in imports(tree_of(file)) if (name_of(file), imported) not in EXCEPTIONS}
    if name_of(file).startswith("web/"):
        assert {imported for imported in seen if imported.split(".")[0] == "rag"} <= EDGE
    else:
        assert not {imported for imported in seen if imported.split(".")[0] == "web"}


def test_every_exception_is_used() -> None:
    used = {(name_of(path), imported) for path in FILES for imported in imports(tree_of(path))}
    assert set(EXCEPTIONS) <= used


def test_every_level_names_what_exists() -> None:
    assert [part for parts in LEVELS for part in parts if not is_module(part)] == []


def test_rendering_knows_the_records_and_nothing_else_of_the_library() -> None:
    assert {m for m in imports(tree_of(ROOT / "rag/render.py")) if m.startswith("rag")} == {"rag.records"}


@pytest.mark.parametrize("package", HOMES)
def test_a_package_is_imported_where_it_belongs_and_nowhere_else(package: str) -> None:
    importing = {name_of(path) for path in FILES if package in {m.split(".")[0] for m in imports(tree_of(path))}}
    assert importing, f"nothing imports {package}: take it out of HOMES"
    assert {name for name in importing if not name.startswith(HOMES[package])} == set()


def test_what_is_imported_is_installed_with_the_program_and_not_by_chance_with_something_else() -> None:
    """Serving needs nothing of the extra `export`; only these files may import what is in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    serving, exporting = (
        {re.split(r"[^\w.-]", line)[0].lower() for line in lines}
        for lines in (project["dependencies"], project["optional-dependencies"]["export"])
    )
    distributions = packages_distributions()
    for path in FILES:
        may_export = name_of(path).startswith(("rag/export.py", "rag/training/"))
        for package in {module.split(".")[0] for module in imports(tree_of(path))} & distributions.keys() - {
            "rag",
            "web",
        }:
            names = {name.lower() for name in [COMES_WITH.get(package, ""), *distributions[package]]}
            declared = serving | exporting if may_export else serving
            assert names & declared, f"{name_of(path)} imports {package}, which is not in pyproject.toml for it"


def test_nothing_is_loaded_that_can_run_code(file: Path) -> None:
    tree = tree_of(file)
    assert not RUNS_CODE & {module.split(".")[0] for module in imports(tree)}
    assert not {"eval", "exec", "compile", "__import__", "yaml.load", "os.system", "np.load"} & set(called_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            assert "weights_only=True" in ast.unparse(node)
        if isinstance(node, ast.keyword):
            assert ast.unparse(node) not in ("shell=True", "allow_pickle=True", "trust_remote_code=True")


def test_the_library_does_not_print(file: Path) -> None:
    if not name_of(file).startswith(MAY_PRINT):
        assert "print" not in set(called_names(tree_of(file)))


def test_opening_the_library_and_the_edge_imports_nothing_slow() -> None:
    code = """
import sys
import rag.pipeline, rag.cli, web.app
slow = {"torch", "transformers", "sentence_transformers", "sklearn", "pandas", "scipy", "onnx"}
print(sorted(slow & set(sys.modules)))
"""
    assert run_python(code) == "[]\n"


def test_importing_prints_nothing_and_leaves_logging_alone() -> None:
    code = """
import logging
before = (list(logging.root.handlers), logging.root.level)
import rag.cli, rag.evaluate, rag.pipeline, web.app
assert (logging.root.handlers, logging.root.level) == before
"""
    assert run_python(code) == ""


def test_every_package_is_installed() -> None:
    """An editable install finds packages that a real one would leave out."""
    packages = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in FILES if path.name == "__init__.py"
    }
    assert set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]) == packages
