"""What a run of load found."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from cluster.bench.serve.connection import OK


@dataclass(frozen=True)
class Load:
    """What one run of load found.

    Attributes
    ----------
    n_answers, n_errors
        Answers with status 200; all else: other statuses, connections that broke, answers that did not come.
    errors
        How many by status, 0 for those without an answer.
    seconds
        From the first request to the last answer.
    p50_ms, p95_ms, p99_ms, max_ms
        Over answers with status 200, in milliseconds; from the request in a closed loop, from when it was
        due in an open one. NaN without an answer.
    driver_cpu
        Share of one core that the driver itself used.
    """

    n_answers: int
    n_errors: int
    errors: dict[str, int]
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    driver_cpu: float

    @property
    def per_second(self) -> float:
        """Answers with status 200 a second."""
        return self.n_answers / self.seconds


@dataclass
class Tally:
    """Counts while a run goes on."""

    took_ms: list[float] = field(default_factory=list)
    errors: Counter[int] = field(default_factory=Counter)
    started: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def count(self, status: int, since: float) -> None:
        """Count what came for a request that counts since then."""
        if status == OK:
            self.took_ms.append(1000 * (time.perf_counter() - since))
        else:
            self.errors[status] += 1

    def load(self) -> Load:
        """Sum up; the run ends now."""
        seconds = time.perf_counter() - self.started
        took = np.array(self.took_ms) if self.took_ms else np.array([np.nan])
        p50, p95, p99 = np.quantile(took, (0.5, 0.95, 0.99)).tolist()
        return Load(
            n_answers=len(self.took_ms),
            n_errors=self.errors.total(),
            errors={str(status): n for status, n in sorted(self.errors.items())},
            seconds=seconds,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            max_ms=float(took.max()),
            driver_cpu=(time.process_time() - self.cpu) / seconds,
        )
