"""What lending earns: interest from goods, losses from bads, at every cut-off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.cutoffs import distinct_cutoffs
from credit.metrics.interval import Interval
from credit.metrics.means import mean_interval, pointwise_bounds
from credit.metrics.sample import (
    BoolArray,
    FloatArray,
    as_numbers,
    checked_probabilities,
    declined_at,
)
from credit.metrics.ties import tie_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """What one unit lent brings, over the whole life of the loan.

    Attributes
    ----------
    interest_income
        Share of the amount that a good earns the lender after funding and running costs: 0.12 for
        twelve per cent.
    loss_given_default
        Share of the amount that a bad costs after recoveries and the interest it did pay. It may
        exceed 1 where collection costs more than it brings.
    """

    interest_income: float
    loss_given_default: float

    def __post_init__(self) -> None:
        for name, share in (
            ("interest_income", self.interest_income),
            ("loss_given_default", self.loss_given_default),
        ):
            if not (math.isfinite(share) and share > 0):
                raise SettingsInvalid(f"{name}: expected a positive share, came {share}")

    @property
    def break_even(self) -> float:
        """PD at which lending earns nothing, ``i / (i + LGD)``: the most profitable cut-off.

        It is :func:`~credit.metrics.cost.bayes_cutoff` with LGD for a bad approved and i, the
        interest forgone, for a good declined. It holds for calibrated PDs, whatever the amounts.
        """
        return self.interest_income / (self.interest_income + self.loss_given_default)


@dataclass(frozen=True, slots=True, eq=False)
class ProfitCurve:
    """Profit at every cut-off that decides differently.

    Attributes
    ----------
    cutoffs
        Shape ``(n_distinct + 1,)``, as in :class:`~credit.metrics.cutoffs.CostCurve`.
    approval_rate
        Share of applicants approved at each, same shape, from 0 to 1.
    profit
        Mean profit per applicant, the declined included, in the unit of the amounts.
    low, high
        Interval of each, as :func:`profit` gives it: for one cut-off stated beforehand, not for the
        most profitable.
    """

    cutoffs: FloatArray
    approval_rate: FloatArray
    profit: FloatArray
    low: FloatArray
    high: FloatArray


def profit(
    y: ArrayLike,
    prob: ArrayLike,
    cutoff: float,
    terms: LoanTerms,
    amount: ArrayLike = 1.0,
    level: float = 0.95,
) -> Interval:
    """Mean profit per applicant when every PD at or above the cut-off is declined.

    An approved good earns ``interest_income · amount``, an approved bad loses ``loss_given_default
    · amount``, a declined applicant earns nothing. The interval is the normal one of a mean, for a
    cut-off fixed beforehand.

    Parameters
    ----------
    y, prob
        Target and PDs, shape ``(n_applicants,)``.
    cutoff
        0 declines everyone and earns 0; a number above 1 approves everyone.
    amount
        Lent to each, positive: one number for all, or shape ``(n_applicants,)``. With 1 the profit
        is a share of what one applicant asks for.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`; or an amount that is not positive
        and finite.
    SettingsInvalid
        The cut-off is NaN.

    Examples
    --------
    >>> terms = LoanTerms(interest_income=0.1, loss_given_default=0.5)
    >>> round(profit([0, 0, 1, 0], [0.1, 0.1, 0.1, 0.9], 0.5, terms, amount=100).estimate, 9)
    -7.5
    """
    bad, values = checked_probabilities(y, prob)
    if_approved = _if_approved(bad, terms, amount)
    earned = np.where(declined_at(values, cutoff), 0.0, if_approved)
    return mean_interval(earned, bad, level)


def profit_curve(
    y: ArrayLike,
    prob: ArrayLike,
    terms: LoanTerms,
    amount: ArrayLike = 1.0,
    level: float = 0.95,
) -> ProfitCurve:
    """Compute :func:`profit` at every distinct PD in one pass.

    Raises
    ------
    DataError
        As :func:`profit`.
    """
    bad, values = checked_probabilities(y, prob)
    runs = tie_runs(bad, values)
    if_approved = _if_approved(bad, terms, amount)
    total = np.append(0.0, np.cumsum(np.bincount(runs.run, weights=if_approved)))
    squares = np.append(0.0, np.cumsum(np.bincount(runs.run, weights=if_approved**2)))
    low, high = pointwise_bounds(total, squares, bad.size, level)
    return ProfitCurve(
        cutoffs=distinct_cutoffs(runs.values),
        approval_rate=np.append(0, np.cumsum(runs.goods + runs.bads)) / bad.size,
        profit=total / bad.size,
        low=low,
        high=high,
    )


def _if_approved(bad: BoolArray, terms: LoanTerms, amount: ArrayLike) -> FloatArray:
    amounts = as_numbers(np.atleast_1d(np.asarray(amount)), "amount")
    if amounts.size not in (1, bad.size):
        raise DataError(
            "amount: expected one number, or one per row of the target,"
            f" came {amounts.size} for {bad.size} rows"
        )
    n_other = int(np.count_nonzero(~(np.isfinite(amounts) & (amounts > 0))))
    if n_other:
        raise DataError(f"amount: expected positive numbers, {n_other} of {amounts.size} are not")
    earned: FloatArray = np.where(bad, -terms.loss_given_default, terms.interest_income) * amounts
    return earned
