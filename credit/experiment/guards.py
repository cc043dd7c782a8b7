"""Guard rails: when a challenger is so much worse than the champion that it must not answer any longer.

Four rails compare the two over the same decisions. Each has a tolerance, a difference that does no harm,
and trips when the difference is beyond it with what is known so far; the bounds hold at every look
(`credit.experiment.confidence`, `credit.experiment.rates`), so a rail may be looked at after every
decision. The probability that any rail of any challenger ever trips without such a difference is at most
``alpha``: rails and challengers share it (union bound).

=============== ============================================================= ==================
rail            compared                                                      bad when
=============== ============================================================= ==================
``errors``      requests that failed, of all that were asked                  higher
``latency``     answers slower than 95 of 100 of the champion's first ones    higher
``approval``    decisions to approve                                          higher or lower
``score_shift`` mean log-odds of PD                                           higher or lower
=============== ============================================================= ==================
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from credit.errors import SettingsInvalid
from credit.experiment.confidence import LEAST, TIGHTEST_AT
from credit.experiment.decisions import Decisions, decisions
from credit.experiment.rails import RAILS, Columns, RailName, differences, size, tripped
from credit.experiment.state import N_LEARNING, Arm, GuardState, update, with_requests
from credit.experiment.verdict import Verdict, verdict_of

__all__ = [
    "RAILS",
    "Arm",
    "Decisions",
    "GuardSettings",
    "GuardState",
    "RailName",
    "RailSettings",
    "Verdict",
    "decisions",
    "update",
    "verdicts",
    "with_requests",
]


@dataclass(frozen=True, slots=True)
class RailSettings:
    """What a rail allows, and its part of alpha.

    Attributes
    ----------
    tolerance
        Difference to the champion that does no harm, at least 0: of a share, or of log-odds.
    weight
        Its part of alpha is its weight of the sum of all weights; 0 turns the rail off.
    """

    tolerance: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < math.inf or not 0 <= self.weight < math.inf:
            raise SettingsInvalid(
                "a rail: expected a tolerance and a weight of at least 0, came tolerance "
                f"{self.tolerance:g}, weight {self.weight:g}"
            )


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What is watched for, and how sure a guard must be.

    The defaults suit lending decisions whose challenger is meant to decide much as the champion does.
    One that is meant to approve more needs wider `approval` and `score_shift`.

    Attributes
    ----------
    alpha
        Probability that a watch ever ends for no reason. At one rollout a week, 1 in 100 is a false
        alarm in two years.
    errors
        2 more of 1,000 requests fail.
    latency
        10 of 100 answers are slower than 95 of 100 of the champion's were, instead of 5.
    approval
        5 more or fewer of 100 are approved: what makes a lender look.
    score_shift
        The odds of default are a tenth higher or lower, exp(0.1), in the mean.
    least
        Decisions of each arm below which `score_shift` says nothing. The others compare shares, with bounds
        that are exact from the first decision on.
    tightest_at
        Decisions (``n₁n₀ / (n₁ + n₀)`` of both arms) at which `score_shift` sees most.
    n_learning
        First decisions of the champion, from which `latency` learns what slow is.
    """

    alpha: float = 0.01
    errors: RailSettings = RailSettings(0.002)
    latency: RailSettings = RailSettings(0.05)
    approval: RailSettings = RailSettings(0.05)
    score_shift: RailSettings = RailSettings(0.10)
    least: int = LEAST
    tightest_at: float = TIGHTEST_AT
    n_learning: int = N_LEARNING

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise SettingsInvalid(f"alpha: expected within (0, 1), came {self.alpha:g}")
        if sum(self.rail(name).weight for name in RAILS) <= 0:
            raise SettingsInvalid("rails: expected a weight above 0 on one of them, came none")
        for name in ("least", "tightest_at", "n_learning"):
            if not getattr(self, name) >= 2:  # noqa: PLR2004 - one value has neither spread nor order
                raise SettingsInvalid(f"{name}: expected at least 2, came {getattr(self, name):g}")

    def rail(self, name: RailName) -> RailSettings:
        """Settings of one rail."""
        found: RailSettings = getattr(self, name)
        return found

    def alpha_of(self, name: RailName, n_challengers: int) -> float:
        """Probability that one rail of one challenger may ever trip for no reason."""
        weights = sum(self.rail(each).weight for each in RAILS)
        return self.alpha * self.rail(name).weight / weights / n_challengers


def verdicts(
    state: GuardState, settings: GuardSettings, *, arm: str, n_challengers: int = 1
) -> list[Verdict]:
    """Say of each rail where the challenger stands; :attr:`Verdict.tripped` is what to act on.

    Parameters
    ----------
    arm
        Name of the challenger.
    n_challengers
        Challengers that are watched at the same time: they share alpha.

    Raises
    ------
    SettingsInvalid
        When there is no challenger.
    """
    if n_challengers < 1:
        raise SettingsInvalid(f"n_challengers: expected at least 1, came {n_challengers}")
    champion, challenger = Columns.of(state.champion), Columns.of(state.challenger)
    told = []
    for name in RAILS:
        if settings.rail(name).weight == 0:
            continue
        alpha = settings.alpha_of(name, n_challengers)
        estimate, low, high = differences(
            name, champion, challenger, alpha, settings.tightest_at, settings.least
        )
        is_tripped = tripped(name, low, high, settings.rail(name).tolerance)
        told.append(
            verdict_of(
                arm,
                name,
                difference=(float(estimate), float(low), float(high)),
                n=(size(name, state.challenger), size(name, state.champion)),
                tolerance=settings.rail(name).tolerance,
                is_tripped=bool(is_tripped),
            )
        )
    return told
