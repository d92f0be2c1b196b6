"""Fixtures that every test may use. Nothing here, or in any test, reaches the network."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import hypothesis
import pytest
from filelock import FileLock

os.environ["HF_HUB_OFFLINE"] = "1"
# FAISS' threads wait for each other in a loop that takes the processor from the tests that run beside: of one property
# in tests/rag/index/test_search_index.py, 15 s of it instead of 2, on two busy cores, 2026-11-27. Results are the same.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from rag.app import Citewell
from rag.models.catalogue import load_model
from rag.models.exported import LoadedModel
from rag.settings import BUNDLED_MODEL
from tests.support import chromium
from tests.support.fakes import HashEmbedder
from tests.support.places import DATA
from tests.support.postgres import PostgresServer, postgres_programs_or_skip, postgres_server
from tests.support.reading_processes import reading_processes_kept
from web.settings import WebSettings

if chromium.VARIABLE in os.environ:
    os.environ[chromium.KEPT_AS] = os.environ.pop(chromium.VARIABLE)

# A shell that starts something in the background lets it ignore Ctrl-C, and all that it starts; commands that the
# tests start and interrupt must not inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long one example takes says more about what else the machine does than about the code.
# The quick one tries the same examples each time, so that a change is never refused for a fault that was there before
# it; the nightly one looks for new ones.
hypothesis.settings.register_profile(
    "quick", deadline=None, max_examples=100, stateful_step_count=20, derandomize=True, database=None
)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=1_000, stateful_step_count=50)
hypothesis.settings.load_profile("quick")  # `--hypothesis-profile nightly` loads the other


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium.find_chromium() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=chromium.MISSING))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield
    if session.config.option.no_skips and skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say once what most of the skipped tests lack, and with --no-skips name every one of them."""
    reasons = skipped(config)
    if browserless := sum(chromium.MISSING in reason for reason in reasons):
        terminalreporter.write_line(f"{browserless} browser tests were skipped: {chromium.MISSING}")
    if reasons and config.option.no_skips:
        terminalreporter.write_line("failed, because of --no-skips and these skipped tests:", red=True)
        for reason in reasons:
            terminalreporter.write_line(f"  {reason}")


def skipped(config: pytest.Config) -> list[str]:
    """Name and reason of every test that was skipped; of none in a worker, which leaves that to the one that counts."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [f"{report.nodeid}: {report.longrepr[2]}" for report in reports]


@pytest.fixture(scope="session", autouse=True)
def _reading_processes() -> Iterator[None]:
    with reading_processes_kept():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of PostgreSQL for all tests of this process."""
    with postgres_server(postgres_programs_or_skip()) as server:
        yield server


@pytest.fixture(scope="session")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """The bundled model, exported once for all tests, also those of other workers; none may write into its folder."""
    one_of_all = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        one_of_all = one_of_all.parent
    with FileLock(one_of_all / "models.lock"):
        return load_model(BUNDLED_MODEL, one_of_all / "models")


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> WebSettings:
    return WebSettings(data_dir=tmp_path / "data", reader=False)


@pytest.fixture
def library() -> Path:
    """A folder of small documents written for the tests."""
    return DATA / "library"


@pytest.fixture
def empty_citewell(settings: WebSettings, embedder: HashEmbedder) -> Iterator[Citewell]:
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        yield citewell


@pytest.fixture(scope="session")
def read_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a citewell that has read the test library, to be copied."""
    settings = WebSettings(data_dir=tmp_path_factory.mktemp("library") / "data", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.ingest([DATA / "library"])
    return settings.data_dir


@pytest.fixture
def citewell(settings: WebSettings, embedder: HashEmbedder, read_library: Path, library: Path) -> Iterator[Citewell]:
    """Citewell over the test library, without a model: a copy of one that read it, where the settings say no more."""
    is_read = settings == WebSettings(data_dir=settings.data_dir, reader=False)
    if is_read:
        copytree(read_library, settings.data_dir)
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        if not is_read:
            citewell.documents.ingest([library])
        yield citewell
