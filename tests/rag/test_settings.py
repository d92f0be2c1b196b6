"""Settings come from CITEWELL_ variables alone, and what makes no sense is refused by name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InvalidSetting
from rag.settings import BUNDLED_MODEL, PREFIX
from web.settings import WebSettings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert WebSettings.from_env({}) == WebSettings()


def test_other_variables_are_not_looked_at() -> None:
    assert WebSettings.from_env({"PATH": "/bin", "PORT": "x", "citewell_port": "y"}) == WebSettings()


def test_the_defaults_are_private_and_offline() -> None:
    settings = WebSettings()
    assert (settings.host, settings.api_key, settings.allowed_origins) == ("127.0.0.1", "", ())
    assert (settings.model, settings.data_dir) == (BUNDLED_MODEL, Path(".citewell"))


@pytest.mark.parametrize(
    ("variable", "raw", "value"),
    [
        pytest.param("DATA_DIR", "/srv/data", Path("/srv/data"), id="a path"),
        pytest.param("SUGGESTIONS", "q.jsonl", Path("q.jsonl"), id="a path that may be missing"),
        pytest.param("MODEL", "some/model", "some/model", id="text"),
        pytest.param("API_KEY", " a key ", " a key ", id="text is kept as it is"),
        pytest.param("PORT", "9000", 9000, id="a whole number"),
        pytest.param("PORT", " 0 ", 0, id="the smallest port, with white space"),
        pytest.param("PORT", "65535", 65535, id="the largest port"),
        pytest.param("MAX_SENTENCES", "1", 1, id="the smallest count"),
        pytest.param("MIN_CONFIDENCE", "0.25", 0.25, id="a number"),
        pytest.param("MIN_CONFIDENCE", "0", 0.0, id="the smallest confidence"),
        pytest.param("MIN_CONFIDENCE", "1", 1.0, id="the largest confidence"),
        pytest.param("MIN_CONFIDENCE", "-1", None, id="the fitted confidence"),
        pytest.param("UPLOADS", "false", False, id="false"),
        pytest.param("UPLOADS", "0", False, id="0 is false"),
        pytest.param("UPLOADS", " TRUE ", True, id="true in any case"),
        pytest.param("UPLOADS", "1", True, id="1 is true"),
        pytest.param("ALLOWED_HOSTS", "a.example, b.example ,", ("a.example", "b.example"), id="a list"),
        pytest.param("ALLOWED_HOSTS", "", (), id="an empty list"),
        pytest.param(
            "FETCH_ALLOW",
            "wiki,wiki:8080,10.0.0.0/8,10.0.0.0/8:81,fd00::/8,[fd00::/8]:82",
            ("wiki", "wiki:8080", "10.0.0.0/8", "10.0.0.0/8:81", "fd00::/8", "[fd00::/8]:82"),
            id="hosts and networks",
        ),
        pytest.param(
            "ALLOWED_ORIGINS",
            "https://a.example,http://b.example:80",
            ("https://a.example", "http://b.example:80"),
            id="origins",
        ),
    ],
)
def test_a_variable_sets_its_field_and_no_other(variable: str, raw: str, value: object) -> None:
    name = variable.lower()
    expected = {f.name: getattr(WebSettings(), f.name) for f in fields(WebSettings)} | {name: value}
    settings = WebSettings.from_env({PREFIX + variable: raw})
    assert {f.name: getattr(settings, f.name) for f in fields(WebSettings)} == expected
    assert type(getattr(settings, name)) is type(value) or isinstance(value, Path)


@pytest.mark.parametrize(
    ("variable", "raw", "message"),
    [
        pytest.param("AUDIT", "maybe", "audit is 'maybe'; expected one of on, off.", id="neither on nor off"),
        pytest.param(
            "AUDIT_QUESTIONS", "", "audit_questions is ''; expected one of full, hash, none.", id="no choice there is"
        ),
        pytest.param("PORT", "http", "CITEWELL_PORT is 'http'; expected a whole number.", id="not a whole number"),
        pytest.param("PORT", "80.5", "CITEWELL_PORT is '80.5'; expected a whole number.", id="a broken number"),
        pytest.param("PORT", "", "CITEWELL_PORT is ''; expected a whole number.", id="nothing"),
        pytest.param("PORT", "65536", "port is 65536; expected 0 to 65535.", id="a port too large"),
        pytest.param("PORT", "-1", "port is -1; expected 0 to 65535.", id="a negative port"),
        pytest.param("UPLOADS", "yes", "CITEWELL_UPLOADS is 'yes'; expected true or false.", id="not a boolean"),
        pytest.param("MAX_SENTENCES", "0", "max_sentences is 0; expected 1 or more.", id="no sentences"),
        pytest.param("PASSAGES", "0", "passages is 0; expected 1 or more.", id="no passages"),
        pytest.param("MAX_DOCUMENT_BYTES", "0", "max_document_bytes is 0; expected 1 or more.", id="no bytes"),
        pytest.param("MAX_QUESTION_CHARS", "-5", "max_question_chars is -5; expected 1 or more.", id="no characters"),
        pytest.param("QUESTIONS_PER_MINUTE", "0", "questions_per_minute is 0; expected 1 or more.", id="no rate"),
        pytest.param(
            "MAX_WAITING_QUESTIONS", "-1", "max_waiting_questions is -1; expected 0 or more.", id="a line below zero"
        ),
        pytest.param(
            "MIN_CONFIDENCE", "high", "CITEWELL_MIN_CONFIDENCE is 'high'; expected a number.", id="not a number"
        ),
        pytest.param(
            "MIN_CONFIDENCE", "1.5", "min_confidence is 1.5; expected 0 to 1, or -1 for the default.", id="over one"
        ),
        pytest.param(
            "MIN_CONFIDENCE", "-0.5", "min_confidence is -0.5; expected 0 to 1, or -1 for the default.", id="negative"
        ),
        pytest.param(
            "MIN_CONFIDENCE", "nan", "min_confidence is nan; expected 0 to 1, or -1 for the default.", id="no number"
        ),
        *(
            pytest.param(
                "FETCH_ALLOW",
                entry,
                f"fetch_allow has {entry!r}: {reason}. Expected a host or network, with or without a port, like"
                " wiki.intranet, wiki.intranet:8080, 10.0.0.0/8 or [fd00::/8]:8080.",
                id=label,
            )
            for entry, reason, label in [
                ("*", "'*' is no host name; expected one like intranet.example", "any host"),
                ("10.0.0.1/8", "10.0.0.1/8 has host bits set", "no network"),
                ("wiki:http", "'http' is no port; expected 1 to 65535", "no port"),
                ("http://wiki", "'//wiki' is no port; expected 1 to 65535", "a scheme"),
            ]
        ),
        *(
            pytest.param(
                "ALLOWED_ORIGINS",
                origin,
                f"allowed_origins has {origin!r}; expected scheme and host only, in small letters, like"
                " https://intranet.example.",
                id=label,
            )
            for origin, label in [
                ("*", "any origin"),
                ("https://*.example", "a wildcard"),
                ("https://Intranet.example", "capitals, which no browser sends"),
                ("https://a.example; script-src *", "more than an origin"),
                ("https://a.example https://b.example", "two"),
                ("intranet.example", "no scheme"),
                ("https://a.example/", "a closing slash"),
                ("https://a.example/path", "a path"),
                ("ftp://a.example", "another scheme"),
            ]
        ),
    ],
)
def test_a_bad_value_is_refused_saying_what_was_expected(variable: str, raw: str, message: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        WebSettings.from_env({PREFIX + variable: raw})
    assert str(caught.value) == message


def test_an_unknown_variable_is_refused_and_all_settings_are_named() -> None:
    with pytest.raises(InvalidSetting) as caught:
        WebSettings.from_env({"CITEWELL_PROT": "9000"})
    names = ", ".join(sorted(PREFIX + f.name.upper() for f in fields(WebSettings)))
    assert str(caught.value) == f"CITEWELL_PROT is not a setting. Settings are: {names}."


def test_an_option_wins_over_its_variable_unless_it_is_not_given() -> None:
    environ = {"CITEWELL_PORT": "9000", "CITEWELL_HOST": "127.0.0.2"}
    settings = WebSettings.from_env(environ, port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "127.0.0.2")


@pytest.mark.parametrize("override", [{"port": 70_000}, {"max_sentences": 0}, {"min_confidence": 2.0}], ids=str)
def test_an_option_out_of_range_is_refused_too(override: dict[str, Any]) -> None:
    (name,) = override
    with pytest.raises(InvalidSetting, match=f"^{name} is "):
        WebSettings.from_env({}, **override)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        WebSettings().port = 1  # type: ignore[misc]
