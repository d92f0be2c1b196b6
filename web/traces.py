"""Traces for OpenTelemetry: how long requests took, and the stages of answers, sent to a collector of the site.

They are off unless the settings name a collector. What people ask, who they are and which documents they read is in
none of them: of what FastAPI puts into a span only what `_KEPT` names is sent, and nothing of what an error says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry.trace import Status, Tracer, get_current_span

from rag.errors import InvalidSetting
from rag.records import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

# No address with what follows it, no path with its names of documents, no host.
_KEPT = frozenset(
    {
        *("http.request.method", "http.route", "http.response.status_code", "error.type"),
        *("network.protocol.version", "citewell.outcome"),
    }
)
# For one batch of spans, tries again included: the server waits for the last one when it is told to stop.
_PATIENCE_SECONDS = 2.0
_NANOSECONDS_OF_A_MILLISECOND = 1_000_000
_TOTAL = "total"


def tracer_provider(collector: str) -> TracerProvider | None:
    """What makes spans and sends them to the collector at this address; None where there is none.

    To be shut down by the caller. Raises InvalidSetting when the address is none, or the extra is not installed.
    """
    if not collector:
        return None
    address = urlsplit(collector)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InvalidSetting(
            f"CITEWELL_TRACES_URL is {collector!r}: expected the address of a collector that takes OTLP over HTTP, as "
            f"in http://127.0.0.1:4318/v1/traces."
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InvalidSetting(
            'CITEWELL_TRACES_URL is set, and what sends traces is not installed: pip install "citewell[traces]".'
        ) from error
    resource = Resource.create({"service.name": "citewell", "service.version": version("citewell")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(_without_words(OTLPSpanExporter(endpoint=collector, timeout=_PATIENCE_SECONDS)))
    )
    return provider


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """What FastAPI is to do of itself: spans of requests if there is a provider, and nothing that an environment says.

    Left alone it sends figures, errors and addresses with their questions wherever some variables point.
    """
    return {
        "tracer_provider": provider,
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }


def stages_told_to(tracer: Tracer) -> Callable[[Answer], None]:
    """What puts the stages of an answer under the span of its request, as if each had begun when the last one ended."""

    def tell(answer: Answer) -> None:
        get_current_span().set_attribute("citewell.outcome", (answer.reason or answer.status).value)
        stages = {name: ms for name, ms in answer.timings_ms.items() if name != _TOTAL}
        at = time.time_ns() - round(sum(stages.values()) * _NANOSECONDS_OF_A_MILLISECOND)
        for name, milliseconds in stages.items():
            span = tracer.start_span(name, start_time=at)
            at += round(milliseconds * _NANOSECONDS_OF_A_MILLISECOND)
            span.end(end_time=at)

    return tell


def _without_words(exporter: SpanExporter) -> SpanExporter:
    """The exporter, which is given of each span only what may be sent."""
    from opentelemetry.sdk.trace.export import SpanExporter

    class OnlyKept(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return exporter.export([_kept_of(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return OnlyKept()


def _kept_of(span: ReadableSpan) -> ReadableSpan:
    """A span without what may not be sent: other attributes, events, links and descriptions of errors."""
    from opentelemetry.sdk.trace import ReadableSpan

    return ReadableSpan(
        span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in _KEPT},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
