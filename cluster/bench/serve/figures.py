"""What is told of a contender: medians over its turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cluster.bench.serve.measure import CONNECTIONS, Measured, Turn


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds; by number of connections where they are several.

    Attributes
    ----------
    cpu_us
        CPU time of all its processes for one answer, in microseconds.
    pss_mib
        None where the system does not tell.
    n_errors
        In all rounds together.
    driver_cpu
        The most that the driver used, as a share of one core.
    """

    per_second: Mapping[int, float]
    p50_ms: Mapping[int, float]
    p95_ms: Mapping[int, float]
    p99_ms: Mapping[int, float]
    cpu_us: Mapping[int, float]
    start_s: float
    rss_mib: float
    pss_mib: float | None
    n_errors: int
    driver_cpu: float


def figures_of(turns: Sequence[Turn]) -> Figures:
    """Sum up the turns of one contender; there is at least one."""

    def median(pick: Callable[[Turn], float]) -> float:
        return float(np.median([pick(turn) for turn in turns]))

    def each(pick: Callable[[Turn, int], float]) -> dict[int, float]:
        return {n: float(np.median([pick(turn, n) for turn in turns])) for n in CONNECTIONS}

    shares = [turn.memory.pss for turn in turns if turn.memory.pss is not None]
    loads = [load for turn in turns for load in turn.loads.values()]
    return Figures(
        per_second=each(lambda turn, n: turn.loads[n].per_second),
        p50_ms=each(lambda turn, n: turn.loads[n].p50_ms),
        p95_ms=each(lambda turn, n: turn.loads[n].p95_ms),
        p99_ms=each(lambda turn, n: turn.loads[n].p99_ms),
        cpu_us=each(lambda turn, n: turn.cpu_us[n]),
        start_s=median(lambda turn: turn.start_s),
        rss_mib=median(lambda turn: turn.memory.rss),
        pss_mib=float(np.median(shares)) if len(shares) == len(turns) else None,
        n_errors=sum(load.n_errors for load in loads),
        driver_cpu=max(load.driver_cpu for load in loads),
    )


def all_figures(measured: Measured) -> dict[str, Figures]:
    """Figures of every contender that was measured."""
    return {name: figures_of(turns) for name, turns in measured.turns.items()}
