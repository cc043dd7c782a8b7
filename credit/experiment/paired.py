"""Tests for two models that judged the same applicants.

They hold for a shadow, which scored what another model answered. Arms of a rollout hold different
applicants and need `credit.experiment.clustered`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError
from credit.metrics.sample import as_numbers


@dataclass(frozen=True, slots=True)
class PairedTest:
    """One test of "no difference".

    Attributes
    ----------
    statistic
        What was compared: pairs that differ (McNemar), t, or the smaller sum of ranks.
    p_value
        Two-sided; 1 where nothing differs at all.
    n
        Pairs that the test rests on.
    """

    name: str
    statistic: float
    p_value: float
    n: int


def mcnemar_exact(n_first_only: int, n_second_only: int) -> PairedTest:
    """Test whether two models say yes equally often, from the pairs on which they disagree.

    If they do, either is as likely the one that says yes: the smaller count is binomial with
    ``n = b + c`` and 1/2, and ``p = min(1, 2 P(X <= min(b, c)))``.

    Parameters
    ----------
    n_first_only, n_second_only
        Applicants to whom only the first, and only the second model says yes.

    Raises
    ------
    DataError
        A count below 0.

    References
    ----------
    McNemar, Q. (1947). Note on the sampling error of the difference between correlated proportions or
    percentages. Psychometrika 12, 153-157. doi:10.1007/BF02295996

    Examples
    --------
    >>> round(mcnemar_exact(1, 9).p_value, 6)
    0.021484
    """
    from scipy.stats import binom

    if min(n_first_only, n_second_only) < 0:
        raise DataError(f"expected counts, came {n_first_only} and {n_second_only}")
    n, smaller = n_first_only + n_second_only, min(n_first_only, n_second_only)
    p_value = min(1.0, 2 * float(binom.cdf(smaller, n, 0.5))) if n else 1.0
    return PairedTest("McNemar, exact", float(smaller), p_value, n)


def paired_t(differences: ArrayLike) -> PairedTest:
    """Student's t test of a mean difference of zero, ``t = mean / (s / √n)`` on ``n - 1`` degrees.

    Raises
    ------
    DataError
        Fewer than two differences, or one that is not finite.
    """
    from scipy.stats import t

    values = _finite(differences)
    spread = float(values.std(ddof=1))
    mean = float(values.mean())
    if spread == 0:
        certain = 1.0 if mean == 0 else 0.0
        return PairedTest(
            "paired t", math.copysign(math.inf, mean) if mean else 0.0, certain, len(values)
        )
    statistic = mean / (spread / math.sqrt(len(values)))
    p_value = 2 * float(t.sf(abs(statistic), len(values) - 1))
    return PairedTest("paired t", statistic, p_value, len(values))


def wilcoxon(differences: ArrayLike) -> PairedTest:
    """Wilcoxon's signed-rank test of differences that lie around zero alike on both sides.

    Differences of zero are left out; ties share their mean rank. Unlike the t test it does not hang on
    a few scores that moved far.

    Raises
    ------
    DataError
        As :func:`paired_t`.

    References
    ----------
    Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1, 80-83.
    doi:10.2307/3001968
    """
    from scipy import stats

    values = _finite(differences)
    values = values[values != 0]
    if not len(values):
        return PairedTest("Wilcoxon", 0.0, 1.0, 0)
    # scipy takes exact p-values from a table for small samples without ties, the normal ones otherwise.
    found = stats.wilcoxon(values)
    return PairedTest("Wilcoxon", float(found.statistic), float(found.pvalue), len(values))


def _finite(differences: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    values = as_numbers(differences, "differences")
    if len(values) < 2 or not np.isfinite(values).all():  # noqa: PLR2004 - one has no spread
        raise DataError(f"differences: expected at least 2 finite numbers, came {len(values)}")
    return values
