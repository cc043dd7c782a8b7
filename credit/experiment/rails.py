"""The figures of each rail, for one look or for many at once: compute, say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from credit.experiment.confidence import bounds_of_means
from credit.experiment.rates import bounds_of_rates
from credit.experiment.state import Arm
from credit.experiment.sums import BoolArray, FloatArray

RailName = Literal["errors", "latency", "approval", "score_shift"]
RAILS: tuple[RailName, ...] = get_args(RailName)

_ONE_SIDED: frozenset[RailName] = frozenset({"errors", "latency"})
"""Rails on which a challenger may be better than the champion by as much as it likes."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The numbers of an :class:`Arm` at many looks, each of one shape."""

    n: FloatArray
    n_approved: FloatArray
    log_odds: FloatArray
    log_odds_squared: FloatArray
    n_timed: FloatArray
    n_slow: FloatArray
    n_asked: FloatArray
    n_failed: FloatArray

    @classmethod
    def of(cls, arm: Arm) -> Columns:
        """One look."""
        sums = (arm.log_odds.total, arm.log_odds.squares)
        told = (arm.n, arm.n_approved, *sums, arm.n_timed, arm.n_slow, arm.n_asked, arm.n_failed)
        return cls(*(np.asarray(value, dtype=np.float64) for value in told))


def differences(
    name: RailName,
    champion: Columns,
    challenger: Columns,
    alpha: float,
    tightest_at: float,
    least: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compare on one rail, at many looks.

    Returns
    -------
    Challenger less champion: estimates, lower and upper bounds. Those of shares are exact from the first
    decision on; those of ``score_shift`` are infinite while either arm has fewer than `least`.
    """
    if name == "score_shift":
        return _difference_of_means(champion, challenger, alpha, tightest_at, least)
    (events, trials), (events0, trials0) = _counts(name, challenger), _counts(name, champion)
    low, high = bounds_of_rates(events, trials, alpha / 2)
    low0, high0 = bounds_of_rates(events0, trials0, alpha / 2)
    estimate = _ratio(events, trials) - _ratio(events0, trials0)
    return _open(np.minimum(trials, trials0) < 1, estimate, low - high0, high - low0)


def tripped(name: RailName, low: ArrayLike, high: ArrayLike, tolerance: float) -> BoolArray:
    """Whether a difference is beyond its tolerance for certain."""
    is_higher = np.asarray(low) > tolerance
    if name in _ONE_SIDED:
        return np.asarray(is_higher)
    return np.asarray(is_higher | (np.asarray(high) < -tolerance))


def size(name: RailName, side: Arm) -> int:
    """How many decisions of an arm, or requests to it, a rail rests on."""
    return {"errors": side.n_asked, "latency": side.n_timed}.get(name, side.n)


def _open(
    is_early: BoolArray, estimate: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    return estimate, np.where(is_early, -np.inf, low), np.where(is_early, np.inf, high)


def _counts(name: RailName, side: Columns) -> tuple[FloatArray, FloatArray]:
    """Events and trials of a rail that compares shares."""
    if name == "errors":
        return side.n_failed, side.n_asked
    return (side.n_slow, side.n_timed) if name == "latency" else (side.n_approved, side.n)


def _difference_of_means(
    champion: Columns, challenger: Columns, alpha: float, tightest_at: float, least: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    means = [_ratio(side.log_odds, side.n) for side in (challenger, champion)]
    variance = np.zeros_like(champion.n)
    for side, mean in zip((challenger, champion), means, strict=True):
        # Rounding may take a variance of nothing below zero.
        spread = np.maximum(side.log_odds_squared - side.log_odds * mean, 0)
        variance += _ratio(spread, side.n * (side.n - 1))
    information = np.maximum(_ratio(champion.n * challenger.n, champion.n + challenger.n), 1)
    estimate = means[0] - means[1]
    low, high = bounds_of_means(information, estimate, variance, alpha, tightest_at)
    return _open(np.minimum(champion.n, challenger.n) < least, estimate, low, high)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide; 0 where there is nothing to divide by, which is before the first decision."""
    safe = np.where(below > 0, below, 1.0)
    return np.asarray(np.where(below > 0, above / safe, 0.0))
