"""Simulated books of requests, and the ways in which a challenger may be bad.

A book is a stream of requests, each of a new applicant, given to champion or challenger by chance. PDs are
logit-normal with a mean of 6.1%, of which four in five lie below a cut-off of 1/11; latencies are
log-normal; one request in 2,000 fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from credit.experiment.decisions import Decisions
from credit.experiment.sums import BoolArray, FloatArray

_LOG_ODDS_MEAN, _LOG_ODDS_SPREAD = -3.3, 1.2
_CUTOFF_LOG_ODDS = -math.log(10)  # of 1/11
_LATENCY_US, _LATENCY_SPREAD = 900.0, 0.35
_FAILING = 1 / 2_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a challenger differs from its champion.

    Attributes
    ----------
    approvals
        Its approvals, as a multiple of the champion's, with the same PDs.
    odds
        Its odds of default, as a multiple, with the same cut-off.
    latency
        Its latencies, as a multiple.
    failing
        Share of its requests that fail, beside those that fail anyway.
    """

    name: str
    approvals: float = 1.0
    odds: float = 1.0
    latency: float = 1.0
    failing: float = 0.0


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("healthy"),
    Scenario("a third fewer approvals", approvals=2 / 3),
    Scenario("odds of default x1.25", odds=1.25),
    Scenario("latencies x2", latency=2.0),
    Scenario("2% of requests fail", failing=0.02),
)


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Simulated requests of some runs; every column has the shape ``(n_runs, n_requests)``."""

    is_challenger: BoolArray
    has_failed: BoolArray
    is_approved: BoolArray
    log_odds: FloatArray
    latency_us: FloatArray

    def decisions(self, run: int) -> Decisions:
        """Return what a log of one run would hold: requests that failed are not decided."""
        made = ~self.has_failed[run]
        odds = np.exp(self.log_odds[run][made])
        return Decisions(
            self.is_challenger[run][made],
            self.is_approved[run][made],
            odds / (1 + odds),
            self.latency_us[run][made],
        )


def draw(
    scenario: Scenario,
    generator: np.random.Generator,
    n_runs: int,
    horizon: int,
    share: float,
) -> Book:
    """Draw runs of a scenario."""
    shape = (n_runs, horizon)
    is_challenger = generator.random(shape) < share
    failing = np.where(is_challenger, _FAILING + scenario.failing, _FAILING)
    log_odds = generator.normal(_LOG_ODDS_MEAN, _LOG_ODDS_SPREAD, shape)
    log_odds += math.log(scenario.odds) * is_challenger
    latency = generator.normal(math.log(_LATENCY_US), _LATENCY_SPREAD, shape)
    latency += math.log(scenario.latency) * is_challenger
    cutoff = np.where(is_challenger, _cutoff(scenario), _CUTOFF_LOG_ODDS)
    return Book(
        is_challenger=is_challenger,
        has_failed=generator.random(shape) < failing,
        is_approved=log_odds < cutoff,
        log_odds=log_odds,
        # Recorded in whole microseconds.
        latency_us=np.rint(np.exp(latency)),
    )


def _cutoff(scenario: Scenario) -> float:
    """Log-odds below which a challenger approves so many fewer."""
    if scenario.approvals == 1:
        return _CUTOFF_LOG_ODDS
    approved = 0.5 * math.erfc(
        (_LOG_ODDS_MEAN - _CUTOFF_LOG_ODDS) / _LOG_ODDS_SPREAD / math.sqrt(2)
    )
    return _LOG_ODDS_MEAN + _LOG_ODDS_SPREAD * float(ndtri(approved * scenario.approvals))
