"""What was measured, as the pages, the screen and machines get it."""

from __future__ import annotations

from dataclasses import dataclass

from credit.experiment.comparison import Comparison
from credit.experiment.outcomes import Outcomes
from credit.experiment.swapset import SwapSet
from credit.metrics import Interval, LoanTerms


@dataclass(frozen=True, kw_only=True)
class ShadowFindings:
    """What a shadow would change.

    Attributes
    ----------
    bundle
        Of the shadow.
    answered_by
        The bundles that answered.
    first_created_at, last_created_at
        Of the decisions that were compared.
    unscored
        Records without a shadow score, by the reason, over all that the shadow has read.
    n_skipped
        Records that are older than the shadow was to begin with.
    n_own
        Decisions that the shadow's own bundle answered; they are not compared.
    note
        Why records of another contract were refused.
    exposure
        Column of the amount at risk; None: every loan counts as one.
    """

    name: str
    product: str
    bundle: str
    answered_by: tuple[str, ...]
    first_created_at: str
    last_created_at: str
    unscored: dict[str, int]
    n_skipped: int
    n_own: int
    note: str
    exposure: str | None
    swap: SwapSet


@dataclass(frozen=True, kw_only=True)
class RolloutFindings:
    """How a challenger compares with the champion.

    Attributes
    ----------
    begun_at, ended_at
        When the first generation of the experiment became active, and when its last one was replaced
        (None: it goes on).
    outcomes
        None where no outcomes were given.
    shadow
        What a shadow would change on the same applicants; None where none was named.
    terms
        What a loan brings and costs; None where it was not said.
    """

    comparison: Comparison
    begun_at: str
    ended_at: str | None
    outcomes: Outcomes | None
    shadow: ShadowFindings | None
    terms: LoanTerms | None

    @property
    def loss(self) -> tuple[Interval, Interval, Interval] | None:
        """Expected loss on each unit lent, where both arms approve as many; None without loan terms."""
        equal = self.comparison.equal_risk
        if equal is None or self.terms is None:
            return None
        share = self.terms.loss_given_default
        champion, challenger, difference = (_times(rate, share) for rate in equal.bad_rate)
        return champion, challenger, difference


def _times(rate: Interval, factor: float) -> Interval:
    return Interval(
        rate.estimate * factor,
        rate.low * factor,
        rate.high * factor,
        rate.n,
        rate.n_bads,
        rate.level,
    )
