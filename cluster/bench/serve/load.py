"""Load: a closed loop that finds out what a service can, an open loop that finds out how long people wait.

In a closed loop each connection sends its next request when the answer to the last has come; a service
that stalls is then simply asked less. In an open loop requests are due at fixed times, and latency counts
from the time a request was *due*, also when it had to wait for a connection: a stall is felt by all that
were due during it. Source: Schroeder, Wierman and Harchol-Balter (2006), Open versus closed: a cautionary
tale, NSDI; what a closed loop hides is known as coordinated omission (Tene 2013).
"""

from __future__ import annotations

import gc
import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from cluster.bench.serve.connection import Connection
from cluster.bench.serve.tally import Load, Tally
from credit.errors import ServiceUnavailable

GRACE_S = 10.0
"""How long answers are waited for after the last request of a run."""

Make = Callable[[int], bytes]


def closed_loop(port: int, make: Make, *, connections: int, seconds: float, first: int = 0) -> Load:
    """Keep so many connections busy for so long.

    What was sent in time is waited for, and counts: cutting it off would flatter slow services.

    Parameters
    ----------
    make
        Request by number.
    first
        Number of the first request; each has its own.

    Raises
    ------
    ServiceUnavailable
        When no connection can be made, or what answers is no HTTP/1.1 on open connections.
    """
    with _undisturbed(), _Pool(port, connections) as pool:
        tally, number = pool.tally, first
        until = tally.started + seconds
        while (now := time.perf_counter()) < until:
            while pool.free:
                pool.send(make(number), time.perf_counter())
                number += 1
            pool.receive(until - now)
        pool.wait_for_all(until + GRACE_S)
        return tally.load()


def open_loop(
    port: int, make: Make, *, per_second: float, connections: int, seconds: float, first: int = 0
) -> Load:
    """Send requests at fixed times, whatever the service does.

    Parameters
    ----------
    per_second
        Requests a second, evenly spread.
    connections
        Most requests under way at once; more wait, and their waiting counts. Those that could not be sent
        :data:`GRACE_S` after the last was due are errors.

    Raises
    ------
    ServiceUnavailable
        As :func:`closed_loop`.
    """
    with _undisturbed(), _Pool(port, connections) as pool:
        tally, n, sent = pool.tally, round(per_second * seconds), 0
        end = tally.started + seconds + GRACE_S
        due = tally.started
        while sent < n and (now := time.perf_counter()) < end:
            while pool.free and sent < n and due <= now:
                pool.send(make(first + sent), due)
                sent += 1
                due = tally.started + sent / per_second
            pool.receive((due if pool.free else end) - now)
        tally.errors[0] += n - sent
        pool.wait_for_all(end)
        return tally.load()


class _Pool:
    """Connections: those that are free, and those that wait for an answer and since when it counts."""

    def __init__(self, port: int, n: int) -> None:
        self._port = port
        self._n = n
        self.free: deque[Connection] = deque()
        self._busy: dict[Connection, float] = {}

    def __enter__(self) -> Self:
        self.free.extend(self._connect() for _ in range(self._n))
        self.tally = Tally()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self.free, *self._busy):
            connection.close()

    def send(self, request: bytes, since: float) -> None:
        """Send on a connection that is free."""
        connection = self.free.popleft()
        try:
            connection.send(request)
        except OSError:  # it was closed while nothing was asked on it
            connection.close()
            connection = self._connect()
            connection.send(request)
        self._busy[connection] = since

    def receive(self, timeout_s: float) -> None:
        """Wait for answers at most so long, and free what was answered."""
        for connection in select.select(list(self._busy), (), (), max(0.0, timeout_s))[0]:
            try:
                answer = connection.receive()
            except OSError:
                self.tally.count(0, self._busy.pop(connection))
                connection.close()
                self.free.append(self._connect())  # so that the load stays what was asked for
                continue
            if answer is not None:
                self.tally.count(answer[0], self._busy.pop(connection))
                self.free.append(connection)

    def wait_for_all(self, until: float) -> None:
        """Wait for the answers that are under way; those that do not come are errors."""
        while self._busy and (now := time.perf_counter()) < until:
            self.receive(until - now)
        for since in self._busy.values():
            self.tally.count(0, since)

    def _connect(self) -> Connection:
        try:
            return Connection(self._port)
        except OSError as error:
            raise ServiceUnavailable(
                f"no connection to port {self._port} of this machine ({error.strerror}): is the service still "
                "running?"
            ) from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector out of the figures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
