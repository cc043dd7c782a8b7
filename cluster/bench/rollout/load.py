"""A load at fixed times that repeats with the same key what was not answered, and notes every try."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import msgspec

from cluster.running import Running
from credit.decision.score import Answer
from credit.errors import ServiceUnavailable

CLIENTS = 16
"""Requests under way at once; more wait for one to end."""

PATIENCE_S = 60.0
_SILENCE_S = 2 * PATIENCE_S
_PAUSE_S = 0.1
_TIMEOUT_S = 15.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, when its request was first sent and when it came (Unix time), and to whom."""

    asked_at: float
    told_at: float
    applicant_id: str
    answer: Answer


@dataclass
class Tries:
    """What became of all requests.

    Attributes
    ----------
    failures
        Tries that were not answered with a decision, by what came instead.
    given_up
        Keys of requests that no try had an answer to.
    reused
        Repeats that got the stored answer: the try before had been decided, and only its answer was lost.
    """

    told: list[Told] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    given_up: list[str] = field(default_factory=list)
    reused: int = 0


class SteadyLoad:
    """Ask for decisions at fixed times until the block ends.

    Attributes
    ----------
    phase
        What is being done to the service now; failures are noted under it.

    Parameters
    ----------
    rows
        Applications, asked for in turn; each request is an application and a person of its own.
    per_second
        Requests a second.
    """

    def __init__(
        self, running: Running, rows: Sequence[dict[str, Any]], *, per_second: float, name: str
    ) -> None:
        self.tries = Tries()
        self.phase = "before"
        self._rows = rows
        self._per_second = per_second
        self._name = name
        self._stop = threading.Event()
        self._abandoned = threading.Event()
        self._noting = threading.Lock()
        headers = {} if running.token is None else {"authorization": f"Bearer {running.token}"}
        limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
        self._http = httpx.Client(
            base_url=running.url, headers=headers, timeout=_TIMEOUT_S, limits=limits
        )
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._clock = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._clock.join()
        if kind is not None:
            self._abandoned.set()
        self._pool.shutdown(cancel_futures=kind is not None)
        self._http.close()

    def wait_for_more(self, n: int) -> None:
        """Wait until so many more requests were answered.

        Raises
        ------
        ServiceUnavailable
            When they were not within `_SILENCE_S`.
        """
        enough, deadline = len(self.tries.told) + n, time.monotonic() + _SILENCE_S
        while len(self.tries.told) < enough:
            if time.monotonic() > deadline:
                raise ServiceUnavailable(
                    f"no {n} answers within {_SILENCE_S:g} s, while this was done: {self.phase}"
                )
            time.sleep(0.01)

    def _run(self) -> None:
        started, number = time.monotonic(), 0
        while not self._stop.wait(max(0.0, started + number / self._per_second - time.monotonic())):
            self._pool.submit(self._until_answered, number)
            number += 1

    def _until_answered(self, number: int) -> None:
        key = f"{self._name}-{number}"
        row = {**self._rows[number % len(self._rows)], "application_id": key, "applicant_id": key}
        content, asked_at = msgspec.json.encode(row), time.time()
        while time.time() < asked_at + PATIENCE_S and not self._abandoned.is_set():
            response = self._try(content, key)
            if isinstance(response, httpx.Response):
                answer = msgspec.json.decode(response.content, type=Answer)
                with self._noting:
                    self.tries.told.append(Told(asked_at, time.time(), key, answer))
                    self.tries.reused += "idempotent-replayed" in response.headers
                return
            with self._noting:
                self.tries.failures[f"{self.phase}: {response}"] += 1
            time.sleep(_PAUSE_S)
        with self._noting:
            self.tries.given_up.append(key)

    def _try(self, content: bytes, key: str) -> httpx.Response | str:
        headers = {"content-type": "application/json", "idempotency-key": key}
        try:
            response = self._http.post("/v1/score", content=content, headers=headers)
        except httpx.HTTPError as error:
            return f"no answer: {type(error).__name__}"
        if response.status_code == _OK:
            return response
        try:
            problem = msgspec.json.decode(response.content)
            return f"{response.status_code} {problem['title']}"
        except (msgspec.DecodeError, KeyError, TypeError):
            return f"{response.status_code} from the proxy"
