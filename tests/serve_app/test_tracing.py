"""Spans of a request: continued from the client's, one for each stage, without a word about a person."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from pydantic import ValidationError
from starlette.testclient import TestClient

from credit.errors import SettingsInvalid
from credit.settings import Settings
from serve_app.auth import TokenGuard
from serve_app.routes import build_http_app
from serve_app.stages import Decided
from serve_app.tracing import Tracing, tracing_of
from tests.loanbook import application
from tests.service import Service, StandInMonitor

STAGES = ["validate", "transform", "model", "explainer", "decide", "answer", "record"]
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
"""Of the examples of the specification, section 3.2."""


class Traced:
    """A service whose spans are kept in memory."""

    def __init__(self, service: Service, provider: TracerProvider) -> None:
        self.kept = InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(self.kept))
        app = build_http_app(
            service.gateway, TokenGuard(None), StandInMonitor(), tracing=Tracing(provider)
        )
        self.client = TestClient(app)

    def spans(self) -> Sequence[ReadableSpan]:
        return self.kept.get_finished_spans()

    def root(self) -> ReadableSpan:
        [root] = [span for span in self.spans() if span.name not in STAGES]
        return root


@pytest.fixture
def traced(service: Service) -> Traced:
    return Traced(service, TracerProvider())


def test_a_decision_has_a_span_for_each_stage_inside_that_of_its_request(traced: Traced) -> None:
    traced.client.post("/v1/score", json=application())

    root = traced.root()
    stages = [span for span in traced.spans() if span is not root]
    assert [span.name for span in stages] == STAGES
    assert root.name == "POST /v1/score"
    assert root.context is not None
    assert root.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/score",
        "http.response.status_code": 200,
    }
    for span in stages:
        assert span.parent is not None
        assert span.parent.span_id == root.context.span_id
        assert span.start_time is not None
        assert span.end_time is not None
        assert root.start_time is not None
        assert root.end_time is not None
        # Stages are kept in microseconds, rounded down; clocks differ by as much as reading them takes.
        slack = 100_000
        assert root.start_time - slack <= span.start_time <= span.end_time
        assert span.end_time <= root.end_time + slack


def test_the_span_continues_that_of_the_client(traced: Traced) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "congo=t61rcWkgMzE,rojo=1"}

    traced.client.post("/v1/score", json=application(), headers=headers)

    root = traced.root()
    assert root.context is not None
    assert root.parent is not None
    assert f"{root.context.trace_id:032x}" == TRACE
    assert f"{root.parent.span_id:016x}" == SPAN
    assert root.parent.is_remote
    assert dict(root.context.trace_state) == {"congo": "t61rcWkgMzE", "rojo": "1"}


@pytest.mark.parametrize(
    "given",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
        "\xff",
        "x" * 600,
        "",
    ],
)
def test_a_context_that_is_not_valid_is_as_good_as_none(traced: Traced, given: str) -> None:
    headers = [(b"traceparent", given.encode("latin-1")), (b"tracestate", b"congo=1")]

    response = traced.client.post("/v1/score", json=application(), headers=headers)

    root = traced.root()
    assert response.status_code == 200
    assert root.parent is None
    assert root.context is not None
    assert not root.context.trace_state
    assert f"{root.context.trace_id:032x}" != TRACE


def test_a_version_of_the_future_is_read_as_far_as_it_is_known(traced: Traced) -> None:
    """Section 4.3 of the specification: versioning of traceparent."""
    headers = {"traceparent": f"cc-{TRACE}-{SPAN}-01-what-comes"}

    traced.client.get("/healthz", headers=headers)

    parent = traced.root().parent
    assert parent is not None
    assert f"{parent.trace_id:032x}" == TRACE


@pytest.mark.parametrize(("flags", "n"), [("00", 0), ("01", 8)])
def test_whether_it_is_kept_is_for_the_first_to_say(service: Service, flags: str, n: int) -> None:
    traced = Traced(service, TracerProvider(sampler=ParentBased(ALWAYS_OFF)))

    headers = {"traceparent": f"00-{TRACE}-{SPAN}-{flags}"}
    traced.client.post("/v1/score", json=application(), headers=headers)

    assert len(traced.spans()) == n


def test_a_refusal_has_its_span_and_no_stages(traced: Traced) -> None:
    traced.client.post("/v1/score", json={})
    traced.client.get("/nowhere/4711")

    refused, unknown = traced.spans()
    assert refused.attributes is not None
    assert refused.attributes["http.response.status_code"] == 422
    assert unknown.name == "GET none"
    assert unknown.attributes is not None
    assert "4711" not in str(dict(unknown.attributes))


def test_no_attribute_tells_of_a_person(traced: Traced) -> None:
    row = application(
        application_id="A-Mustermann", applicant_id="P-Erika", monthly_income=7_654_321.25
    )
    headers = {"X-Request-Id": "call-of-Erika", "Idempotency-Key": "key-of-Erika"}

    told = traced.client.post("/v1/score", json=row, headers=headers).json()

    text = "".join(span.to_json() for span in traced.spans())
    assert told["bundle"] in text  # the control: attributes are in the text
    for value in ("Mustermann", "Erika", "7654321", told["decision_id"]):
        assert value not in text


def test_without_tracing_nothing_of_a_decision_is_kept(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*values: object) -> None:
        raise AssertionError("stages were kept for nobody")

    monkeypatch.setattr("serve_app.gateway.Decided", fail)

    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    response = service.client.post("/v1/score", json=application(), headers=headers)

    assert response.status_code == 200


LATENCY_US = {"validate": 5, "transform": 10, "model": 20, "explainer": 50, "decide": 7}


@pytest.mark.parametrize(
    ("is_side_by_side", "starts"),
    [(False, [0, 5, 15, 35, 85, 92, 120]), (True, [0, 5, 15, 15, 65, 72, 120])],
)
def test_stages_follow_one_another_as_they_did(is_side_by_side: bool, starts: list[int]) -> None:
    latency_us = {**LATENCY_US, "answer": 120}
    decided = Decided("champion", "b", 1, False, 0, 200_000, latency_us, is_side_by_side)

    stages = decided.stages()

    assert [stage.name for stage in stages] == STAGES
    assert [stage.start_ns // 1000 for stage in stages] == starts
    assert stages[-1].end_ns == 200_000
    for stage in stages[:5]:
        assert stage.end_ns - stage.start_ns == LATENCY_US[stage.name] * 1000


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter sends."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_reach_the_place_that_the_settings_name(
    service: Service, collector: ThreadingHTTPServer, tmp_path: Path
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    tracing = tracing_of(Settings(home=tmp_path, otlp_endpoint=endpoint))
    assert tracing is not None
    app = build_http_app(service.gateway, TokenGuard(None), StandInMonitor(), tracing=tracing)

    TestClient(app).post("/v1/score", json=application())
    tracing.close()

    [(path, body)] = collector.got  # type: ignore[attr-defined]
    assert path == "/v1/traces"
    assert re.search(rb"POST /v1/score", body)
    assert all(stage.encode() in body for stage in STAGES)


def test_it_is_off_unless_a_place_is_named(tmp_path: Path) -> None:
    assert tracing_of(Settings(home=tmp_path)) is None
    with pytest.raises(ValidationError, match="otlp_endpoint"):
        Settings(home=tmp_path, otlp_endpoint=secrets.token_hex(4))


def test_a_place_without_the_exporter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(SettingsInvalid, match="install the extra `tracing`, or unset it"):
        tracing_of(Settings(home=tmp_path, otlp_endpoint="http://127.0.0.1:1/v1/traces"))
