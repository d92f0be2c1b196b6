"""Clients over the real library without a model, and over one whose answers are written down; a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from rag.app import Citewell
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from tests.support.visits import Visit, launched
from web.settings import WebSettings


@pytest.fixture
def client(settings: WebSettings, citewell: Citewell) -> Iterator[TestClient]:
    with client_of(settings, citewell) as client:
        yield client


@pytest.fixture
def scripted(settings: WebSettings) -> ScriptedCitewell:
    return ScriptedCitewell(settings)


@pytest.fixture
def scripted_client(settings: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
    with client_of(settings, scripted) as client:
        yield client


@pytest.fixture
def empty_client(settings: WebSettings, empty_citewell: Citewell) -> Iterator[TestClient]:
    with client_of(settings, empty_citewell) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


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
