"""The service over HTTP in this process, on any database, and clients that repeat what was refused."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from serve_app.asgi import HttpApp
from serve_app.auth import TokenGuard
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.routes import build_http_app
from tests.faults.ledger import Ledger
from tests.loanbook import application
from tests.service import TOKEN, Nodes, StandInMonitor

N_CLIENTS = 16
_PAUSE_S = 0.005


@dataclass(frozen=True)
class HttpService:
    """One service and its store."""

    app: HttpApp
    writer: RecordWriter
    location: Location
    keys: LocalKeyFile

    def client(self) -> httpx.AsyncClient:
        """A client with the right token; its requests reach the application without a network."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://service",
            headers={"authorization": f"Bearer {TOKEN}"},
        )


@contextmanager
def serving(
    nodes: Nodes,
    location: Location,
    keys: LocalKeyFile,
    *,
    max_queue: int = 1024,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[HttpService]:
    """Open a service that records to `location`."""
    with (
        RecordWriter(location, keys, max_queue=max_queue, max_batch=8) as writer,
        RecordReader(location, keys) as reader,
    ):
        gateway = Gateway(nodes.rollout, nodes.shelf, nodes.scoring, writer, reader)
        app = build_http_app(gateway, TokenGuard(TOKEN), StandInMonitor(), limits)
        yield HttpService(app, writer, location, keys)


async def post(client: httpx.AsyncClient, number: int) -> httpx.Response:
    """Ask for a decision about the application of a number, under its key."""
    key = f"key-{number}"
    row = application(application_id=key, applicant_id=f"P-{number % 7}")
    return await client.post("/v1/score", json=row, headers={"idempotency-key": key})


def require_refusal(response: httpx.Response) -> None:
    """Hold a refusal against what is promised: come again later, and no score."""
    assert response.status_code == 503, response.text
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["content-type"] == "application/problem+json"
    assert not {"probability_of_default", "score", "decision"} & response.json().keys()


class HttpClients:
    """Ask for decisions, several at once, until the end; whoever is refused comes again."""

    def __init__(self, service: HttpService, ledger: Ledger, *, first: int = 0) -> None:
        self.n_refused = 0
        self._service = service
        self._ledger = ledger
        self._numbers = itertools.count(first)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> HttpClients:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait while the clients go on; fail when they were told something wrong."""
        end = time.monotonic() + 90
        while not condition():
            assert self._error is None, self._error
            assert time.monotonic() < end, f"not within 90 s: {what}"
            time.sleep(0.002)

    def wait_for_answers(self, n: int) -> None:
        """Wait until that many more were answered."""
        enough = len(self._ledger.told) + n
        self.wait_until(lambda: len(self._ledger.told) >= enough, f"{n} more answers")

    def wait_for_refusals(self, n: int) -> None:
        """Wait until that many more were refused."""
        enough = self.n_refused + n
        self.wait_until(lambda: self.n_refused >= enough, f"{n} more refusals")

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as error:
            self._error = error

    async def _all(self) -> None:
        async with self._service.client() as client:
            await asyncio.gather(*(self._one(client) for _ in range(N_CLIENTS)))

    async def _one(self, client: httpx.AsyncClient) -> None:
        for number in self._numbers:
            self._ledger.sent.add(f"key-{number}")
            while True:
                response = await post(client, number)
                if response.status_code == 200:
                    break
                require_refusal(response)
                self.n_refused += 1
                if self._stop.is_set():
                    return
                await asyncio.sleep(_PAUSE_S)
            decision_id = json.loads(response.content)["decision_id"]
            self._ledger.note(f"key-{number}", decision_id, response.content)
            if self._stop.is_set():
                return


async def post_all(service: HttpService, numbers: range, *, at_once: int) -> list[httpx.Response]:
    """Send a request for each number, so many at a time."""
    waiting, responses = iter(numbers), []

    async def one(client: httpx.AsyncClient) -> None:
        for number in waiting:
            responses.append(await post(client, number))

    async with service.client() as client:
        await asyncio.gather(*(one(client) for _ in range(at_once)))
    return responses


async def seconds_of(service: HttpService, numbers: range) -> list[float]:
    """Send one request after another, and say how long each took."""
    taken = []
    async with service.client() as client:
        for number in numbers:
            began = time.perf_counter()
            await post(client, number)
            taken.append(time.perf_counter() - began)
    return taken


def statuses(responses: list[httpx.Response]) -> Counter[int]:
    """Count answers by their status."""
    return Counter(response.status_code for response in responses)
