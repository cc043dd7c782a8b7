"""What would change if another model decided: who is swapped in, who out, and what that costs.

Both models judged the same applicants, so differences are paired. *Swap-ins* were not approved and
the other model would approve them; *swap-outs* were approved and it would not. A review is no approval.

What became of swap-outs can be known, what would have become of swap-ins never: nobody lent to them.
Their bad rate is therefore a bracket, from one model's view to the other's. The model that chose them
thinks them better than they are, because it chose them; the one that refused them thinks them worse.
Where both are calibrated on the whole book, the truth usually lies between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.errors import DataError
from credit.experiment.clustered import clustered_mean
from credit.experiment.differences import (
    ReasonFlips,
    ScoreDifferences,
    reason_flips,
    score_differences,
    share_of,
)
from credit.experiment.paired import PairedTest, mcnemar_exact, paired_t, wilcoxon
from credit.experiment.pairedscores import DECISIONS, PairedScores
from credit.metrics import Interval, LoanTerms, wilson_interval
from credit.metrics.sample import BoolArray, FloatArray

GROUPS = ("both approve", "swap-in", "swap-out", "neither approves")
LEAST = 2
"""Rows below which a group has counts and no intervals."""


@dataclass(frozen=True, kw_only=True)
class Money:
    """What approving a group is expected to bring, in the unit of the exposure.

    Attributes
    ----------
    exposure
        Sum over the group; the number of loans where no exposure is given.
    n_unknown
        Decisions whose exposure is not known; they are in no sum.
    answered_loss, shadow_loss
        Expected loss ``Σ exposure · LGD · PD`` under either model's PD.
    answered_profit, shadow_profit
        ``Σ exposure · (i (1 - PD) - LGD · PD)``.
    """

    exposure: float
    n_unknown: int
    answered_loss: float
    shadow_loss: float
    answered_profit: float
    shadow_profit: float


@dataclass(frozen=True, kw_only=True)
class Group:
    """Applicants whom the two models treat in one of four ways.

    Attributes
    ----------
    share
        Of all decisions (Wilson).
    answered_pd, shadow_pd
        Expected bad rate in either model's view; None with fewer than two applicants.
    bracket
        The lower and the higher of the two views.
    observed
        Bad rate that came, of those whose outcome is known; None where none is, and for whoever was not
        approved, always.
    """

    name: str
    n: int
    share: Interval
    answered_pd: Interval | None
    shadow_pd: Interval | None
    bracket: tuple[float, float] | None
    observed: Interval | None
    money: Money | None


@dataclass(frozen=True, kw_only=True)
class SwapSet:
    """Everything that another model would change.

    Attributes
    ----------
    n, n_applicants
        Decisions, and the applicants they were about.
    matrix
        Counts by what was answered, then by what the shadow would decide.
    disagree
        Share of decisions that would be another one (Wilson).
    approval_change
        Approval rate of the shadow less that answered, clustered by applicant.
    profit_change
        Expected profit if the shadow decided, less that now, over all decisions, with its interval: in the
        view of the PDs that were answered, and in the shadow's. None without loan terms.
    per_loan
        Whether money is counted in loans, because no exposure was given.
    """

    n: int
    n_applicants: int
    matrix: dict[str, dict[str, int]]
    groups: tuple[Group, ...]
    disagree: Interval
    approved_answered: Interval
    approved_shadow: Interval
    approval_change: Interval
    profit_change: tuple[Interval, Interval] | None
    per_loan: bool
    reasons: tuple[ReasonFlips, ...]
    scores: ScoreDifferences
    tests: tuple[PairedTest, ...]
    terms: LoanTerms | None

    def group(self, name: str) -> Group:
        """Return one of `GROUPS`."""
        return next(group for group in self.groups if group.name == name)


def swap_set(paired: PairedScores, terms: LoanTerms | None = None) -> SwapSet:
    """Compare what was answered with what another model says of the same applicants.

    Parameters
    ----------
    terms
        What a loan brings and costs; without them nothing is said in money.

    Raises
    ------
    DataError
        Decisions on fewer than two applicants.
    """
    n_applicants = len(np.unique(paired.applicants))
    if n_applicants < LEAST:
        raise DataError(f"expected decisions on at least two applicants, came {n_applicants}")
    then, now = paired.answered_decision == "approve", paired.shadow_decision == "approve"
    masks = dict(zip(GROUPS, (then & now, ~then & now, then & ~now, ~then & ~now), strict=True))
    differences = paired.shadow_score - paired.answered_score
    n = len(paired)
    return SwapSet(
        n=n,
        n_applicants=n_applicants,
        matrix=_matrix(paired),
        groups=tuple(_group(name, mask, paired, terms) for name, mask in masks.items()),
        disagree=share_of(paired.answered_decision != paired.shadow_decision),
        approved_answered=share_of(then),
        approved_shadow=share_of(now),
        approval_change=clustered_mean(
            now.astype(np.float64) - then.astype(np.float64), paired.applicants
        ),
        profit_change=None if terms is None else _profit_change(paired, then, now, terms),
        per_loan=paired.exposure is None,
        reasons=reason_flips(
            paired.answered_reasons, paired.shadow_reasons, masks["neither approves"]
        ),
        scores=score_differences(differences, paired.applicants),
        tests=(
            mcnemar_exact(int(masks["swap-out"].sum()), int(masks["swap-in"].sum())),
            paired_t(differences),
            wilcoxon(differences),
        ),
        terms=terms,
    )


def _matrix(paired: PairedScores) -> dict[str, dict[str, int]]:
    return {
        then: {
            now: int(
                np.count_nonzero(
                    (paired.answered_decision == then) & (paired.shadow_decision == now)
                )
            )
            for now in DECISIONS
        }
        for then in DECISIONS
    }


def _group(name: str, mask: BoolArray, paired: PairedScores, terms: LoanTerms | None) -> Group:
    who = paired.applicants[mask]
    enough = len(np.unique(who)) >= LEAST
    views = [clustered_mean(pd[mask], who) if enough else None for pd in _views(paired)]
    means = [float(pd[mask].mean()) for pd in _views(paired) if mask.any()]
    return Group(
        name=name,
        n=int(np.count_nonzero(mask)),
        share=share_of(mask),
        answered_pd=views[0],
        shadow_pd=views[1],
        bracket=(min(means), max(means)) if means else None,
        observed=_observed(mask & (paired.answered_decision == "approve"), paired.bad),
        money=None if terms is None else _money(mask, paired, terms),
    )


def _views(paired: PairedScores) -> tuple[FloatArray, FloatArray]:
    return paired.answered_pd, paired.shadow_pd


def _observed(mask: BoolArray, bad: FloatArray | None) -> Interval | None:
    if bad is None:
        return None
    known = bad[mask & np.isfinite(bad)]
    return wilson_interval(int(known.sum()), len(known)) if len(known) else None


def _exposures(paired: PairedScores) -> FloatArray:
    return np.ones(len(paired)) if paired.exposure is None else paired.exposure


def _profit(pd: FloatArray, exposure: FloatArray, terms: LoanTerms) -> FloatArray:
    """Expected profit of approving, per decision; zero where the exposure is not known."""
    each = terms.interest_income * (1 - pd) - terms.loss_given_default * pd
    return np.where(np.isfinite(exposure), exposure * each, 0.0)


def _money(mask: BoolArray, paired: PairedScores, terms: LoanTerms) -> Money:
    exposure = _exposures(paired)[mask]
    known = np.isfinite(exposure)
    views = [pd[mask] for pd in _views(paired)]
    losses = [float(np.sum(exposure[known] * pd[known])) * terms.loss_given_default for pd in views]
    profits = [float(_profit(pd, exposure, terms).sum()) for pd in views]
    return Money(
        exposure=float(exposure[known].sum()),
        n_unknown=int(np.count_nonzero(~known)),
        answered_loss=losses[0],
        shadow_loss=losses[1],
        answered_profit=profits[0],
        shadow_profit=profits[1],
    )


def _profit_change(
    paired: PairedScores, then: BoolArray, now: BoolArray, terms: LoanTerms
) -> tuple[Interval, Interval]:
    direction = now.astype(np.float64) - then.astype(np.float64)
    first, second = (
        _times(
            clustered_mean(direction * _profit(pd, _exposures(paired), terms), paired.applicants),
            len(paired),
        )
        for pd in _views(paired)
    )
    return first, second


def _times(mean: Interval, n: int) -> Interval:
    return Interval(mean.estimate * n, mean.low * n, mean.high * n, mean.n, 0, mean.level)
