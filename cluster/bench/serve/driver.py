"""The driver as a process of its own: nothing that the bench prints or computes disturbs its clock."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from cluster.bench.serve.load import closed_loop, open_loop
from cluster.bench.serve.requests import Requests
from cluster.bench.serve.tally import Load

_APART = 10_000_000
"""More requests than any run makes: numbers of two runs never meet."""


class Driver:
    """Loads a port of this machine; every request of a driver's life has a number of its own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self._runs = 0

    def closed(self, port: int, requests: Requests, *, connections: int, seconds: float) -> Load:
        """See :func:`cluster.bench.serve.load.closed_loop`."""
        return self._pool.submit(
            closed_loop,
            port,
            requests,
            connections=connections,
            seconds=seconds,
            first=self._first(),
        ).result()

    def open(
        self,
        port: int,
        requests: Requests,
        *,
        per_second: float,
        connections: int,
        seconds: float,
    ) -> Load:
        """See :func:`cluster.bench.serve.load.open_loop`."""
        return self._pool.submit(
            open_loop,
            port,
            requests,
            per_second=per_second,
            connections=connections,
            seconds=seconds,
            first=self._first(),
        ).result()

    def _first(self) -> int:
        self._runs += 1
        return self._runs * _APART


@contextmanager
def load_driver() -> Iterator[Driver]:
    """Start a driver, and end it with the block."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield Driver(pool)
