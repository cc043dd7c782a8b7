"""Two models at the same appetite: what one expects to lose where both approve as many, and the reverse.

A model that approves fewer shows a lower expected bad rate without being better. So the arms are brought
to one approval rate, safest first, and to one expected bad rate. Each model is measured by its own PDs:
who of them is right, only outcomes say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.experiment.sums import FloatArray
from credit.metrics import Interval
from credit.metrics.sample import BoolArray

RESAMPLES = 400


@dataclass(frozen=True, kw_only=True)
class EqualRisk:
    """First: champion; second: challenger; third: the second less the first.

    Attributes
    ----------
    approval
        The lower approval rate of the two arms, to which both are cut.
    bad_rate
        Expected bad rate of the safest `approval` of each arm, by its own PDs.
    risk
        The champion's expected bad rate among those it approves.
    approved
        Share of its applicants that each arm could approve with an expected bad rate of at most `risk`.
    """

    approval: float
    bad_rate: tuple[Interval, Interval, Interval]
    risk: float
    approved: tuple[Interval, Interval, Interval]


def at_equal_risk(
    pd: FloatArray, approved: BoolArray, is_challenger: BoolArray, *, seed: int = 0
) -> EqualRisk | None:
    """Bring two arms to the same approval rate, and to the same expected bad rate.

    Intervals hold the middle 95% of a bootstrap over applicants, one row each, with Poisson weights; the
    rates to which both are brought are kept as they were seen.

    Parameters
    ----------
    pd, approved, is_challenger
        One row an applicant.

    Returns
    -------
    None when an arm has approved nobody.

    References
    ----------
    Hanley, J. A., MacGibbon, B. (2006). Creating non-parametric bootstrap samples using Poisson
    frequencies. Computer Methods and Programs in Biomedicine 83, 57-62. doi:10.1016/j.cmpb.2006.04.006
    """
    sides = [~is_challenger, is_challenger]
    if not all((approved & side).any() for side in sides):
        return None
    approval = min(float(approved[side].mean()) for side in sides)
    risk = float(pd[~is_challenger & approved].mean())
    generator = np.random.default_rng(seed)
    drawn = [_drawn(np.sort(pd[side]), approval, risk, generator) for side in sides]
    sizes = [int(np.count_nonzero(side)) for side in sides]
    return EqualRisk(
        approval=approval,
        bad_rate=_three(drawn[0][:, 0], drawn[1][:, 0], sizes),
        risk=risk,
        approved=_three(drawn[0][:, 1], drawn[1][:, 1], sizes),
    )


def _drawn(
    ordered: FloatArray, approval: float, risk: float, generator: np.random.Generator
) -> FloatArray:
    """Both figures of one arm: those seen, then those of each resample; shape ``(1 + RESAMPLES, 2)``."""
    found = [_figures(ordered, np.ones(len(ordered)), approval, risk)]
    for _ in range(RESAMPLES):
        weights = generator.poisson(1.0, len(ordered)).astype(np.float64)
        found.append(_figures(ordered, weights, approval, risk))
    return np.array(found)


def _figures(
    ordered: FloatArray, weights: FloatArray, approval: float, risk: float
) -> tuple[float, float]:
    total = float(weights.sum())
    if total == 0:
        return float("nan"), float("nan")
    n, expected = np.cumsum(weights), np.cumsum(weights * ordered)
    # The applicant at the edge counts by the part of him that is needed.
    bads = np.interp(approval * total, np.append(0, n), np.append(0, expected))
    rates = expected / np.maximum(n, 1)
    # Safest first the mean only rises, so whoever can be approved stands in front.
    last = int(np.searchsorted(rates, risk * (1 + 1e-12), side="right"))
    share = float(n[last - 1] / total) if last else 0.0
    return float(bads / (approval * total)), share


def _three(
    first: FloatArray, second: FloatArray, sizes: list[int]
) -> tuple[Interval, Interval, Interval]:
    return (
        _percentile(first, sizes[0]),
        _percentile(second, sizes[1]),
        _percentile(second - first, sum(sizes)),
    )


def _percentile(drawn: FloatArray, n: int) -> Interval:
    low, high = np.nanquantile(drawn[1:], [0.025, 0.975])
    return Interval(float(drawn[0]), float(low), float(high), n, 0)
