"""What is sent to a collector of traces: times and outcomes, and no word of anybody. Nothing where none is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from rag.app import Citewell
from rag.errors import InvalidSetting
from tests.support.processes import run_python
from tests.support.receivers import Receiver, receiving
from tests.support.servers import client_of
from web.app import create_app
from web.settings import WebSettings

WORDS = "When did the harbour of Vierhaven open?"


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiving(*[200] * 20) as receiver:
        yield receiver


def sent_to(collector: Receiver) -> bytes:
    """All that was sent by now, in as many requests as it took."""
    sent = b""
    while not collector.came.empty():
        came = collector.next()
        assert came.path == "/v1/traces"
        sent += came.body
    return sent


def attributes_of(span: Span) -> dict[str, str | int]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def test_requests_and_the_stages_of_answers_are_sent_without_a_word_of_them(
    settings: WebSettings, citewell: Citewell, collector: Receiver
) -> None:
    address = f"http://127.0.0.1:{collector.port}/v1/traces"
    with client_of(replace(settings, traces_url=address), citewell) as client:
        client.get("/api/v1/search", params={"q": WORDS}).raise_for_status()
        answer = client.post("/api/v1/ask", json={"question": WORDS}).json()
        assert client.get("/api/v1/documents/nosuchthing").status_code == 404
    sent = sent_to(collector)
    for word in (b"harbour", b"Vierhaven", b"nosuchthing", b"localhost", b"url."):
        assert word not in sent
    # One message after another is one message with what all of them repeat.
    resources = ExportTraceServiceRequest.FromString(sent).resource_spans
    spans = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    requests = {span.name: span for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    assert sorted(requests) == [
        "GET /api/v1/documents/{id}",
        "GET /api/v1/search",
        "POST /api/v1/ask",
    ]
    asked = requests["POST /api/v1/ask"]
    assert attributes_of(asked) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/ask",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "citewell.outcome": answer["status"],
    }
    stages = sorted(
        (span for span in spans if span.kind != Span.SPAN_KIND_SERVER), key=lambda span: span.start_time_unix_nano
    )
    assert [span.name for span in stages] == ["embed", "retrieve", "extract", "read"]
    assert {span.parent_span_id for span in stages} == {asked.span_id}
    assert [span.end_time_unix_nano for span in stages[:-1]] == [span.start_time_unix_nano for span in stages[1:]]


def test_what_the_framework_would_send_by_itself_is_not_sent(settings: WebSettings, collector: Receiver) -> None:
    code = """
import os, sys
os.environ |= {"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": sys.argv[2]}
from pathlib import Path
from fastapi.testclient import TestClient
from tests.support.scripted import ScriptedCitewell
from web.app import create_app
from web.settings import WebSettings
settings = WebSettings(data_dir=Path(sys.argv[1]))
with TestClient(create_app(settings, ScriptedCitewell(settings)), base_url="http://localhost") as client:
    print(client.get("/healthz").status_code)
"""
    assert run_python(code, settings.data_dir, f"http://127.0.0.1:{collector.port}") == "200\n"
    assert collector.came.empty()  # what is left to send is sent when a process ends


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector:4317", "http://"])
def test_an_address_that_is_none_of_a_collector_is_refused(settings: WebSettings, address: str) -> None:
    with pytest.raises(InvalidSetting, match="expected the address of a collector that takes OTLP over HTTP"):
        create_app(replace(settings, traces_url=address))


def test_without_the_extra_the_setting_says_what_to_install() -> None:
    code = """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
from web.traces import tracer_provider
from rag.errors import InvalidSetting
try:
    tracer_provider("http://127.0.0.1:4318/v1/traces")
except InvalidSetting as error:
    print(error)
"""
    assert 'pip install "citewell[traces]"' in run_python(code)
