"""More requests than a replica can decide, over a real server: nothing moves until the test lets it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, NewRecord, Receipt, RecordReader, RecordWriter
from serve_app.auth import TokenGuard, Unauthorized
from serve_app.gateway import Gateway
from serve_app.limits import Limits
from serve_app.routes import build_http_app
from tests.loanbook import application
from tests.serve_app.contract.cases import head, post
from tests.serve_app.live import PATIENCE_S, Heard, ask, connected, hear, live_server
from tests.service import Nodes, StandInMonitor


class HeldWriter:
    """A record writer that records at once and says so when it is let."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._held: list[tuple[asyncio.Future[Receipt], asyncio.Future[Receipt]]] = []
        self._lets_all_go = False
        self._changed = threading.Condition()

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        inner, outer = self._writer.append_async(record), asyncio.Future[Receipt]()
        with self._changed:
            if self._lets_all_go:
                return inner
            self._held.append((inner, outer))
            self._changed.notify_all()
        return outer

    def probe(self) -> None:
        self._writer.probe()

    def wait_for(self, n: int) -> None:
        """Wait until so many decisions are held."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._held) >= n, PATIENCE_S)

    def let_go(self) -> None:
        """Acknowledge the decision that waits longest."""
        with self._changed:
            inner, outer = self._held.pop(0)

        def pass_on(done: asyncio.Future[Receipt]) -> None:
            if not outer.cancelled():
                outer.set_result(done.result())

        outer.get_loop().call_soon_threadsafe(inner.add_done_callback, pass_on)

    def let_all_go(self) -> None:
        """Hold nothing any more."""
        with self._changed:
            self._lets_all_go = True
        while self._held:
            self.let_go()


class TwoTenants(TokenGuard):
    """Each tenant's token is its name."""

    def __init__(self) -> None:
        super().__init__(None)

    def tenant(self, authorization: bytes | None) -> str:
        name = (authorization or b"").decode().removeprefix("Bearer ")
        if name not in ("ann", "bob"):
            raise Unauthorized
        return name


@dataclass
class Busy:
    """A service whose decisions are held."""

    url: str
    writer: HeldWriter
    records: Path
    keys: LocalKeyFile
    _stack: ExitStack = field(default_factory=ExitStack)

    def send(self, number: int, *, tenant: str = "ann") -> socket.socket:
        """Ask for a decision, and do not wait for it."""
        connection = self._stack.enter_context(connected(self.url))
        connection.sendall(request(number, tenant))
        return connection

    def figures(self) -> dict[str, int]:
        """What the metrics say of the door."""
        text = ask(self.url, head("GET", "/metrics", "ann")).body.decode()
        found = re.findall(r"^credit_requests_(\w+)\{replica=\"\w+\"\} (\d+)$", text, re.MULTILINE)
        return {name: int(value) for name, value in found}

    def wait_for(self, **figures: int) -> None:
        """Wait until the metrics say so."""
        until(lambda: self.figures() | figures == self.figures(), f"{figures}")

    def tenants_recorded(self) -> list[str]:
        with RecordReader(self.records, self.keys) as reader:
            return [record.tenant for record in reader.after()]


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.002)


def request(number: int, tenant: str = "ann") -> bytes:
    body = json.dumps(application(application_id=f"A-{number}")).encode()
    return post(tenant, body, f"Idempotency-Key: key-{number}")


@contextmanager
def busy_service(nodes: Nodes, home: Path, limits: Limits) -> Iterator[Busy]:
    records, keys = home / "records.db", LocalKeyFile(home / "keys.json")
    with (
        RecordWriter(records, keys) as real,
        RecordReader(records, keys) as reader,
        ExitStack() as stack,
    ):
        writer = HeldWriter(real)
        gateway = Gateway(nodes.rollout, nodes.shelf, nodes.scoring, writer, reader)
        app = build_http_app(gateway, TwoTenants(), StandInMonitor(), limits)
        with live_server(app) as url, stack:
            yield Busy(url, writer, records, keys, stack)
            writer.let_all_go()


@pytest.fixture
def busy(nodes: Nodes, tmp_path: Path) -> Iterator[Busy]:
    """Two decisions at a time, four places in front of them."""
    limits = Limits(2, 4, body_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    with busy_service(nodes, tmp_path, limits) as opened:
        yield opened


@pytest.fixture
def narrow(nodes: Nodes, tmp_path: Path) -> Iterator[Busy]:
    """One decision at a time."""
    limits = Limits(1, 8, body_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    with busy_service(nodes, tmp_path, limits) as opened:
        yield opened


def require_told_to_wait(heard: Heard, detail: str) -> None:
    assert heard.status == 503
    assert heard.headers["content-type"] == "application/problem+json"
    assert int(heard.headers["retry-after"]) >= 1
    assert heard.document["type"] == "urn:credit-cluster:problem:overloaded"
    assert detail in heard.document["detail"]


def test_the_excess_is_refused_at_once_and_the_rest_is_answered(busy: Busy) -> None:
    """Refused while nothing moves at all, and before a byte of the body is there."""
    accepted = [busy.send(number) for number in range(2)]
    busy.writer.wait_for(2)
    accepted += [busy.send(number) for number in (2, 3)]
    busy.wait_for(in_flight=2, waiting=2)

    whole = ask(busy.url, request(4))
    only_its_head = ask(busy.url, request(5).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")

    for heard in (whole, only_its_head):
        require_told_to_wait(heard, "2 requests wait already; nothing was decided")
    assert busy.figures() == {
        "in_flight": 2,
        "waiting": 2,
        "refused_total": 2,
        "late_total": 0,
        "unavailable_total": 0,
        "hung_up_total": 0,
        "deadline_passed_total": 0,
    }
    for _ in range(4):
        busy.writer.wait_for(1)
        busy.writer.let_go()
    assert [hear(connection).status for connection in accepted] == [200] * 4
    busy.wait_for(in_flight=0, waiting=0)
    assert len(busy.tenants_recorded()) == 4


def test_health_and_metrics_are_never_refused(busy: Busy) -> None:
    kept = [busy.send(number) for number in range(4)]
    busy.wait_for(in_flight=2, waiting=2)

    for path in ("/healthz", "/readyz", "/metrics", "/v1/model", "/v1/drift", "/docs"):
        assert ask(busy.url, head("GET", path, "ann")).status == 200, path
    require_told_to_wait(ask(busy.url, head("GET", "/v1/decisions/x", "ann")), "2 requests wait")
    assert len(kept) == 4


def test_one_who_floods_does_not_keep_another_waiting(narrow: Busy) -> None:
    """Ann stands in line five times before Bob comes once: he is next but one."""
    kept = [narrow.send(0)]
    narrow.writer.wait_for(1)
    for number in range(1, 5):
        kept.append(narrow.send(number))
        narrow.wait_for(waiting=number)
    require_told_to_wait(ask(narrow.url, request(9)), "4 requests wait already")
    kept.append(narrow.send(5, tenant="bob"))
    narrow.wait_for(waiting=5)

    for _ in range(6):
        narrow.writer.wait_for(1)
        narrow.writer.let_go()

    assert [hear(connection).status for connection in kept] == [200] * 6
    assert narrow.tenants_recorded() == ["ann", "ann", "bob", "ann", "ann", "ann"]


def test_who_hangs_up_in_line_leaves_the_place_and_is_not_decided(narrow: Busy) -> None:
    first = narrow.send(0)
    narrow.writer.wait_for(1)
    second = narrow.send(1)
    narrow.wait_for(waiting=1)

    second.close()
    narrow.wait_for(waiting=0, in_flight=1, hung_up_total=1)
    narrow.writer.let_go()

    assert hear(first).status == 200
    assert len(narrow.tenants_recorded()) == 1


def test_a_decision_whose_client_hung_up_stays_and_is_told_again(narrow: Busy) -> None:
    gone = narrow.send(0)
    narrow.writer.wait_for(1)
    gone.close()
    narrow.writer.let_go()
    narrow.wait_for(in_flight=0)

    again = narrow.send(0)
    narrow.writer.wait_for(1)
    narrow.writer.let_go()
    heard = hear(again)

    assert heard.status == 200
    assert heard.headers["idempotent-replayed"] == "true"
    assert len(narrow.tenants_recorded()) == 1


def test_who_waits_too_long_is_not_scored_and_a_stuck_store_holds_nobody(
    nodes: Nodes, tmp_path: Path
) -> None:
    limits = Limits(1, 8, body_timeout_s=PATIENCE_S, answer_timeout_s=0.5)
    with busy_service(nodes, tmp_path, limits) as busy:
        head_of_first, body_of_first = request(0)[:-9], request(0)[-9:]
        with connected(busy.url) as first:  # it came first, so its time ends first
            first.sendall(head_of_first)
            busy.wait_for(waiting=1)
            second = busy.send(1)
            busy.writer.wait_for(1)
            first.sendall(body_of_first)
            late, stuck = hear(first), hear(second)

        assert stuck.status == 503
        assert stuck.document["type"] == "urn:credit-cluster:problem:unavailable"
        assert (
            "send the application again with the same Idempotency-Key" in stuck.document["detail"]
        )
        require_told_to_wait(late, "waited for 0.5 s without a turn; nothing was decided")
        assert busy.figures() | {"in_flight": 0, "waiting": 0, "late_total": 1} == busy.figures()
        busy.writer.let_go()
        again = busy.send(1)
        busy.writer.wait_for(1)
        busy.writer.let_go()
        assert hear(again).headers["idempotent-replayed"] == "true"
        assert len(busy.tenants_recorded()) == 1
