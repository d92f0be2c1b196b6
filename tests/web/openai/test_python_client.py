"""OpenAI's own client for Python asks a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from tests.support import questions
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from web.settings import WebSettings

OTHER = {"model": "citewell", "messages": [{"role": "user", "content": questions.ANSWERED}]}


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> ScriptedCitewell:
    return ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("openai"), questions_per_minute=10_000))


@pytest.fixture(scope="module")
def client(scripted: ScriptedCitewell) -> Iterator[openai.OpenAI]:
    with (
        serving(scripted) as port,
        openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def chat(client: Any, *contents: str, **more: Any) -> Any:
    """A chat whose messages are of the user and the assistant in turn."""
    roles = ["user", "assistant"] * len(contents)
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return client.chat.completions.create(**{"model": "citewell", "messages": messages} | more)


def quoted(text: str, start: int, last: int) -> str:
    """The end is the last character, as OpenAI's clients say."""
    return text[start : last + 1]


class TestModels:
    def test_two_ways_to_write_are_listed(self, client: Any) -> None:
        assert [model.id for model in client.models.list()] == ["citewell", "citewell-markdown"]
        assert client.models.retrieve("citewell-markdown").owned_by == "citewell"

    def test_another_one_is_not_found(self, client: Any) -> None:
        asks: list[Callable[[], Any]] = [
            lambda: client.models.retrieve("gpt-4o"),
            lambda: chat(client, "Why?", model="gpt-4o"),
        ]
        for ask in asks:
            with pytest.raises(openai.NotFoundError, match="expected one of citewell, citewell-markdown") as error:
                ask()
            assert (error.value.code, error.value.param) == ("model_not_found", "model")


class TestChat:
    def test_an_answer_is_a_quote_with_its_mark_and_its_citation(self, client: Any) -> None:
        made = chat(client, questions.ANSWERED)
        (choice,) = made.choices
        assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
        assert choice.message.content == f"{questions.QUOTE} [1]"
        (annotation,) = choice.message.annotations
        cited = annotation.url_citation
        assert quoted(choice.message.content, cited.start_index, cited.end_index) == questions.QUOTE
        assert cited.title == "The hill observatory"
        full = made.citewell["citations"][0]
        assert cited.url == f"{str(client.base_url).removesuffix('/v1/')}{full['link']}"
        assert made.citewell["status"] == "answered"
        assert full["quote"] == questions.QUOTE

    def test_the_link_of_a_citation_opens_the_document_with_the_quote_marked(self, client: Any) -> None:
        (annotation,) = chat(client, questions.ANSWERED).choices[0].message.annotations
        parts = urlsplit(annotation.url_citation.url)
        page = client.get(f"/..{parts.path}?{parts.query}", cast_to=str)
        assert f">{questions.QUOTE}</mark>" in page

    def test_two_sentences_have_a_citation_each(self, client: Any) -> None:
        message = chat(client, questions.TWO_QUOTES).choices[0].message
        assert message.content.endswith("Friday of each month. [1] Guided tours begin at half past eight [2]")
        found = [a.url_citation for a in message.annotations]
        assert [quoted(message.content, cited.start_index, cited.end_index) for cited in found] == [
            "The dome opens to visitors on the first Friday of each month.",
            "Guided tours begin at half past eight",
        ]

    def test_positions_count_code_points(self, client: Any) -> None:
        message = chat(client, questions.MARKED_UP).choices[0].message
        cited = message.annotations[0].url_citation
        assert quoted(message.content, cited.start_index, cited.end_index) == "Its motto is “per aspera 🔭 ad astra”"

    def test_what_may_answer_is_shown_as_such(self, client: Any) -> None:
        made = chat(client, questions.POSSIBLE)
        assert made.choices[0].message.content == (
            "This may answer it.\n\n"
            f"{questions.QUOTE} Focal length: 9.1 metres [1], probably right (55%)\n\n"
            "Object\tBest month Saturn\tSeptember [2], possibly right (31%)\n\n"
            "In heavy cloud the tour moves to the library, where the oldest star charts are shown. [3], "
            "probably not the answer (12%)"
        )
        assert len(made.choices[0].message.annotations) == 3
        assert made.citewell["status"] == "possible"

    def test_not_to_find_is_said_in_the_text_and_is_no_refusal(self, client: Any) -> None:
        made = chat(client, questions.UNKNOWN)
        message = made.choices[0].message
        assert (message.content, message.refusal) == ("I did not find it in 2 documents.", None)
        assert message.annotations == []
        assert (made.citewell["status"], made.citewell["reason"]) == ("no_answer", "not_found")

    def test_that_documents_disagree_is_said(self, client: Any) -> None:
        text = chat(client, questions.DISAGREEING).choices[0].message.content
        assert text.endswith("ninety minutes. [2]\n\nThe documents disagree: newest first.")

    def test_a_follow_up_is_understood_from_the_messages_before(self, client: Any) -> None:
        before = chat(client, questions.ANSWERED).choices[0].message.content
        followed = chat(client, questions.ANSWERED, before, questions.FOLLOW_UP)
        assert followed.citewell["stand_alone_question"] == questions.STAND_ALONE
        assert followed.choices[0].message.content == f"{questions.QUOTE} [1]"
        alone = chat(client, questions.FOLLOW_UP)
        assert alone.citewell["stand_alone_question"] is None

    def test_messages_can_be_sent_back_as_the_client_has_them(self, client: Any) -> None:
        before = chat(client, questions.ANSWERED).choices[0].message
        messages = [
            *OTHER["messages"],
            before,
            {"role": "user", "content": [{"type": "text", "text": questions.FOLLOW_UP}]},
        ]
        followed = client.chat.completions.create(model="citewell", messages=messages)
        assert followed.choices[0].message.content == f"{questions.QUOTE} [1]"

    def test_nothing_is_kept(self, client: Any, scripted: ScriptedCitewell) -> None:
        before = len(scripted.kept.talks)
        assert chat(client, questions.ANSWERED).citewell["conversation_id"] is None
        assert len(scripted.kept.talks) == before

    def test_instructions_and_options_of_language_models_change_nothing(self, client: Any) -> None:
        messages = [{"role": "system", "content": "Answer in verse."}, {"role": "user", "content": questions.ANSWERED}]
        made = client.chat.completions.create(
            model="citewell",
            messages=messages,
            temperature=1.5,
            max_tokens=3,
            seed=7,
            stop=["mirror"],
            user="u",
        )
        assert made.choices[0].message.content == f"{questions.QUOTE} [1]"


class TestStream:
    def test_the_chunks_make_up_the_answer(self, client: Any) -> None:
        whole = chat(client, questions.TWO_QUOTES)
        chunks = list(chat(client, questions.TWO_QUOTES, stream=True, stream_options={"include_usage": True}))
        *of_choice, usage = chunks
        deltas = [chunk.choices[0].delta for chunk in of_choice]
        assert deltas[0].role == "assistant"
        assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
        assert sum(bool(delta.content) for delta in deltas) == 2
        annotations = [a for delta in deltas for a in getattr(delta, "annotations", None) or ()]
        assert annotations == [a.model_dump() for a in whole.choices[0].message.annotations]
        assert [chunk.choices[0].finish_reason for chunk in of_choice][-2:] == [None, "stop"]
        assert of_choice[-1].citewell["citations"] == whole.citewell["citations"]
        assert (usage.choices, usage.usage.total_tokens) == ([], 0)
        assert {chunk.id for chunk in chunks} == {whole.id}

    def test_not_to_find_comes_too(self, client: Any) -> None:
        chunks = list(chat(client, questions.UNKNOWN, stream=True))
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == "I did not find it in 2 documents."

    def test_what_is_wrong_with_a_request_has_its_status(self, client: Any) -> None:
        with pytest.raises(openai.BadRequestError, match="question is empty"):
            chat(client, "   ", stream=True)


class TestResponses:
    def test_an_answer_has_its_citations(self, client: Any) -> None:
        made = client.responses.create(model="citewell", input=questions.ANSWERED, store=False)
        assert (made.status, made.output_text, made.store) == ("completed", f"{questions.QUOTE} [1]", False)
        content: Any = made.output[0].content[0]
        (cited,) = content.annotations
        assert quoted(content.text, cited.start_index, cited.end_index) == questions.QUOTE
        assert made.usage
        assert made.usage.total_tokens == 0

    def test_messages_may_be_given_as_items(self, client: Any) -> None:
        items: Any = [
            {"role": "user", "content": questions.ANSWERED},
            {"role": "assistant", "content": [{"type": "output_text", "text": f"{questions.QUOTE} [1]"}]},
            {"type": "reasoning", "summary": []},
            {"role": "user", "content": [{"type": "input_text", "text": questions.FOLLOW_UP}]},
        ]
        made: Any = client.responses.create(model="citewell", input=items, store=False)
        assert made.citewell["stand_alone_question"] == questions.STAND_ALONE

    def test_what_was_stored_is_gone_on_with(self, client: Any, scripted: ScriptedCitewell) -> None:
        first = client.responses.create(model="citewell", input=questions.ANSWERED)
        second: Any = client.responses.create(
            model="citewell", input=questions.FOLLOW_UP, previous_response_id=first.id
        )
        assert second.citewell["stand_alone_question"] == questions.STAND_ALONE
        assert (second.previous_response_id, second.citewell["turn"]) == (first.id, 2)
        assert len(scripted.kept.talks[second.citewell["conversation_id"]].turns) == 2

    def test_going_on_from_an_earlier_response_begins_another_conversation(self, client: Any) -> None:
        first = client.responses.create(model="citewell", input=questions.ANSWERED)
        client.responses.create(model="citewell", input=questions.UNKNOWN, previous_response_id=first.id)
        branch: Any = client.responses.create(
            model="citewell", input=questions.FOLLOW_UP, previous_response_id=first.id
        )
        assert branch.citewell["stand_alone_question"] == questions.STAND_ALONE
        assert branch.citewell["turn"] == 1
        assert branch.citewell["conversation_id"] not in first.id

    @pytest.mark.parametrize("previous", ["resp_none", "resp_" + "A" * 22 + ".1", "resp_x.99999"])
    def test_a_response_that_was_not_stored(self, client: Any, previous: str) -> None:
        with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
            client.responses.create(model="citewell", input=questions.FOLLOW_UP, previous_response_id=previous)

    def test_the_events_make_up_the_response(self, client: Any) -> None:
        whole = client.responses.create(model="citewell", input=questions.TWO_QUOTES, store=False)
        events = list(client.responses.create(model="citewell", input=questions.TWO_QUOTES, store=False, stream=True))
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert [event.type for event in events] == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
        assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text
        assert events[-1].type == "response.completed"
        assert events[-1].response.output == whole.output

    def test_the_helper_of_the_client_reads_the_stream(self, client: Any) -> None:
        with client.responses.stream(model="citewell", input=questions.TWO_QUOTES, store=False) as stream:
            final = stream.get_final_response()
        assert final.output_text.endswith("[2]")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"n": 2}, "unsupported_value", "n"),
        ({"response_format": {"type": "json_object"}}, "unsupported_value", "response_format"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, "invalid_value", "messages"),
        ({"messages": []}, "invalid_request", "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "invalid_question", None),
        ({"messages": [{"role": "user", "content": "why " * 1_000}]}, "invalid_question", None),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            "unsupported_content",
            "messages",
        ),
    ],
)
def test_what_cannot_be_asked_is_a_bad_request(
    client: Any, change: dict[str, Any], code: str, param: str | None
) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(**OTHER | change)
    assert (error.value.code, error.value.param, error.value.type) == (code, param, "invalid_request_error")


def test_a_form_of_text_and_a_conversation_cannot_be_chosen(client: Any) -> None:
    for more in ({"text": {"format": {"type": "json_object"}}}, {"conversation": "conv_1"}):
        with pytest.raises(openai.BadRequestError):
            client.responses.create(model="citewell", input=questions.ANSWERED, **more)


def test_what_there_is_not_is_not_found_in_the_same_shape(client: Any) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        client.embeddings.create(model="citewell", input="x")
    assert error.value.code == "not_found"


def test_a_client_without_waiting_works_too(client: Any) -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="any", max_retries=0) as waiting:
            completions: Any = waiting.chat.completions
            stream = await completions.create(**OTHER, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(ask()) == f"{questions.QUOTE} [1]"
