"""The visitor of another site's page, as that page's server signs who it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from rag.access.widget_identity import AUDIENCE, Visitor, WidgetVisitors
from rag.errors import InvalidSetting

INTRANET = "https://intranet.example"
NOW = 1_800_000_000
KEY = "a key of more than thirty-two letters"
VISITORS = WidgetVisitors(KEY, max_seconds=600, now=lambda: NOW)


def token(*, key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    usual = {"aud": AUDIENCE, "sub": "ida", "origin": INTRANET, "iat": NOW, "exp": NOW + 600, "groups": ["hr"]}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode({"alg": algorithm}, kept, OctKey.import_key(key), [algorithm])


def test_a_token_says_who_asks_and_in_which_groups() -> None:
    assert VISITORS.visitor(token(), INTRANET) == Visitor("ida", ("hr",))
    assert VISITORS.visitor(token(groups=None)) == Visitor("ida", None)
    assert VISITORS.visitor(token(groups=[])) == Visitor("ida", ())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "citewell"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": NOW - 31},
        {"exp": NOW + 631},
        {"exp": None},
        {"iat": NOW + 31},
        {"iat": None},
        {"origin": None},
        {"origin": "https://other.example"},
        {"origin": [INTRANET]},
        {"groups": "hr"},
        {"groups": [1]},
    ],
    ids=str,
)
def test_one_that_says_something_else_does_not_hold(claims: dict[str, Any]) -> None:
    assert VISITORS.visitor(token(**claims), INTRANET) is None


def test_one_of_another_page_does_not_hold() -> None:
    assert VISITORS.visitor(token(origin="https://other.example"), INTRANET) is None


def unsigned() -> str:
    _, payload, _ = token().split(".")
    other = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return f"{other}.{payload}."


def changed() -> str:
    header, _, signature = token().split(".")
    _, payload, _ = token(sub="eve").split(".")
    return f"{header}.{payload}.{signature}"


def with_another_kind_of_key() -> str:
    claims = {"aud": AUDIENCE, "sub": "ida", "origin": INTRANET, "iat": NOW, "exp": NOW + 60}
    return jwt.encode({"alg": "ES256"}, claims, ECKey.generate_key("P-256"), ["ES256"])


@pytest.mark.parametrize(
    "text",
    [
        unsigned(),
        changed(),
        with_another_kind_of_key(),
        token(key="another key of more than thirty-two letters"),
        token(algorithm="HS384"),
        token().rpartition(".")[0] + ".",
        token(sub="x" * 8_000),
        "",
        "..",
        "v1.e30.AAAA",
        "ä.b.c",
    ],
)
def test_a_forged_one_does_not_hold(text: str) -> None:
    assert VISITORS.visitor(text, INTRANET) is None


def test_a_short_key_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidSetting, match="32 or more"):
        WidgetVisitors("short", max_seconds=600)
