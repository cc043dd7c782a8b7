"""What a fault changed, beside what two identical runs differ by. Knows no Ray, which must be imported late."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

import msgspec
import numpy as np

HEALTHY = "healthy"
DEAD = "dead"
SLOW = "slow"
CRASHING = "crashing"
FAULTS = (HEALTHY, DEAD, SLOW, CRASHING)

LEVEL = 0.95


class Phase(msgspec.Struct, frozen=True):
    """One run of load.

    Attributes
    ----------
    shadow
        One of `FAULTS`; None without a shadow.
    p50_ms, p99_ms
        From when a request was due to its answer.
    """

    shadow: str | None
    p50_ms: float
    p99_ms: float
    n_answers: int
    n_errors: int


class Effect(msgspec.Struct, frozen=True):
    """What one kind of shadow did.

    Attributes
    ----------
    p50_ms, p99_ms
        Medians over its runs.
    change_ms
        Median of how far its p99 lay above the mean of the runs before and after it, without a shadow.
    least_ms, most_ms
        The smallest and the largest of these changes.
    n_errors
        Requests that had no answer with status 200.
    """

    shadow: str
    p50_ms: float
    p99_ms: float
    change_ms: float
    least_ms: float
    most_ms: float
    n_errors: int


class ShadowingMeasured(msgspec.Struct, frozen=True):
    """What shadows did to the service.

    Attributes
    ----------
    alone_p50_ms, alone_p99_ms
        Medians over the runs without a shadow.
    alone_n_errors
        Requests without an answer in these.
    noise_ms
        How far the p99 of two runs without a shadow lie apart: the value that `LEVEL` of the pairs stay below.
    median_noise_ms
        The same of half of the pairs.
    """

    per_second: float
    n_answers: int
    alone_p50_ms: float
    alone_p99_ms: float
    alone_n_errors: int
    noise_ms: float
    median_noise_ms: float
    effects: list[Effect]

    @property
    def is_unnoticed(self) -> bool:
        """Whether each kind of shadow changed the p99 by less than two identical runs differ."""
        return all(abs(effect.change_ms) < self.noise_ms for effect in self.effects)


def measured(phases: Sequence[Phase], per_second: float) -> ShadowingMeasured:
    """Sum up runs, of which every second one has a shadow and the first and the last have none."""
    alone, shadowed = phases[::2], phases[1::2]
    pairs = list(itertools.pairwise(alone))
    in_turn = not any(p.shadow for p in alone) and all(p.shadow for p in shadowed)
    if not pairs or len(pairs) != len(shadowed) or not in_turn:
        raise ValueError("expected runs without and with a shadow in turn, without at both ends")
    noise = [abs(before.p99_ms - after.p99_ms) for before, after in pairs]
    effects = []
    for name in dict.fromkeys(str(phase.shadow) for phase in shadowed):
        found = [
            (phase, phase.p99_ms - (before.p99_ms + after.p99_ms) / 2)
            for phase, (before, after) in zip(shadowed, pairs, strict=True)
            if phase.shadow == name
        ]
        effects.append(
            Effect(
                name,
                statistics.median(phase.p50_ms for phase, _ in found),
                statistics.median(phase.p99_ms for phase, _ in found),
                statistics.median(change for _, change in found),
                min(change for _, change in found),
                max(change for _, change in found),
                sum(phase.n_errors for phase, _ in found),
            )
        )
    return ShadowingMeasured(
        per_second=per_second,
        n_answers=sum(phase.n_answers for phase in phases),
        alone_p50_ms=statistics.median(phase.p50_ms for phase in alone),
        alone_p99_ms=statistics.median(phase.p99_ms for phase in alone),
        alone_n_errors=sum(phase.n_errors for phase in alone),
        noise_ms=float(np.quantile(noise, LEVEL)),
        median_noise_ms=statistics.median(noise),
        effects=effects,
    )
