"""The load drivers count what a real server did, and an open loop does not hide a stall."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from cluster.bench.serve.driver import load_driver
from cluster.bench.serve.load import closed_loop, open_loop
from cluster.bench.serve.requests import Requests
from credit.errors import ServiceUnavailable
from tests.bench.serve.conftest import Serve
from tests.bench.serve.servers import plain

REQUESTS = Requests.of(
    [{"age": 41}, {"age": 50}], path="/v1/score", headers={"X-Token": "1%"}, wrap=lambda a: a
)
STALL_S = 0.5


def _nothing_new(number: int) -> bytes:
    return plain()


def test_every_answer_is_counted_and_no_more(serve: Serve) -> None:
    server = serve(_nothing_new)

    load = closed_loop(server.port, REQUESTS, connections=3, seconds=0.3)

    assert load.n_answers == len(server.bodies) > 3
    assert load.n_errors == 0
    assert server.n_connections == 3
    assert 0 < load.p50_ms <= load.p95_ms <= load.p99_ms <= load.max_ms
    assert load.driver_cpu > 0


def test_bodies_are_whole_and_all_different(serve: Serve) -> None:
    server = serve(_nothing_new)

    closed_loop(server.port, REQUESTS, connections=2, seconds=0.2, first=5_000)

    sent = [json.loads(body) for body in server.bodies]
    assert len({row["application_id"] for row in sent}) == len(sent)
    assert {row["applicant_id"][:2] for row in sent} == {"P-"}
    assert {row["age"] for row in sent} == {41, 50}
    assert min(row["application_id"] for row in sent) == "A-0000005000"


def test_any_other_status_is_an_error(serve: Serve) -> None:
    server = serve(lambda number: plain(503) if number % 2 else plain())

    load = closed_loop(server.port, REQUESTS, connections=1, seconds=0.2)

    assert load.n_errors == len(server.bodies) // 2
    assert load.errors == {"503": load.n_errors}
    assert load.n_answers == len(server.bodies) - load.n_errors


def test_a_connection_that_breaks_is_an_error_and_the_load_goes_on(serve: Serve) -> None:
    server = serve(lambda number: b"" if number == 3 else plain())

    load = closed_loop(server.port, REQUESTS, connections=1, seconds=0.2)

    assert load.errors == {"0": 1}
    assert load.n_answers == len(server.bodies) - 1 > 4


def test_an_answer_in_chunks_and_in_pieces_is_read_to_its_end(serve: Serve) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
        + b"3\r\n   \r\n0\r\n\r\n"
    )
    server = serve(lambda number: chunked)

    load = closed_loop(server.port, REQUESTS, connections=1, seconds=0.1)

    assert load.n_answers == len(server.bodies)
    assert load.n_errors == 0


def test_an_answer_without_an_end_is_refused(serve: Serve) -> None:
    server = serve(lambda number: b"HTTP/1.1 200 OK\r\n\r\n{}")

    with pytest.raises(ServiceUnavailable, match="neither Content-Length nor chunks"):
        closed_loop(server.port, REQUESTS, connections=1, seconds=0.1)


def test_a_port_that_nobody_listens_on_is_said() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(ServiceUnavailable, match="is the service still running"):
            closed_loop(bound.getsockname()[1], REQUESTS, connections=1, seconds=0.1)


def test_an_open_loop_sends_what_is_due(serve: Serve) -> None:
    server = serve(_nothing_new)

    load = open_loop(server.port, REQUESTS, per_second=200, connections=8, seconds=0.5)

    assert load.n_answers == len(server.bodies) == 100
    assert load.seconds >= 0.99 * 0.5 * 99 / 100


def _stalling_once(at: int) -> Callable[[int], bytes]:
    """Stand still for everybody, once, as a service does whose loop is blocked."""
    still = threading.Lock()

    def answer(number: int) -> bytes:
        with still:
            if number == at:
                time.sleep(STALL_S)
        return plain()

    return answer


def test_an_open_loop_feels_a_stall_that_a_closed_loop_hides(serve: Serve) -> None:
    """A tenth of all requests was due in the first half of the stall; a closed loop asks one of them."""
    stall_ms = 1000 * STALL_S

    opened = open_loop(
        serve(_stalling_once(40)).port, REQUESTS, per_second=200, connections=4, seconds=1.5
    )
    closed = closed_loop(serve(_stalling_once(40)).port, REQUESTS, connections=1, seconds=1.5)

    assert opened.n_answers == 300
    assert opened.max_ms >= stall_ms
    assert opened.p95_ms > stall_ms / 2
    assert closed.max_ms >= stall_ms
    assert closed.p95_ms < stall_ms / 2


def test_the_driver_runs_elsewhere_and_never_repeats_a_number(serve: Serve) -> None:
    server = serve(_nothing_new)

    with load_driver() as driver:
        first = driver.closed(server.port, REQUESTS, connections=1, seconds=0.1)
        second = driver.open(server.port, REQUESTS, per_second=50, connections=1, seconds=0.2)

    references = [json.loads(body)["application_id"] for body in server.bodies]
    assert len(set(references)) == len(references) == first.n_answers + second.n_answers
