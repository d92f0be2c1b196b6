from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import InvalidSetting
from web.app import create_app
from web.settings import WebSettings
from web.signin.service_key import ServiceKeys

OLD, NEW = "the-old-key-of-this-service", "the-new-key-of-this-service"


def keys_of(settings: WebSettings, text: str) -> tuple[ServiceKeys, Path]:
    settings.data_dir.mkdir(exist_ok=True)
    path = settings.data_dir / "keys"
    path.write_text(text)
    return ServiceKeys(replace(settings, api_key_file=path)), path


def matching(keys: ServiceKeys) -> list[str]:
    return [key for key in (OLD, NEW) if keys.match(f"Bearer {key}")]


def test_two_keys_hold_while_one_takes_the_place_of_the_other(settings: WebSettings) -> None:
    keys, path = keys_of(settings, f"{OLD}\n")
    assert matching(keys) == [OLD]
    for text, expected, moment in ((f"{OLD}\n{NEW}\n", [OLD, NEW], 1), (f"{NEW}\n", [NEW], 2)):
        path.write_text(text)
        os.utime(path, ns=(moment, moment))
        assert matching(keys) == expected


def test_a_key_may_stand_there_as_its_hash(settings: WebSettings) -> None:
    digest = hashlib.sha256(NEW.encode()).hexdigest()
    keys, _ = keys_of(settings, f"sha256:{digest}")
    assert matching(keys) == [NEW]
    assert not keys.match(f"Bearer sha256:{digest}")


@pytest.mark.parametrize("text", ["", "short", "ab" * 20, f"{OLD}\n{NEW}\nand-a-third-one-is-too-many"])
def test_a_file_that_is_none_of_keys(settings: WebSettings, text: str) -> None:
    with pytest.raises(InvalidSetting, match="api_key_file"):
        keys_of(settings, text)


@pytest.mark.parametrize("key", ["k", "fifteen letters", "0" * 40, "changechangechange"[:15]])
def test_a_key_that_can_be_guessed_is_refused_at_the_start_in_plain_words(settings: WebSettings, key: str) -> None:
    with pytest.raises(InvalidSetting, match=r"CITEWELL_API_KEY .* expected 16 or more, 6 .*openssl rand -hex 32"):
        create_app(replace(settings, api_key=key))


def test_a_single_user_of_one_machine_needs_none(settings: WebSettings) -> None:
    create_app(settings)
    create_app(replace(settings, api_key="0123456789abcdef"))


def test_while_the_file_cannot_be_read_no_key_of_it_is_taken(settings: WebSettings) -> None:
    keys, path = keys_of(settings, OLD)
    path.unlink()
    assert matching(keys) == []
    path.write_text(OLD)
    assert matching(keys) == [OLD]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {OLD}", OLD, "Bearer \udcff"])
def test_what_is_no_key(settings: WebSettings, header: str) -> None:
    keys, _ = keys_of(settings, OLD)
    assert not keys.match(header)
