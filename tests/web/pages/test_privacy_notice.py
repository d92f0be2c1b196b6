"""What the page says of how long questions are kept follows the settings, in every language."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.i18n import languages
from web.pages.privacy_notice import privacy_notice
from web.settings import WebSettings

ENGLISH = languages()["en"]


def page_with(settings: WebSettings) -> str:
    with client_of(settings, ScriptedCitewell(settings)) as client:
        return html.unescape(client.get("/").text)


def test_where_nobody_signs_in_nothing_is_said(scripted_client: TestClient) -> None:
    assert "privacy-notice" not in scripted_client.get("/").text


def test_the_words_of_a_site_are_shown_as_they_are(settings: WebSettings) -> None:
    page = page_with(replace(settings, privacy_notice="Ask <b>Otto</b> about it."))
    assert "<p>Ask <b>Otto</b> about it.</p>" in page  # unescaped above
    assert "What is kept of your questions" in page


def test_off_says_nothing() -> None:
    assert privacy_notice(WebSettings(sign_in=("local",), privacy_notice="off"), ENGLISH) == []


def test_the_text_of_the_program_follows_the_settings() -> None:
    settings = WebSettings(sign_in=("local",), keep_questions_days=1, keep_audit_days=0, audit_questions="none")
    assert privacy_notice(settings, ENGLISH) == [
        "Your conversations are kept for 30 days after the last question. You can delete each of them.",
        "The texts of questions are kept for 1 day, without a name, for whoever looks after the documents.",
        "Your votes and comments on answers are kept for 365 days.",
        "Who signed in, when somebody asked and which quotes they were shown is put down for the auditors of this"
        " service, the question itself is not.",
        "That is kept without a limit in time.",
        "An owner of this service can give you all that is kept of you, and delete it.",
    ]


def test_what_is_not_kept_is_not_spoken_of() -> None:
    settings = WebSettings(sign_in=("local",), keep_conversations_days=0, keep_feedback_days=0, audit="off")
    assert privacy_notice(settings, ENGLISH) == [
        "Conversations are not kept.",
        "An owner of this service can give you all that is kept of you, and delete it.",
    ]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("questions", ["full", "hash", "none"])
def test_every_language_has_every_line(language: str, questions: str) -> None:
    settings = WebSettings(sign_in=("local",), keep_questions_days=2, audit_questions=questions)
    assert len(privacy_notice(settings, languages()[language])) == 6
