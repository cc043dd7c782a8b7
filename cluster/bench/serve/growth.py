"""Does memory grow? What all processes of a family take, looked at while something else goes on.

The slope is Theil and Sen's, the median over all pairs of samples, with its distribution-free interval
(Sen 1968, Estimates of the regression coefficient based on Kendall's tau,
https://doi.org/10.1080/01621459.1968.10480934): a garbage collection or a checkpoint moves it little.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cluster.bench.serve.processes import Family

WARM_SHARE = 0.25
"""Samples of the first part are left out: caches and pools fill."""

LEVEL = 0.95
LEAST_SAMPLES = 8
"""Of fewer nothing is said."""

Sample = tuple[float, float, float | None]
"""Seconds, RSS and PSS in MiB, as of :class:`~cluster.bench.serve.processes.Memory`."""


@dataclass(frozen=True)
class Growth:
    """How fast memory grew.

    Attributes
    ----------
    slope, low, high
        MiB an hour, with the interval at 95%.
    first, last
        MiB at the first and the last sample that count.
    kind
        ``PSS``, which counts shared pages once, or ``RSS`` where the system does not tell.
    """

    slope: float
    low: float
    high: float
    first: float
    last: float
    n_samples: int
    kind: str = "PSS"


@contextmanager
def watched(family: Family, every_s: float) -> Iterator[list[Sample]]:
    """Sample seconds, RSS and PSS in a thread until the block ends."""
    samples: list[Sample] = []
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


def growth_of(samples: Sequence[Sample]) -> Growth | None:
    """Say how fast memory grew; None of too few samples."""
    if len(samples) < LEAST_SAMPLES:
        return None
    kind = "RSS" if any(pss is None for _, _, pss in samples) else "PSS"
    memory = [rss if kind == "RSS" or pss is None else pss for _, rss, pss in samples]
    return growth([at for at, _, _ in samples], memory, kind)


def growth(times: list[float], memory: list[float], kind: str = "PSS") -> Growth:
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
        float(slope),
        float(low),
        float(high),
        float(kept[0, 1]),
        float(kept[-1, 1]),
        len(kept),
        kind,
    )
