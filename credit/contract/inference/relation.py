"""How one column alone goes with the outcome."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from credit.contract.inference.profile import Values
from credit.metrics import auc
from credit.metrics.ranks import equal_mass_bins

Labels = npt.NDArray[np.float64]
Direction = Literal["increasing", "decreasing"]

FEWEST_PER_CLASS = 20
"""With fewer goods or bads, an AUC near 1 is luck."""

N_BINS = 5
FEWEST_PER_BIN = 50

AGAINST = 1.645
"""A step against the direction of more standard errors than this denies it (one-sided 5%)."""

APART = 4.0
"""The outer bins must differ by this many standard errors, since many columns are looked at."""


def number_auc(values: Values, labels: Labels) -> float:
    """Return the AUC of a number or of its being missing, whichever says more, in either direction.

    Parameters
    ----------
    values
        Shape (n_rows,), NaN for missing.
    labels
        Shape (n_rows,), 1 = bad.

    Returns
    -------
    Between 0.5 and 1; NaN where neither can be judged.
    """
    missing = np.isnan(values)
    found = [
        _auc(values[~missing], labels[~missing]),
        _auc(missing.astype(np.float64), labels) if missing.any() else math.nan,
    ]
    return max((max(a, 1 - a) for a in found if not math.isnan(a)), default=math.nan)


def category_auc(places: Values, labels: Labels) -> float:
    """Return the AUC of a category, each row rated by the bad rate of its code among other rows.

    Rows at even places are rated by those at odd places and the other way round: rated by itself, a
    column of many rare codes would seem to know the outcome.
    """
    codes = np.where(np.isnan(places), -1, places).astype(np.int64) + 1
    even = np.arange(len(codes)) % 2 == 0
    mean = labels.mean()
    risk = np.empty(len(codes))
    for rated in (even, ~even):
        n = np.bincount(codes[~rated], minlength=codes.max() + 1)
        bads = np.bincount(codes[~rated], weights=labels[~rated], minlength=codes.max() + 1)
        risk[rated] = ((bads + mean) / (n + 1))[codes[rated]]
    return _auc(risk, labels)


def clear_direction(values: Values, labels: Labels) -> tuple[Direction, float, float] | None:
    """Return the direction of a number's relation when it is clearly monotone.

    The values fall into five bins of equal mass. The bad rate may not step back between neighbours by
    more than chance explains, and must differ clearly between the outer bins.

    Returns
    -------
    The direction, and the bad rates of the lowest and the highest bin; None when there is none.
    """
    present = np.isfinite(values)
    values, labels = values[present], labels[present]
    if len(values) < N_BINS * FEWEST_PER_BIN:
        return None
    bins = equal_mass_bins(values, N_BINS)
    n = np.bincount(bins, minlength=N_BINS)
    bads = np.bincount(bins, weights=labels, minlength=N_BINS)
    filled = n >= FEWEST_PER_BIN
    if filled.sum() < 2:  # noqa: PLR2004 (one bin has no direction)
        return None
    n, rate = n[filled], bads[filled] / n[filled]
    variance = labels.mean() * (1 - labels.mean()) / n
    steps = np.diff(rate) / np.sqrt(variance[1:] + variance[:-1])
    apart = float(rate[-1] - rate[0]) / math.sqrt(variance[0] + variance[-1])
    if abs(apart) < APART or (steps * math.copysign(1, apart) < -AGAINST).any():
        return None
    return ("increasing" if apart > 0 else "decreasing"), float(rate[0]), float(rate[-1])


def _auc(risk: Values, labels: Labels) -> float:
    n_bads = int(labels.sum())
    if min(n_bads, len(labels) - n_bads) < FEWEST_PER_CLASS:
        return math.nan
    return auc(labels, risk)
