"""``X-Request-Timeout-Ms``: nobody works for a client that has given up, and it learns what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from credit.records import LocalKeyFile, NewRecord, Receipt, RecordReader, RecordWriter
from serve_app.asgi import HttpApp
from serve_app.auth import TokenGuard
from serve_app.deadlines import Deadlines
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.routes import build_http_app
from tests.loanbook import application
from tests.service import Nodes, StandInMonitor


class StuckWriter:
    """Records, and acknowledges nothing."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self.n_submitted = 0

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        self._writer.append_async(record)
        self.n_submitted += 1
        return asyncio.get_running_loop().create_future()

    def probe(self) -> None:
        self._writer.probe()


class Stuck:
    """A service that decides one request at a time, and never gets it acknowledged."""

    def __init__(self, nodes: Nodes, writer: RecordWriter, reader: RecordReader) -> None:
        self.writer = StuckWriter(writer)
        self._gateway = Gateway(nodes.rollout, nodes.shelf, nodes.scoring, self.writer, reader)
        self.reader = reader

    def app(self, limits: Limits = DEFAULT_LIMITS) -> HttpApp:
        return build_http_app(self._gateway, TokenGuard(None), StandInMonitor(), limits)


@pytest.fixture
def stuck(nodes: Nodes, tmp_path: Path) -> Iterator[Stuck]:
    records, keys = tmp_path / "records.db", LocalKeyFile(tmp_path / "keys.json")
    with RecordWriter(records, keys) as writer, RecordReader(records, keys) as reader:
        yield Stuck(nodes, writer, reader)


def client_of(app: HttpApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")


async def ask(client: httpx.AsyncClient, milliseconds: int | None = None) -> httpx.Response:
    headers = {} if milliseconds is None else {"X-Request-Timeout-Ms": str(milliseconds)}
    return await client.post("/v1/score", json=application(), headers=headers)


async def figures(client: httpx.AsyncClient) -> dict[str, int]:
    lines = (await client.get("/metrics")).text.splitlines()
    told = [line for line in lines if line.startswith("credit_requests_")]
    return {
        line.partition("{")[0].removeprefix("credit_requests_"): int(line.rpartition(" ")[2])
        for line in told
    }


def require_late(response: httpx.Response, detail: str) -> None:
    assert response.status_code == 504
    document = response.json()
    assert document["type"] == "urn:credit-cluster:problem:deadline"
    assert detail in document["detail"]
    assert "score" not in document


def test_what_had_begun_may_have_been_decided(stuck: Stuck) -> None:
    async def test() -> None:
        async with client_of(stuck.app()) as client:
            response = await ask(client, 30)
            told = await figures(client)

        require_late(response, "It may have been decided: send the application again with the same")
        assert told["deadline_passed_total"] == 1
        assert told["in_flight"] == told["waiting"] == told["hung_up_total"] == 0

    asyncio.run(test())
    assert stuck.writer.n_submitted == 1


def test_what_has_not_begun_is_not_scored(stuck: Stuck) -> None:
    """One decision at a time, and the first never ends."""

    async def test() -> None:
        limits = Limits(1, 8, body_timeout_s=5.0, answer_timeout_s=30.0)
        async with client_of(stuck.app(limits)) as client:
            first = asyncio.create_task(ask(client))
            while not stuck.writer.n_submitted:
                await asyncio.sleep(0)
            response = await ask(client, 30)
            told = await figures(client)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

        require_late(response, "Nothing was decided: allow more time")
        assert (told["deadline_passed_total"], told["in_flight"], told["waiting"]) == (1, 1, 0)

    asyncio.run(test())
    assert stuck.writer.n_submitted == 1


def test_a_deadline_that_passed_while_the_loop_was_busy_is_seen(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer had no chance to ring between the request's turn and its decision."""

    async def test() -> None:
        app = stuck.app()
        monkeypatch.setattr(
            "serve_app.deadlines.ExactDeadline.is_over", property(lambda deadline: True)
        )
        async with client_of(app) as client:
            require_late(await ask(client, 10_000), "Nothing was decided")

    asyncio.run(test())
    assert stuck.writer.n_submitted == 0


def test_the_limit_of_the_service_stays_the_upper_bound(stuck: Stuck) -> None:
    async def test() -> None:
        limits = Limits(1, 8, body_timeout_s=0.05, answer_timeout_s=0.1)
        async with client_of(stuck.app(limits)) as client:
            response = await ask(client, 600_000)
            told = await figures(client)

        assert response.status_code == 503
        assert "no answer within 0.1 s" in response.json()["detail"]
        assert (told["deadline_passed_total"], told["unavailable_total"]) == (0, 1)

    asyncio.run(test())


def test_a_client_that_left_is_counted_apart_and_named_in_the_log(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    """Ray Serve cancels the request of a client that hangs up."""

    async def test() -> None:
        app = stuck.app()
        body = httpx.Request("POST", "http://s", json=application()).content
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/score",
            "query_string": b"",
            "headers": [(b"x-request-id", b"call-7"), (b"x-request-timeout-ms", b"9000")],
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            raise AssertionError("there is nobody to answer")

        request = asyncio.create_task(app(scope, receive, send))
        while not stuck.writer.n_submitted:
            await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        async with client_of(app) as client:
            told = await figures(client)
        assert (told["hung_up_total"], told["deadline_passed_total"]) == (1, 0)

    with caplog.at_level(logging.INFO, "serve_app"):
        asyncio.run(test())
    assert "499 in /v1/score (request call-7)" in caplog.text


def test_a_client_that_hangs_up_before_its_body_is_there_is_counted(stuck: Stuck) -> None:
    async def test() -> None:
        app = stuck.app()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/score",
            "query_string": b"",
            "headers": [],
        }

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        await app(scope, receive, None)  # type: ignore[arg-type]
        async with client_of(app) as client:
            assert (await figures(client))["hung_up_total"] == 1

    asyncio.run(test())


def test_every_route_keeps_it(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*arguments: object) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(StandInMonitor, "status", never)

    async def test() -> None:
        async with client_of(stuck.app()) as client:
            response = await client.get("/v1/drift", headers={"X-Request-Timeout-Ms": "20"})
        assert response.status_code == 504

    asyncio.run(test())


def test_an_exact_deadline_does_not_wait_for_the_timer_of_all() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError), Deadlines().exactly(0.001) as deadline:
            rings_at = deadline._timer.when()
            await asyncio.Event().wait()
        assert rings_at - began < 0.05

    asyncio.run(test())


def test_a_deadline_that_both_timers_notice_ends_its_block_once() -> None:
    async def test() -> None:
        deadlines = Deadlines()
        with pytest.raises(TimeoutError), deadlines.exactly(60.0) as deadline:
            deadline.at = 0.0
            deadlines._look()
            deadline._ring()
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(test())
