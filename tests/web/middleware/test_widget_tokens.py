"""The tokens of the widget: what is signed holds, for its time and its origin, and nothing else does."""

from __future__ import annotations

import base64
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import StorageError
from web.middleware.widget_tokens import WidgetTokens
from web.settings import WebSettings

INTRANET = "https://intranet.example"
OTHER = "https://other.example"
NOW = 1_800_000_000


@pytest.fixture
def keyed(tmp_path: Path) -> WebSettings:
    return WebSettings(data_dir=tmp_path, api_key="the key of the service", widget_token_seconds=600)


def at(settings: WebSettings, seconds: float = NOW) -> WidgetTokens:
    return WidgetTokens(settings, clock=lambda: seconds)


def test_a_token_holds_for_its_time_and_in_any_process(keyed: WebSettings) -> None:
    token = at(keyed).issue()
    assert token.expires_at == NOW + 600
    assert at(keyed).holds(token.text)
    assert at(keyed, NOW + 599.9).holds(token.text, INTRANET)
    assert not at(keyed, NOW + 600).holds(token.text, INTRANET)


def test_one_that_is_bound_holds_for_its_origin_only(keyed: WebSettings) -> None:
    bound = at(keyed).issue(INTRANET).text
    assert at(keyed).holds(bound, INTRANET)
    assert not at(keyed).holds(bound, OTHER)
    assert at(keyed).holds(bound)


def test_another_key_or_another_secret_ends_all_tokens(keyed: WebSettings, tmp_path: Path) -> None:
    token = at(keyed).issue().text
    assert not at(replace(keyed, api_key="a new key")).holds(token)
    (tmp_path / "widget-secret").unlink()
    assert not at(keyed).holds(token)
    at(keyed).issue()
    assert not at(keyed).holds(token)


def forged(token: str, **changes: object) -> str:
    """The token with another payload, and the signature it had."""
    version, payload, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "==")) | changes
    return ".".join((version, base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode(), signature))


def test_what_was_changed_does_not_hold(keyed: WebSettings) -> None:
    token = at(keyed).issue(INTRANET).text
    assert at(keyed).holds(forged(token), INTRANET)  # nothing changed: the forger works
    assert not at(keyed).holds(forged(token, exp=NOW * 2), INTRANET)
    assert not at(keyed).holds(forged(token, origin=OTHER), OTHER)
    for position in range(0, len(token), 5):
        other = "A" if token[position] != "A" else "B"
        assert not at(keyed).holds(token[:position] + other + token[position + 1 :], INTRANET), position


@pytest.mark.parametrize(
    "text",
    ["", ".", "v1", "v1..", "v1.e30.", "v2.e30.AAAA", "v1.e30.ä", "v1.e30.====", "v1.\0.\0", "." * 1000, "the key"],
)
def test_nonsense_does_not_hold(keyed: WebSettings, text: str) -> None:
    at(keyed).issue()
    assert not at(keyed).holds(text)


def test_nothing_holds_and_nothing_is_written_before_the_first_is_issued(keyed: WebSettings, tmp_path: Path) -> None:
    assert not at(keyed).holds("v1.e30.AAAA")
    assert list(tmp_path.iterdir()) == []


def test_the_secret_is_its_owners_and_is_made_once(keyed: WebSettings, tmp_path: Path) -> None:
    at(keyed).issue()
    secret = tmp_path / "widget-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    kept = secret.read_bytes()
    at(keyed).issue()
    assert secret.read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir()] == ["widget-secret"]


def test_a_token_gives_nothing_away(keyed: WebSettings) -> None:
    """Neither the key nor anything to try keys against without the secret."""
    token = at(keyed).issue(INTRANET).text
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert payload == {"exp": NOW + 600, "origin": INTRANET}


def test_a_secret_that_is_damaged_or_cannot_be_read_is_said(keyed: WebSettings, tmp_path: Path) -> None:
    (tmp_path / "widget-secret").write_bytes(b"short")
    with pytest.raises(StorageError, match=r"has 5 bytes; expected 32\. Delete it"):
        at(keyed).issue()


def test_a_directory_that_cannot_be_written_is_said(keyed: WebSettings) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        with without_the_rights_of_root(), pytest.raises(StorageError, match="cannot be written: Permission denied"):
            at(replace(keyed, data_dir=Path(place))).issue()


@contextmanager
def without_the_rights_of_root() -> Iterator[None]:
    """Root may write anywhere; be somebody else while the block lasts."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_directory_that_is_not_there_is_said(keyed: WebSettings, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        at(replace(keyed, data_dir=tmp_path / "gone")).issue()
