"""Does memory grow? One placement under half of its load for a long time, its memory looked at all along.

The slope is Theil and Sen's, the median over all pairs of samples, with its distribution-free interval
(Sen 1968, Estimates of the regression coefficient based on Kendall's tau,
https://doi.org/10.1080/01621459.1968.10480934): a garbage collection or a checkpoint moves it little.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.measure import Bench
from cluster.bench.serve.processes import Family
from cluster.bench.serve.tally import Load

SHARE = 0.5
"""Of the throughput of a closed loop just before."""

CONNECTIONS = 64
SATURATE_S = 5.0
WARM_SHARE = 0.25
"""Samples of the first part are left out: caches and pools fill."""

SAMPLES = 240
LEVEL = 0.95


@dataclass(frozen=True)
class Growth:
    """How fast memory grew.

    Attributes
    ----------
    slope, low, high
        MiB an hour, with the interval at 95%.
    first, last
        MiB at the first and the last sample that count.
    """

    slope: float
    low: float
    high: float
    first: float
    last: float
    n_samples: int


@dataclass(frozen=True)
class Soak:
    """What a long load found.

    Attributes
    ----------
    per_second
        Requests a second, at fixed times.
    kind
        ``PSS``, which counts shared pages once, or ``RSS`` where the system does not tell.
    """

    placement: str
    seconds: float
    per_second: float
    kind: str
    load: Load
    growth: Growth


def measure_soak(bench: Bench, contender: Contender, seconds: float) -> Soak:
    """Load a placement at half of what it can, and watch the memory of all its processes."""
    with bench.ready(contender) as run:
        bench.advance(f"saturate: {contender.name}")
        port, requests = run.place.port, run.requests
        full = bench.driver.closed(port, requests, connections=CONNECTIONS, seconds=SATURATE_S)
        rate = SHARE * full.per_second
        bench.advance(f"soak: {contender.name} at {rate:,.0f} requests a second")
        with _watched(run.family, max(0.25, seconds / SAMPLES)) as samples:
            load = bench.driver.open(
                port, requests, per_second=rate, connections=CONNECTIONS, seconds=seconds
            )
    kind = "RSS" if any(sample[2] is None for sample in samples) else "PSS"
    memory = [rss if kind == "RSS" or pss is None else pss for _, rss, pss in samples]
    times = [at for at, _, _ in samples]
    return Soak(contender.name, seconds, rate, kind, load, growth(times, memory))


@contextmanager
def _watched(family: Family, every_s: float) -> Iterator[list[tuple[float, float, float | None]]]:
    """Sample seconds, RSS and PSS in a thread until the block ends."""
    samples: list[tuple[float, float, float | None]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every_s):
            memory = family.memory()
            samples.append((time.perf_counter(), memory.rss, memory.pss))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def growth(times: list[float], memory: list[float]) -> Growth:
    """Slope of memory over time, after the first part.

    Parameters
    ----------
    times
        Seconds, rising.
    memory
        MiB.
    """
    start = times[0] + WARM_SHARE * (times[-1] - times[0])
    kept = np.array([(t, m) for t, m in zip(times, memory, strict=True) if t >= start])
    slope, _, low, high = stats.theilslopes(kept[:, 1], kept[:, 0] / 3600, LEVEL)
    return Growth(
        float(slope), float(low), float(high), float(kept[0, 1]), float(kept[-1, 1]), len(kept)
    )
