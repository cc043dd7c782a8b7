"""Measurements made up by hand, so that what follows from them can be computed in the head."""

from __future__ import annotations

from cluster.bench.serve.growth import Growth
from cluster.bench.serve.measure import CONNECTIONS, Measured, OpenLoop, Turn
from cluster.bench.serve.processes import Memory
from cluster.bench.serve.tally import Load

GROWTH = Growth(slope=12.0, low=-3.4, high=25.6, first=1200.0, last=1202.0, n_samples=45)


def load(per_second: float, p50_ms: float = 1.0, *, n_errors: int = 0) -> Load:
    """Ten seconds of load."""
    return Load(
        n_answers=round(10 * per_second),
        n_errors=n_errors,
        errors={"503": n_errors} if n_errors else {},
        seconds=10.0,
        p50_ms=p50_ms,
        p95_ms=2 * p50_ms,
        p99_ms=3 * p50_ms,
        max_ms=4 * p50_ms,
        driver_cpu=0.08,
    )


def turn(*per_second: float, p50_ms: float = 1.0, n_errors: int = 0) -> Turn:
    """Loads at 1, 16 and 64 connections."""
    loads = {
        n: load(rate, p50_ms, n_errors=n_errors)
        for n, rate in zip(CONNECTIONS, per_second, strict=True)
    }
    return Turn(
        start_s=5.0,
        memory=Memory(rss=300.0, pss=200.0),
        loads=loads,
        cpu_us=dict.fromkeys(loads, 500.0),
    )


def measured() -> Measured:
    """Two rounds of FastAPI and of ours, one of the graphs; others did not run."""
    return Measured(
        turns={
            "fastapi": [turn(100, 200, 250, p50_ms=2.0), turn(100, 100, 100, p50_ms=1.0)],
            "fused": [turn(300, 300, 500, p50_ms=1.0), turn(150, 200, 160, p50_ms=2.0)],
            "graph": [turn(40, 100, 90, p50_ms=3.0, n_errors=1)],
            "ray-documented": [turn(10, 5, 0, p50_ms=12.0)],
        },
        open_loops={
            "fused": [
                OpenLoop(saturation=330, share=0.5, load=load(165, 1.5)),
                OpenLoop(saturation=330, share=0.8, load=load(264, 4.0), growth=GROWTH),
            ]
        },
        failed={"fused2": "it ended with code 1: /a/folder/of/this/machine is full"},
    )
