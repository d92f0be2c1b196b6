"""What Open WebUI sends besides questions: lists of models, extra fields, tasks for a title, for tags and more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support import questions
from tests.support.scripted import ScriptedCitewell
from web.openai.chat_tasks import task_reply

# In the form of Open WebUI's templates, in words of our own.
TASK = """### Task:
Do something with the chat below.
### Guidelines:
- Be brief. The user once asked { "nothing": 1 } of you.
### Output:
JSON format: { "%s": "what was asked for" }
### Chat History:
<chat_history>
USER: How big is
ASSISTANT: The main telescope has a mirror 76 centimetres across. [1]
</chat_history>"""
EXTRA = {
    "stream": True,
    "stream_options": {"include_usage": True},
    "chat_id": "0b9f7c52",
    "session_id": "s",
    "id": "m",
    "background_tasks": {"title_generation": True, "tags_generation": True},
    "features": {"web_search": False},
    "variables": {"{{USER_NAME}}": "Ida"},
    "tool_ids": None,
    "params": {},
    "temperature": 0.8,
    "user": {"name": "Ida", "id": "1", "email": "ida@example.org", "role": "user"},
}


def ask(client: TestClient, content: str, **more: Any) -> Any:
    body = {"model": "citewell-markdown", "messages": [{"role": "user", "content": content}], **more}
    return client.post("/v1/chat/completions", json=body)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("title", "How big is"), ("tags", []), ("follow_ups", []), ("queries", []), ("text", "")],
)
def test_a_task_gets_the_json_that_it_expects_and_is_no_question(
    scripted_client: TestClient, scripted: ScriptedCitewell, key: str, expected: object
) -> None:
    body = ask(scripted_client, TASK % key, stream=False).json()
    assert json.loads(body["choices"][0]["message"]["content"]) == {key: expected}
    assert body["citewell"] is None
    assert scripted.insights.noted == []


def test_a_task_that_is_not_known_is_said_to_be_one(scripted_client: TestClient) -> None:
    body = ask(scripted_client, "### Task:\nDraw a cat.").json()
    assert body["choices"][0]["message"]["content"].startswith("This was taken for a task of a chat program")


def test_a_title_is_the_first_question_shortened_at_a_word() -> None:
    task = (TASK % "title").replace(
        "How big is", "Where do the friends of the observatory keep the oldest star charts now?"
    )
    assert json.loads(task_reply(task) or "") == {"title": "Where do the friends of the observatory keep the oldest …"}
    assert json.loads(task_reply((TASK % "title").replace("USER", "NOBODY")) or "") == {"title": ""}


@pytest.mark.parametrize("text", [questions.ANSWERED, "Which task has a title?", "Task: how big is the mirror?"])
def test_a_question_is_no_task(text: str) -> None:
    assert task_reply(text) is None


def test_a_response_to_a_task_is_not_stored(scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
    body = scripted_client.post("/v1/responses", json={"model": "citewell", "input": TASK % "tags"}).json()
    assert (body["output"][0]["content"][0]["text"], body["store"]) == ('{"tags": []}', False)
    assert scripted.kept.talks == {}


def test_a_chat_of_open_webui_is_answered_with_its_extra_fields(
    scripted_client: TestClient, scripted: ScriptedCitewell
) -> None:
    assert [m["id"] for m in scripted_client.get("/v1/models").json()["data"]] == ["citewell", "citewell-markdown"]
    response = ask(scripted_client, questions.ANSWERED, **EXTRA)
    assert response.headers["content-type"].startswith("text/event-stream")
    *lines, done = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert done == "[DONE]"
    chunks = [json.loads(line) for line in lines]
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
    assert text.startswith(f"{questions.QUOTE} \\[1\\]\n\nSources:\n\n1. The hill observatory, ")
    assert chunks[-1]["usage"]["total_tokens"] == 0
    assert len(scripted.insights.noted) == 1


def test_what_it_sends_back_of_such_an_answer_is_understood(scripted_client: TestClient) -> None:
    first = ask(scripted_client, questions.ANSWERED).json()["choices"][0]["message"]["content"]
    said = [
        {"role": "user", "content": questions.ANSWERED},
        {"role": "assistant", "content": first},
        {"role": "user", "content": questions.FOLLOW_UP},
    ]
    body = scripted_client.post("/v1/chat/completions", json={"model": "citewell-markdown", "messages": said}).json()
    assert body["citewell"]["stand_alone_question"] == questions.STAND_ALONE
