"""Spans of requests for OpenTelemetry, continued from the W3C trace context of whoever asks.

A request is measured anyway. Its spans are made of that after it was answered, one for each stage of a decision
with explicit times: while nobody wants spans nothing is done for them, and when somebody does, no answer waits.
Attributes name route, status, arm, bundle and generation, never an applicant or a request.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from credit.errors import SettingsInvalid
from credit.settings import Settings
from serve_app.requests import Request
from serve_app.stages import Decided, decided_here

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer, TracerProvider

CLIENT_GONE = 499
"""Status of a request whose client left; never sent."""

SERVICE_NAME = "credit-cluster"


class Trace:
    """What becomes known of one request while it is answered."""

    status: int = CLIENT_GONE


class Tracing:
    """Makes the spans of requests.

    Parameters
    ----------
    provider
        Where the spans go, and who decides which are kept.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("serve_app")

    @contextmanager
    def traced(self, request: Request) -> Iterator[Trace]:
        """Trace one request, from here to the end of the block."""
        decided: list[Decided] = []
        token = decided_here.set(decided)
        began, trace = time.perf_counter_ns(), Trace()
        try:
            yield trace
        finally:
            decided_here.reset(token)
            self._make_spans(request, trace, began, time.perf_counter_ns(), decided)

    def close(self) -> None:
        """Send what is left, where the provider keeps any."""
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            shutdown()

    def _make_spans(
        self, request: Request, trace: Trace, began: int, ended: int, decided: list[Decided]
    ) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        # The clock that measures never runs backwards, and knows no date.
        date = time.time_ns() - time.perf_counter_ns()
        route = request.route or "none"
        span = self._tracer.start_span(
            f"{request.method} {route}",
            context=parent_of(request.headers),
            kind=SpanKind.SERVER,
            start_time=date + began,
            attributes={
                "http.request.method": request.method,
                "http.route": route,
                "http.response.status_code": trace.status,
            },
        )
        if span.is_recording():
            inside = set_span_in_context(span)
            for decision in decided:
                self._make_stages(decision, inside, date)
            if trace.status >= 500:  # noqa: PLR2004
                span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=date + ended)

    def _make_stages(self, decision: Decided, inside: Context, date: int) -> None:
        attributes: dict[str, str | int | bool] = {
            "credit.arm": decision.arm,
            "credit.bundle": decision.bundle,
            "credit.generation": decision.generation,
            "credit.replayed": decision.is_replayed,
        }
        for stage in decision.stages():
            span = self._tracer.start_span(
                stage.name, context=inside, start_time=date + stage.start_ns, attributes=attributes
            )
            span.end(end_time=date + stage.end_ns)


def parent_of(headers: dict[bytes, bytes]) -> Context:
    """Context that a request continues: an empty one without a valid ``traceparent``.

    As the specification says (W3C Trace Context, section 2.2 and 3.3), a header that is not valid is as
    good as none, and without ``traceparent`` there is no ``tracestate``.
    """
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    names = (b"traceparent", b"tracestate")
    carrier = {
        name.decode("ascii"): headers[name].decode("latin-1") for name in names if name in headers
    }
    return TraceContextTextMapPropagator().extract(carrier)


def tracing_of(settings: Settings) -> Tracing | None:
    """Send spans where the settings say; None when they name no place.

    Raises
    ------
    SettingsInvalid
        When the extra that it takes is not installed.
    """
    if settings.otlp_endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsInvalid(
            "CREDIT_OTLP_ENDPOINT is set and no exporter is installed: install the extra `tracing`, or unset it"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
    exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)
