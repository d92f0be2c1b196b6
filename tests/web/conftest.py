"""Clients over the real pipeline without a model, and over one whose answers are written down; a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, sync_playwright

from rag.pipeline import Pipeline
from rag.settings import Settings
from tests.web.scripted import ScriptedPipeline
from tests.web.visits import Visit
from web.app import create_app


def client_of(settings: Settings, pipeline: Pipeline, **options: str) -> TestClient:
    """A client of the whole application; its requests name the host that the service answers to."""
    return TestClient(create_app(settings, pipeline), base_url="http://localhost", **options)


@pytest.fixture
def client(settings: Settings, pipeline: Pipeline) -> Iterator[TestClient]:
    with client_of(settings, pipeline) as client:
        yield client


@pytest.fixture
def scripted(settings: Settings) -> ScriptedPipeline:
    return ScriptedPipeline(settings)


@pytest.fixture
def scripted_client(settings: Settings, scripted: ScriptedPipeline) -> Iterator[TestClient]:
    with client_of(settings, scripted) as client:
        yield client


@pytest.fixture
def empty_client(settings: Settings, empty_pipeline: Pipeline) -> Iterator[TestClient]:
    with client_of(settings, empty_pipeline) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def options() -> dict[str, object]:
    """What the browser is like; a test overrides it by parametrising."""
    return {}


@pytest.fixture
def visit(browser: Browser, address: str, options: dict) -> Iterator[Visit]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}} | options)
    visit = Visit(context, address)
    yield visit
    visit.close()
    context.close()
