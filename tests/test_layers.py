"""Imports point one way, heavy packages stay where they belong, and nothing that can run code is loaded."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.processes import run_python

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("rag", "web") for path in (ROOT / folder).rglob("*.py"))

# A package may import what stands on a line above its own; packages on one line do not import each other.
LEVELS = (
    (
        "rag.errors",
        "rag.records",
        "rag.hosts",
        "rag.disk",
        "rag.metrics",
        "rag.settings",
    ),  # the ground: see GROUND
    ("rag.text", "rag.read", "rag.split", "rag.models", "rag.store", "rag.client"),
    ("rag.index",),
    ("rag.ingest", "rag.answer"),
    ("rag.access", "rag.documents", "rag.conversations", "rag.insights", "rag.sources", "rag.hooks"),
    ("rag.render", "rag.app"),
    ("rag.evaluate", "rag.mcp"),
    ("rag.cli", "rag.training"),
)
# The first level: the modules that lie flat in rag/, and the records. Among themselves they have this order.
GROUND = (("rag.errors", "rag.records"), ("rag.hosts", "rag.disk", "rag.metrics"), ("rag.settings",))
# What the edge may see of the library.
EDGE = {
    "rag.access.actor",
    "rag.access.audit",
    "rag.access.identity",
    "rag.access.oidc",
    "rag.access.proxy_header",
    "rag.access.sign_on",
    "rag.access.provider_sign_in",
    "rag.access.widget_identity",
    "rag.app",
    "rag.records",
    "rag.errors",
    "rag.hosts",
    "rag.metrics",
    "rag.mcp.caller",
    "rag.mcp.mcp_server",
    "rag.settings",
    "rag.render",
    "rag.render.shapes",
    "rag.render.examples",
}
# (importing file, imported module): reason.
EXCEPTIONS = {
    ("rag/cli/serve_command.py", "web.app"): "`rag serve` starts the edge",
    ("rag/cli/serve_command.py", "web.settings"): "as above",
    ("rag/cli/server_processes.py", "web.settings"): "as above, in several processes",
    (
        "rag/cli/console.py",
        "web.settings",
    ): "all commands read the environment of the server",
    ("rag/cli/serve_command.py", "web.server.log"): "as above",
    ("rag/cli/serve_command.py", "web.server.http_server"): "as above",
}
# Third-party packages that only these files import.
HOMES = {
    "torch": ("rag/models/onnx_export.py", "rag/training/"),
    "transformers": ("rag/models/onnx_export.py", "rag/training/"),
    "sentence_transformers": ("rag/models/onnx_export.py", "rag/training/"),
    "sklearn": ("rag/training/",),
    "onnxruntime": ("rag/models/runtime.py", "rag/models/onnx_export.py", "rag/training/"),
    "onnx": ("rag/models/exact.py", "rag/models/graph.py", "rag/models/onnx_export.py", "rag/training/"),
    "safetensors": ("rag/models/pretrained.py", "rag/models/onnx_export.py", "rag/training/"),
    "cryptography": ("rag/access/",),
    "faiss": ("rag/index/",),
    "apsw": ("rag/store/sqlite/", "rag/store/stems.py"),
    "argon2": ("rag/access/",),
    "pypdfium2": ("rag/read/pdf/",),
    "PIL": ("rag/read/ocr/picture_file.py",),
    "sentencex": ("rag/split/",),
    "fastapi": ("web/",),
    "starlette": ("web/",),
    "pydantic": ("web/", "rag/render/", "rag/mcp/", "rag/store/kept_answer.py"),
    "mcp": ("rag/mcp/", "web/mcp_route.py"),
    "mcp_types": ("rag/mcp/",),
    "anyio": ("rag/mcp/",),
    "jinja2": ("web/", "rag/evaluate/report.py"),
    "typer": ("rag/cli/",),
    "rich": ("rag/cli/",),
    "uvicorn": ("web/server/", "web/middleware/proxies.py"),
    "httpcore2": ("rag/ingest/sources/web/", "rag/sources/source_client.py", "rag/sources/imap_client.py"),
    "httpx2": ("rag/access/oidc.py", "rag/client/", "rag/hooks/hook_delivery.py"),
    "idna": ("rag/hosts.py",),
    "itsdangerous": ("web/",),
    "babel": ("web/",),
    "rcssmin": ("web/assets.py",),
    "rjsmin": ("web/assets.py",),
    "joserfc": ("rag/access/",),
    "ldap": ("rag/access/ldap_groups.py",),
    "prometheus_client": ("web/api/exposition.py",),
    "psycopg": ("rag/store/postgres/",),
    "psycopg_pool": ("rag/store/postgres/",),
    "opentelemetry": ("web/traces.py",),
    "protego": ("rag/ingest/sources/web/",),
    "pathspec": ("rag/ingest/sources/patterns.py",),
    "watchfiles": ("rag/ingest/sources/watch.py",),
}
# Packages that are imported and come with another one, which cannot do without them.
COMES_WITH = {
    "anyio": "mcp",
    "h11": "uvicorn",
    "huggingface_hub": "tokenizers",
    "mcp_types": "mcp",
    "opentelemetry": "fastapi",  # the interface; what sends is the extra `traces`
    "pydantic": "fastapi",
    "scipy": "sentence-transformers",
    "sklearn": "sentence-transformers",
    "starlette": "fastapi",
    "transformers": "sentence-transformers",
}
KINDS_OF_STORE = ("rag/store/sqlite", "rag/store/postgres")
MAY_PRINT = ("rag/cli/", "rag/models/onnx_export.py", "rag/training/")
RUNS_CODE = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
RUNNING_CALLS = {"eval", "exec", "compile", "__import__", "yaml.load", "os.system", "np.load"}
RUNNING_ARGUMENTS = {"shell=True", "allow_pickle=True", "trust_remote_code=True"}


def name_of(path: Path) -> str:
    """rag/read/pdf.py -> "rag/read/pdf.py", whatever the machine."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """rag/read/pdf/__init__.py -> "rag.read.pdf"."""
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


@cache
def packages_of(path: Path) -> set[str]:
    """The packages that a file imports, named by their first word."""
    return {module.split(".")[0] for module in imports(tree_of(path))}


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
    """The entry of LEVELS that a module of the library belongs to: rag.store.base is of rag.store."""
    return ".".join(module.split(".")[:2])


def level_of(part: str) -> int:
    levels = [number for number, parts in enumerate(LEVELS) if part in parts]
    assert levels, f"{part} has no level: add it to LEVELS in {Path(__file__).name}"
    return levels[0]


def is_ground_below(other: str, own: str) -> bool:
    """Both are modules of the first level, and `other` stands before `own` in its order."""
    place = {part: number for number, parts in enumerate(GROUND) for part in parts}
    return other in place and own in place and place[other] < place[own]


def called_names(tree: ast.Module) -> Iterator[str]:
    """What is called in `tree`: print(...) is "print", torch.load(...) is "torch.load"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import os.path, rag.records", ["os.path", "rag.records"], id="plain"),
        pytest.param("from rag import read, errors", ["rag.read", "rag.errors"], id="modules of a package"),
        pytest.param("from rag.store import Store, base", ["rag.store.base", "rag.store"], id="a name and a module"),
        pytest.param("def f():\n    from rag.text.words import fold", ["rag.text.words"], id="inside a function"),
    ],
)
def test_imports_are_seen_wherever_they_stand(code: str, expected: list[str]) -> None:
    assert list(imports(ast.parse(code))) == expected


def test_imports_inside_the_library_point_one_way() -> None:
    offenders = []
    for path in FILES:
        own = part_of(module_of(path))
        if own in ("rag", "web") or own.startswith("web."):
            continue
        for imported in imports(tree_of(path)):
            other = part_of(imported)
            if other == own or not imported.startswith("rag.") or (name_of(path), imported) in EXCEPTIONS:
                continue
            if not (level_of(other) < level_of(own) or is_ground_below(other, own)):
                offenders.append(f"{name_of(path)} imports {imported}, which is not below {own}")
    assert offenders == []


def test_only_the_edge_imports_the_edge_and_it_sees_few_modules_of_the_library() -> None:
    offenders = []
    for path in FILES:
        seen = {imported for imported in imports(tree_of(path)) if (name_of(path), imported) not in EXCEPTIONS}
        if name_of(path).startswith("web/"):
            offenders += [(name_of(path), name) for name in seen if name.split(".")[0] == "rag" and name not in EDGE]
        else:
            offenders += [(name_of(path), name) for name in seen if name.split(".")[0] == "web"]
    assert offenders == []


def test_tests_share_what_lies_in_support_and_import_nothing_from_each_other() -> None:
    offenders = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        modules = {module for module in imports(tree_of(path)) if module.startswith("tests.")}
        offenders += [(name_of(path), m) for m in modules if m.rpartition(".")[2].startswith(("test_", "conftest"))]
    assert offenders == []


def test_every_exception_is_used() -> None:
    used = {(name_of(path), imported) for path in FILES for imported in imports(tree_of(path))}
    assert set(EXCEPTIONS) <= used


def test_every_level_names_what_exists() -> None:
    assert [part for parts in LEVELS for part in parts if not is_module(part)] == []
    assert {part for parts in GROUND for part in parts} == set(LEVELS[0])


def test_few_modules_lie_flat_in_the_library() -> None:
    flat = {module_of(path) for path in FILES if path.parent == ROOT / "rag" and path.name != "__init__.py"}
    assert flat == set(LEVELS[0]) - {"rag.records"}


def test_rendering_knows_records_and_nothing_that_works_with_them() -> None:
    records = {
        "rag.records",
        "rag.store.base",
        "rag.store.people_store",
        "rag.ingest.results",
        "rag.access.audit",
        "rag.answer.verify",
        "rag.insights.open_questions",
    }
    seen = {m for path in FILES if name_of(path).startswith("rag/render/") for m in imports(tree_of(path))}
    assert {m for m in seen if m.startswith("rag.") and not m.startswith("rag.render")} == records


def test_only_who_builds_the_store_knows_which_one_it_is() -> None:
    """Everything else sees the Protocols of rag.store.base, which another implementation would fulfil as well."""
    importing = {
        name_of(path)
        for path in FILES
        if not name_of(path).startswith(KINDS_OF_STORE)
        and any(name.replace(".", "/").startswith(KINDS_OF_STORE) for name in imports(tree_of(path)))
    }
    assert len(importing) == 1
    assert all(name.startswith("rag/app/") for name in importing)


def test_nothing_of_a_database_is_in_what_the_store_promises() -> None:
    seen = set(imports(tree_of(ROOT / "rag/store/base.py"))) | set(imports(tree_of(ROOT / "rag/store/__init__.py")))
    kinds = ("apsw", "sqlite3", "rag.store.sqlite", "psycopg", "rag.store.postgres")
    assert not {module for module in seen if module.startswith(kinds)}


@pytest.mark.parametrize("package", HOMES)
def test_a_package_is_imported_where_it_belongs_and_nowhere_else(package: str) -> None:
    importing = {name_of(path) for path in FILES if package in packages_of(path)}
    assert importing, f"nothing imports {package}: take it out of HOMES"
    assert {name for name in importing if not name.startswith(HOMES[package])} == set()


def test_what_is_imported_is_installed_with_the_program_and_not_by_chance_with_something_else() -> None:
    """Serving needs nothing of the extras; only these files may import what is in them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    serving, exporting, asking_directories, for_assistants, for_postgres = (
        {re.split(r"[^\w.-]", line)[0].lower() for line in lines}
        for lines in (project["dependencies"], extras["export"], extras["ldap"], extras["mcp"], extras["postgres"])
    )
    distributions = packages_distributions()
    for path in FILES:
        may_export = name_of(path).startswith(("rag/models/onnx_export.py", "rag/training/"))
        for package in {module.split(".")[0] for module in imports(tree_of(path))} & distributions.keys() - {
            "rag",
            "web",
        }:
            names = {name.lower().replace("_", "-") for name in [COMES_WITH.get(package, ""), *distributions[package]]}
            declared = serving | (exporting if may_export else set())
            if name_of(path) == "rag/access/ldap_groups.py":
                declared |= asking_directories
            if name_of(path).startswith(("rag/mcp/", "web/mcp_route.py")):
                declared |= for_assistants
            if name_of(path).startswith("rag/store/postgres/"):
                declared |= for_postgres
            assert names & declared, f"{name_of(path)} imports {package}, which is not in pyproject.toml for it"


def test_nothing_is_loaded_that_can_run_code() -> None:
    offenders = []
    for path in FILES:
        tree = tree_of(path)
        found = RUNS_CODE & {module.split(".")[0] for module in imports(tree)}
        found |= RUNNING_CALLS & set(called_names(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                found |= set() if "weights_only=True" in ast.unparse(node) else {"torch.load"}
            if isinstance(node, ast.keyword):
                found |= RUNNING_ARGUMENTS & {ast.unparse(node)}
        offenders += [(name_of(path), name) for name in found]
    assert offenders == []


def test_the_library_does_not_print() -> None:
    silent = [path for path in FILES if not name_of(path).startswith(MAY_PRINT)]
    assert [name_of(path) for path in silent if "print" in set(called_names(tree_of(path)))] == []


def test_opening_the_library_and_the_edge_imports_nothing_slow() -> None:
    code = """
import sys
import rag.app, rag.cli, web.app
slow = {"mcp", "torch", "transformers", "sentence_transformers", "sklearn", "pandas", "scipy", "onnx"}
print(sorted(slow & set(sys.modules)))
"""
    assert run_python(code) == "[]\n"


def test_importing_prints_nothing_leaves_logging_alone_and_makes_no_templates() -> None:
    code = """
import gc, logging
import jinja2
before = (list(logging.root.handlers), logging.root.level)
import rag.app, rag.cli, rag.evaluate.run, web.app
assert (logging.root.handlers, logging.root.level) == before
assert not any(issubclass(type(thing), jinja2.Environment) for thing in gc.get_objects())
"""
    assert run_python(code) == ""


def test_every_package_but_the_training_is_installed() -> None:
    """An editable install finds packages that a real one would leave out."""
    packages = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in FILES if path.name == "__init__.py"
    } - {"rag.training"}
    assert set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]) == packages
