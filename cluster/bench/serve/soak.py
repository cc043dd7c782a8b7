"""One placement under half of its load for a long time, its memory looked at all along."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.growth import Growth, growth_of, watched
from cluster.bench.serve.measure import Bench
from cluster.bench.serve.tally import Load
from credit.errors import ServiceUnavailable

SHARE = 0.5
"""Of the throughput of a closed loop just before."""

CONNECTIONS = 64
SATURATE_S = 5.0
SAMPLES = 240


@dataclass(frozen=True)
class Soak:
    """What a long load found.

    Attributes
    ----------
    per_second
        Requests a second, at fixed times.
    """

    placement: str
    seconds: float
    per_second: float
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
        with watched(run.family, max(0.25, seconds / SAMPLES)) as samples:
            load = bench.driver.open(
                port, requests, per_second=rate, connections=CONNECTIONS, seconds=seconds
            )
    grown = growth_of(samples)
    if grown is None:
        raise ServiceUnavailable(
            f"memory was seen {len(samples)} times in {seconds:g} s: ask for more"
        )
    return Soak(contender.name, seconds, rate, load, grown)
