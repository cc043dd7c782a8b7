"""What the guards do on simulated books: how often they are wrong, and how late they are right.

The guards look after every :data:`LOOK_EVERY` requests of a book (`credit.experiment.books`) and stop at the
first rail that trips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from credit.errors import SettingsInvalid
from credit.experiment.books import SCENARIOS, Book, Scenario, draw
from credit.experiment.guards import GuardSettings
from credit.experiment.rails import RAILS, Columns, differences, tripped
from credit.experiment.state import slow_above
from credit.experiment.sums import BoolArray, FloatArray, IntArray

LOOK_EVERY = 50

_LEVEL = 0.95
_RUNS_AT_ONCE = 10
"""Runs that are drawn together: 50,000 requests of ten are 4 MB a column."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the guards did in one scenario.

    Attributes
    ----------
    n_tripped
        Runs in which the challenger was taken off.
    share, low, high
        Their share, with its Clopper-Pearson interval at 95%.
    first_rail
        Runs by the rail that tripped first; two that tripped at the same look both count.
    delay_median, delay_90
        Requests that the challenger had answered when it was taken off: in half of these runs no more
        than the first, in nine of ten no more than the second; None when it never was.
    """

    scenario: str
    n_runs: int
    n_tripped: int
    share: float
    low: float
    high: float
    first_rail: dict[str, int]
    delay_median: float | None
    delay_90: float | None


def simulate(
    settings: GuardSettings,
    *,
    n_runs: int = 200,
    share_per_mille: int = 200,
    horizon: int = 50_000,
    seed: int = 1,
    scenarios: Sequence[Scenario] = SCENARIOS,
    advance: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """Let the guards watch simulated challengers.

    Parameters
    ----------
    share_per_mille
        Applicants that the challenger gets, 1 to 999 of 1,000.
    horizon
        Requests to both arms until a run ends.
    advance
        Called for each run that is done.

    Raises
    ------
    SettingsInvalid
        When there is no run, no look within the horizon, or an arm gets nobody.
    """
    if n_runs < 1:
        raise SettingsInvalid(f"runs: expected at least 1, came {n_runs}")
    if not 0 < share_per_mille < 1_000:  # noqa: PLR2004 - per mille
        raise SettingsInvalid(f"share: expected 1 to 999 per mille, came {share_per_mille}")
    if horizon < LOOK_EVERY:
        raise SettingsInvalid(f"horizon: expected at least {LOOK_EVERY} requests, came {horizon}")
    outcomes = []
    for number, scenario in enumerate(scenarios):
        generator = np.random.default_rng([seed, number])
        runs = []
        edges = [*range(0, n_runs, _RUNS_AT_ONCE), n_runs]
        for first, behind in pairwise(edges):
            made = draw(scenario, generator, behind - first, horizon, share_per_mille / 1_000)
            runs.append(watch(made, settings))
            for _ in range(first, behind):
                advance()
        outcomes.append(_outcome(scenario, np.concatenate(runs)))
    return outcomes


def watch(made: Book, settings: GuardSettings) -> FloatArray:
    """Watch runs to their end: the challenger's requests when each rail first tripped.

    Returns
    -------
    Shape ``(n_runs, 4)``, in the order of :data:`~credit.experiment.guards.RAILS`; infinite where a rail
    never tripped.
    """
    n_requests = made.is_challenger.shape[1]
    looks = np.arange(LOOK_EVERY, n_requests + 1, LOOK_EVERY) - 1
    is_slow, is_timed = _slow(made, settings.n_learning)
    champion, challenger = (
        _columns(made, asked, is_slow, is_timed, looks)
        for asked in (~made.is_challenger, made.is_challenger)
    )
    first = np.full((made.is_challenger.shape[0], len(RAILS)), np.inf)
    for number, name in enumerate(RAILS):
        rail = settings.rail(name)
        if rail.weight == 0:
            continue
        alpha = settings.alpha_of(name, 1)
        _, low, high = differences(
            name, champion, challenger, alpha, settings.tightest_at, settings.least
        )
        has_tripped = tripped(name, low, high, rail.tolerance)
        found = has_tripped.any(axis=1)
        at = has_tripped.argmax(axis=1)
        first[found, number] = challenger.n_asked[found, at[found]]
    return first


def clopper_pearson(n_events: int, n: int, level: float = _LEVEL) -> tuple[float, float]:
    """Exact interval of a share, looked at once.

    References
    ----------
    Clopper, C. J., Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26, 404-413. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [round(bound, 4) for bound in clopper_pearson(0, 200)]
    [0.0, 0.0183]
    """
    tail = (1 - level) / 2
    low = 0.0 if n_events == 0 else float(betaincinv(n_events, n - n_events + 1, tail))
    high = 1.0 if n_events == n else float(betaincinv(n_events + 1, n - n_events, 1 - tail))
    return low, high


def _slow(made: Book, n_learning: int) -> tuple[BoolArray, BoolArray]:
    """Which answers were slow, and which came once it was known what slow is."""
    of_champion = ~made.is_challenger & ~made.has_failed
    number = np.cumsum(of_champion, axis=1)
    is_timed = (number >= n_learning) & ~made.has_failed
    # The decision that completes what is learned is itself no evidence.
    is_timed &= ~(of_champion & (number == n_learning))
    thresholds = []
    for run in range(len(number)):
        learned = made.latency_us[run][of_champion[run]][:n_learning]
        thresholds.append(float(slow_above(learned)) if learned.size == n_learning else math.inf)
    return made.latency_us > np.array(thresholds)[:, None], is_timed


def _columns(
    made: Book,
    asked: BoolArray,
    is_slow: BoolArray,
    is_timed: BoolArray,
    looks: IntArray,
) -> Columns:
    decided = asked & ~made.has_failed
    log_odds = np.where(decided, made.log_odds, 0.0)

    def until(values: NDArray[np.generic]) -> FloatArray:
        parts = values[:, : looks[-1] + 1].reshape(len(values), len(looks), LOOK_EVERY)
        return np.cumsum(parts.sum(axis=2, dtype=np.float64), axis=1)

    return Columns(
        n=until(decided),
        n_approved=until(decided & made.is_approved),
        log_odds=until(log_odds),
        log_odds_squared=until(log_odds * log_odds),
        n_timed=until(decided & is_timed),
        n_slow=until(decided & is_timed & is_slow),
        n_asked=until(asked),
        n_failed=until(asked & made.has_failed),
    )


def _outcome(scenario: Scenario, first: FloatArray) -> Outcome:
    earliest = first.min(axis=1)
    has_tripped = np.isfinite(earliest)
    delays = earliest[has_tripped]
    n_runs, n_tripped = len(first), int(np.count_nonzero(has_tripped))
    low, high = clopper_pearson(n_tripped, n_runs)
    is_first = has_tripped[:, None] & (first == earliest[:, None])
    return Outcome(
        scenario=scenario.name,
        n_runs=n_runs,
        n_tripped=n_tripped,
        share=n_tripped / n_runs,
        low=low,
        high=high,
        first_rail={
            name: int(n)
            for name, n in zip(RAILS, np.count_nonzero(is_first, axis=0), strict=True)
            if n
        },
        delay_median=float(np.median(delays)) if n_tripped else None,
        delay_90=float(np.quantile(delays, 0.9, method="inverted_cdf")) if n_tripped else None,
    )
