"""What wrong decisions cost, and the cut-off that makes them cheapest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import SettingsInvalid
from credit.metrics.interval import Interval
from credit.metrics.means import mean_interval
from credit.metrics.sample import checked_probabilities, declined_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Cost of each wrong decision, in any one unit; right decisions cost nothing.

    Attributes
    ----------
    false_negative
        Cost of approving a bad.
    false_positive
        Cost of declining a good.
    """

    false_negative: float
    false_positive: float

    def __post_init__(self) -> None:
        for name, cost in (
            ("false_negative", self.false_negative),
            ("false_positive", self.false_positive),
        ):
            if not (math.isfinite(cost) and cost > 0):
                raise SettingsInvalid(f"cost {name}: expected a positive number, came {cost}")


def bayes_cutoff(cost_false_negative: float, cost_false_positive: float) -> float:
    """PD at and above which declining is the cheaper decision.

    Approving costs ``PD · FN`` on average, declining ``(1 - PD) · FP``; they are equal at ``FP /
    (FP + FN)``. It holds for calibrated PDs only.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI 17, 973-978.

    Examples
    --------
    >>> bayes_cutoff(10, 1) == 1 / 11
    True
    """
    costs = Costs(false_negative=cost_false_negative, false_positive=cost_false_positive)
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def expected_cost(y: ArrayLike, prob: ArrayLike, cutoff: float, costs: Costs) -> float:
    """Mean cost per applicant when every PD at or above the cut-off is declined.

    ``(FN · bads approved + FP · goods declined) / n``. A cut-off of 0 declines everyone, one above
    1 approves everyone: the two policies that a model has to beat.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`.
    SettingsInvalid
        The cut-off is NaN.
    """
    bad, values = checked_probabilities(y, prob)
    declined = declined_at(values, cutoff)
    bads_approved = int(np.count_nonzero(bad & ~declined))
    goods_declined = int(np.count_nonzero(~bad & declined))
    total = costs.false_negative * bads_approved + costs.false_positive * goods_declined
    return total / bad.size


def expected_cost_interval(
    y: ArrayLike, prob: ArrayLike, cutoff: float, costs: Costs, level: float = 0.95
) -> Interval:
    """:func:`expected_cost` with the normal interval of a mean, not below 0.

    It holds for a cut-off fixed beforehand. For one chosen on the same rows it is too hopeful.
    """
    bad, values = checked_probabilities(y, prob)
    declined = declined_at(values, cutoff)
    paid = costs.false_negative * (bad & ~declined) + costs.false_positive * (~bad & declined)
    return mean_interval(paid, bad, level, lowest=0.0)
