"""What recording costs a service: the same service with and without it, in turns, in one run."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import numpy as np

from cluster.bench.records.load import measure_load
from cluster.bench.records.server import serve
from cluster.bench.records.store import sync_probe
from credit.contract import Contract
from credit.decision.bundle_files import load_bundle
from serve_app.openapi import example_application

CONNECTIONS = 16


@dataclass(frozen=True)
class RecordCost:
    """A service with the record on, against the same service with it off.

    Attributes
    ----------
    on_per_second, off_per_second
        Answers at 16 connections, median of the rounds.
    throughput_ratio
        Median over the rounds of on / off, each pair measured one after the other.
    on_p50_ms, off_p50_ms
        At one connection, median of the rounds.
    probe_ms
        Median of a sync of 4 kB beside the store, in the same minute.
    """

    rounds: int
    on_per_second: float
    off_per_second: float
    throughput_ratio: float
    on_p50_ms: float
    off_p50_ms: float
    probe_ms: float

    @property
    def syncs_on_top(self) -> float:
        """What the record adds to one request, in syncs of the probe."""
        return (self.on_p50_ms - self.off_p50_ms) / self.probe_ms


def measure_record_cost(
    bundle: Path, home: Path, *, rounds: int, seconds: float, advance: Callable[[], None]
) -> RecordCost:
    """Run both services and load them in turns.

    Parameters
    ----------
    home
        An empty folder for the records.
    seconds
        Of each measurement; there are four in a round.
    """
    body = _bodies(load_bundle(bundle).contract)
    fast: dict[bool, list[float]] = {True: [], False: []}
    p50: dict[bool, list[float]] = {True: [], False: []}
    probes = []
    with _service(bundle, home) as on, _service(bundle, None) as off:
        for port in (on, off):  # warm
            asyncio.run(measure_load(port, body, connections=CONNECTIONS, seconds=1.0))
        for number in range(rounds):
            order = (True, False) if number % 2 else (False, True)
            for recorded in order:
                port = on if recorded else off
                many = measure_load(port, body, connections=CONNECTIONS, seconds=seconds)
                fast[recorded].append(len(asyncio.run(many)) / seconds)
                alone = measure_load(port, body, connections=1, seconds=seconds)
                p50[recorded].append(float(np.median(asyncio.run(alone))))
            probes.append(sync_probe(home))
            advance()
    ratios = [on / off for on, off in zip(fast[True], fast[False], strict=True)]
    return RecordCost(
        rounds=rounds,
        on_per_second=float(np.median(fast[True])),
        off_per_second=float(np.median(fast[False])),
        throughput_ratio=float(np.median(ratios)),
        on_p50_ms=float(np.median(p50[True])),
        off_p50_ms=float(np.median(p50[False])),
        probe_ms=float(np.median(probes)),
    )


@contextmanager
def _service(bundle: Path, home: Path | None) -> Iterator[int]:
    """Run a service in a process of its own on a free loopback port, until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port: int = listening.getsockname()[1]
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(bundle, home, listening), daemon=True
        )
        process.start()
        try:
            _wait_until_alive(port)
            yield port
        finally:
            process.terminate()
            process.join()


def _wait_until_alive(port: int) -> None:
    """The socket listens already, so the first request is answered once the service is there."""
    httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=120).raise_for_status()


def _bodies(contract: Contract) -> Callable[[int], bytes]:
    example = example_application(contract)

    def body(number: int) -> bytes:
        return msgspec.json.encode(
            {**example, "application_id": f"bench-{number}", "applicant_id": f"person-{number}"}
        )

    return body
