"""A batch among other requests, over a real server: what it holds, what it leaves to others, how it ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve_app.batch.decide import ROWS_UNDER_WAY
from serve_app.limits import Limits
from tests.loanbook import application
from tests.serve_app.contract.cases import head, post
from tests.serve_app.live import PATIENCE_S, Heard, ask, connected, hear, live_server
from tests.serve_app.many.rows import applications, as_lines
from tests.serve_app.test_overload import Busy, busy_service, require_told_to_wait, until
from tests.service import TOKEN, Nodes, Service, open_service

PATH = "/v1/score/batch"
LINES = "application/x-ndjson"
N_ROWS = 150


def batch(many: bytes, *lines: str, tenant: str = "ann") -> bytes:
    return post(tenant, many, *lines, path=PATH, content_type=LINES)


def told(heard: Heard) -> list[dict[str, object]]:
    return [json.loads(line) for line in heard.body.splitlines()]


@pytest.fixture
def many() -> bytes:
    return as_lines(applications(N_ROWS))


@pytest.fixture
def narrow(nodes: Nodes, tmp_path: Path) -> Iterator[Busy]:
    """One request at a time is decided."""
    limits = Limits(1, 8, body_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    with busy_service(nodes, tmp_path, limits) as opened:
        yield opened


def test_a_batch_takes_one_slot_and_has_a_bounded_number_of_rows_under_way(
    narrow: Busy, many: bytes
) -> None:
    with connected(narrow.url) as asking:
        asking.sendall(batch(many))
        narrow.writer.wait_for(ROWS_UNDER_WAY)
        alone = narrow.send(0)
        narrow.wait_for(in_flight=1, waiting=1)
        until(lambda: len(narrow.tenants_recorded()) == ROWS_UNDER_WAY, "as many records")

        narrow.writer.let_all_go()

        heard = hear(asking)
    assert heard.status == hear(alone).status == 200
    assert len(heard.document["answers"]) == N_ROWS


@pytest.mark.parametrize("accept", ["application/json", LINES])
def test_a_client_that_hangs_up_stops_its_batch_and_what_was_recorded_stays(
    narrow: Busy, many: bytes, accept: str
) -> None:
    request = batch(many, f"Accept: {accept}", "Idempotency-Key: k")
    with connected(narrow.url) as asking:
        asking.sendall(request)
        narrow.writer.wait_for(ROWS_UNDER_WAY)

    narrow.wait_for(in_flight=0, waiting=0, hung_up_total=1)
    until(lambda: len(narrow.tenants_recorded()) == ROWS_UNDER_WAY, "as many records")
    narrow.writer.let_all_go()
    again = ask(narrow.url, request)

    assert again.status == 200
    assert len(narrow.tenants_recorded()) == N_ROWS


def test_a_client_that_leaves_in_the_middle_of_its_answer_stops_the_rest(
    narrow: Busy, many: bytes
) -> None:
    with connected(narrow.url) as asking:
        asking.sendall(batch(many, f"Accept: {LINES}"))
        narrow.writer.wait_for(ROWS_UNDER_WAY)
        narrow.writer.let_go()
        _read_until(asking, b'"application_id":"A-0"')

    narrow.wait_for(in_flight=0, waiting=0, hung_up_total=1)
    until(lambda: len(narrow.tenants_recorded()) >= ROWS_UNDER_WAY, "what was under way")
    assert len(narrow.tenants_recorded()) < N_ROWS


def _read_until(connection: socket.socket, expected: bytes) -> None:
    heard = b""
    while expected not in heard:
        more = connection.recv(2**16)
        assert more, "the connection ended"
        heard = heard[-100:] + more


def test_others_are_answered_while_a_long_batch_is_decided(nodes: Nodes, tmp_path: Path) -> None:
    """Seen in the order of the records: single decisions stand among those of the batch."""
    many = as_lines(applications(600))
    with open_service(nodes, tmp_path) as service, live_server(service.app) as url:
        with connected(url) as asking:
            asking.sendall(batch(many, f"Accept: {LINES}", tenant=TOKEN))
            _read_until(asking, b'"application_id":"A-0"')
            for i in range(5):
                body = json.dumps(application(application_id=f"alone-{i}")).encode()
                assert ask(url, post(TOKEN, body)).status == 200
            _read_until(asking, b"\r\n0\r\n\r\n")
        routes = [record.route for record in service.reader.after()]
    last_alone = len(routes) - routes[::-1].index("/v1/score")
    assert routes.count("/v1/score") == 5
    assert routes.count(PATH) == 600
    assert PATH in routes[last_alone:]


def test_rows_that_take_too_long_are_told_so(nodes: Nodes, tmp_path: Path, many: bytes) -> None:
    limits = Limits(4, 8, body_timeout_s=0.5, answer_timeout_s=0.5)
    with busy_service(nodes, tmp_path, limits) as busy:
        whole = ask(busy.url, batch(many))
        with connected(busy.url) as asking:
            asking.sendall(batch(many, f"Accept: {LINES}"))
            busy.writer.wait_for(2 * ROWS_UNDER_WAY)
            for _ in range(ROWS_UNDER_WAY + 1):
                busy.writer.let_go()
            lines = told(hear(asking))
        busy.wait_for(in_flight=0, waiting=0)

    assert whole.status == 503
    assert whole.document["type"].endswith(":unavailable")
    assert "not all rows were decided within 0.5 s" in whole.document["detail"]
    assert lines[0]["application_id"] == "A-0"
    assert lines[-1].keys() == {"problem"}
    assert lines[-1]["problem"]["status"] == 503  # type: ignore[index]


def test_a_deadline_of_the_client_ends_a_batch(nodes: Nodes, tmp_path: Path, many: bytes) -> None:
    limits = Limits(4, 8, body_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    with busy_service(nodes, tmp_path, limits) as busy:
        whole = ask(busy.url, batch(many, "X-Request-Timeout-Ms: 300"))
        busy.wait_for(in_flight=0, waiting=0, deadline_passed_total=1)

    assert whole.status == 504
    assert "It may have been decided" in whole.document["detail"]


def test_a_store_that_fails_in_the_middle_ends_the_lines_with_a_problem(
    nodes: Nodes, tmp_path: Path, many: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_service(nodes, tmp_path) as service, live_server(service.app) as url:
        append, n = service.writer.append_async, 0

        def failing(record: object) -> object:
            nonlocal n
            n += 1
            if n == 100:
                service.writer.close()
            return append(record)  # type: ignore[arg-type]

        monkeypatch.setattr(service.writer, "append_async", failing)
        lines = told(ask(url, batch(many, f"Accept: {LINES}", tenant=TOKEN)))

    assert len(lines) == 100
    assert all("decision_id" in line for line in lines[:99])
    assert lines[99]["problem"]["type"].endswith(":record-store")  # type: ignore[index]


def test_few_large_bodies_are_held_at_a_time(nodes: Nodes, tmp_path: Path) -> None:
    limits = Limits(
        8, 8, body_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S, max_large_bodies=1
    )
    large = batch(as_lines(applications(300)))
    assert len(large) > 65_536 + 10_000
    with busy_service(nodes, tmp_path, limits) as busy, connected(busy.url) as first:
        busy.writer.let_all_go()
        first.sendall(large[:-100])
        busy.wait_for(waiting=1)
        while busy_answers_large(busy, large):  # until all of what was sent has been read
            pass

        require_told_to_wait(ask(busy.url, large), "1 large bodies are being worked on already")
        assert ask(busy.url, batch(as_lines(applications(3)))).status == 200

        first.sendall(large[-100:])
        assert len(hear(first).document["answers"]) == 300
        assert ask(busy.url, large).status == 200


def busy_answers_large(busy: Busy, large: bytes) -> bool:
    return ask(busy.url, large).status == 200


def test_a_body_has_time_for_each_mebibyte(nodes: Nodes, tmp_path: Path, many: bytes) -> None:
    limits = Limits(8, 8, body_timeout_s=0.5, answer_timeout_s=PATIENCE_S)
    with (
        open_service(nodes, tmp_path, limits) as service,
        live_server(service.app) as url,
        connected(url) as asking,
    ):
        asking.sendall(batch(many, tenant=TOKEN)[:-1])
        heard = hear(asking)

    assert heard.status == 408
    assert "expected a MiB within 0.5 s" in heard.document["detail"]
    assert service_is_empty(service)


def service_is_empty(service: Service) -> bool:
    return service.reader.after() == []


def test_health_is_answered_beside_a_batch(narrow: Busy, many: bytes) -> None:
    with connected(narrow.url) as asking:
        asking.sendall(batch(many))
        narrow.writer.wait_for(ROWS_UNDER_WAY)
        for path in ("/health", "/v2/health/live", "/v2/health/ready", "/model-info"):
            assert ask(narrow.url, head("GET", path, "ann")).status == 200
        narrow.writer.let_all_go()
        assert hear(asking).status == 200
