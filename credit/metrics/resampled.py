"""What folds of one data set say, although they share most of their training rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.sample import FloatArray, as_numbers


@dataclass(frozen=True, slots=True)
class ResampledTest:
    """Mean difference of two procedures over folds.

    Attributes
    ----------
    difference
        Mean of the differences with its interval.
    t, degrees_of_freedom
        Corrected statistic, and the number of folds less one.
    p_value
        Two-sided, of no difference.
    """

    difference: Interval
    t: float
    degrees_of_freedom: int
    p_value: float


def corrected_resampled_t(
    differences: ArrayLike,
    n_train: int,
    n_test: int,
    level: float = 0.95,
    *,
    n_bads: int = 0,
) -> ResampledTest:
    """Test two procedures on their differences per fold, with the correction for shared rows.

    With J folds, mean d and standard deviation s of their differences::

        t = d / √((1/J + n_test/n_train) s²),  J - 1 degrees of freedom

    Folds train on overlapping rows, so their differences are correlated and the plain t test, which
    has ``1/J`` alone, finds differences where there are none. It compares *procedures* (fit this
    way or that); for two finished models use :func:`~credit.metrics.delong.delong_test`.

    Parameters
    ----------
    differences
        One per fold, shape ``(n_folds,)``, at least two: the metric of the first procedure less
        that of the second, on the same fold. Folds may be repeated.
    n_train, n_test
        Rows that a fold is trained and tested on.
    n_bads
        Bads among the rows, to be shown with the interval; 0 when not told.

    Raises
    ------
    DataError
        Fewer than two folds, a difference that is not finite, or differences that are all equal
        and not 0: their spread says nothing.
    SettingsInvalid
        ``n_train`` or ``n_test`` is below 1.

    References
    ----------
    Nadeau, C., Bengio, Y. (2003). Inference for the generalization error. Machine Learning 52,
    239-281. doi:10.1023/A:1024068626366
    """
    from scipy.special import stdtr

    folds = _checked_folds(differences, "differences")
    if np.ptp(folds) == 0 and folds[0] != 0:
        raise DataError(
            f"differences: expected folds that differ, all {folds.size} are equal;"
            " check that they come from different folds"
        )
    interval = fold_interval(folds, n_train, n_test, level, n_bads=n_bads)
    error = _corrected_error(folds, n_train, n_test)
    t = interval.estimate / error if error > 0 else 0.0
    return ResampledTest(
        difference=interval,
        t=t,
        degrees_of_freedom=folds.size - 1,
        p_value=float(2 * stdtr(folds.size - 1, -abs(t))),
    )


def fold_interval(
    values: ArrayLike,
    n_train: int,
    n_test: int,
    level: float = 0.95,
    *,
    n_bads: int = 0,
) -> Interval:
    """Mean of a metric over folds, such as AUC, with the interval of :func:`corrected_resampled_t`.

    ``mean ± t √((1/J + n_test/n_train) s²)`` with J - 1 degrees of freedom. It is not cut to the
    range of the metric, which it does not know. Folds that all agree give no width, which is surer
    than anyone can be.

    Parameters
    ----------
    values
        The metric on each fold, shape ``(n_folds,)``, at least two.
    n_train, n_test, n_bads
        As for :func:`corrected_resampled_t`; ``n`` of the interval is ``n_train + n_test``.
    """
    from scipy.special import stdtrit

    normal_quantile(level)
    folds = _checked_folds(values, "values")
    estimate = float(folds.mean())
    error = _corrected_error(folds, n_train, n_test)
    half = float(stdtrit(folds.size - 1, (1 + level) / 2)) * error
    return Interval(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        n=n_train + n_test,
        n_bads=n_bads,
        level=level,
    )


def _corrected_error(folds: FloatArray, n_train: int, n_test: int) -> float:
    for name, rows in (("n_train", n_train), ("n_test", n_test)):
        if rows < 1:
            raise SettingsInvalid(f"{name}: expected at least 1 row, came {rows}")
    # Equal values have no spread, but their mean may miss them by a rounding.
    if np.ptp(folds) == 0:
        return 0.0
    return math.sqrt((1 / folds.size + n_test / n_train) * float(folds.var(ddof=1)))


def _checked_folds(values: ArrayLike, name: str) -> FloatArray:
    folds = as_numbers(values, name)
    if folds.size < 2:  # noqa: PLR2004 (a spread needs two values)
        raise DataError(f"{name}: expected at least two folds, came {folds.size}")
    n_other = int(np.count_nonzero(~np.isfinite(folds)))
    if n_other:
        raise DataError(f"{name}: expected finite numbers, {n_other} of {folds.size} are not")
    return folds
