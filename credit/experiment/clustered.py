"""Means, and differences of means, when several rows may belong to one applicant.

Rows of one applicant are alike, so ten rows of him say less than ten applicants. Their deviations are
added up per applicant before they are squared; with one row each this is the ordinary standard error.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit.errors import DataError
from credit.metrics import Interval
from credit.metrics.sample import FloatArray, as_numbers


def clustered_mean(values: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Mean with an interval that allows rows of one cluster to be alike.

    ``Var = C / (C - 1) · Σ_c (Σ_{i in c} (y_i - mean))² / n²`` over C clusters, and Student's t on
    ``C - 1`` degrees of freedom.

    Parameters
    ----------
    values
        Shape ``(n_rows,)``, finite.
    clusters
        Whom each row belongs to, same shape.

    Raises
    ------
    DataError
        Fewer than two clusters, or a value that is not finite.

    References
    ----------
    Cameron, A. C., Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of
    Human Resources 50, 317-372. doi:10.3368/jhr.50.2.317
    """
    numbers = _checked(values)
    mean = float(numbers.mean())
    return _interval(mean, (numbers - mean) / len(numbers), clusters, level)


def clustered_difference(
    values: ArrayLike, is_second: ArrayLike, clusters: ArrayLike, level: float = 0.95
) -> Interval:
    """Difference of two means, second less first, clustered as :func:`clustered_mean`.

    A cluster may have rows on both sides: its deviations from the two means are then added with
    opposite signs. This is the cluster-robust interval of the slope of a regression on the arm.

    Parameters
    ----------
    is_second
        Which rows are on the second side, shape ``(n_rows,)``.

    Raises
    ------
    DataError
        As :func:`clustered_mean`, or one side is empty.
    """
    numbers = _checked(values)
    second = np.asarray(is_second, dtype=np.bool_)
    n_second = int(np.count_nonzero(second))
    n_first = len(numbers) - n_second
    if not (n_first and n_second):
        raise DataError(f"expected rows on both sides, came {n_first} and {n_second}")
    first_mean, second_mean = float(numbers[~second].mean()), float(numbers[second].mean())
    share = np.where(second, (numbers - second_mean) / n_second, -(numbers - first_mean) / n_first)
    return _interval(second_mean - first_mean, share, clusters, level)


def _interval(
    estimate: float, influence: FloatArray, clusters: ArrayLike, level: float
) -> Interval:
    """Build an interval from what each row adds to the error of an estimate."""
    from scipy.stats import t

    sums = _by_cluster(influence, clusters)
    n_clusters = len(sums)
    if n_clusters < 2:  # noqa: PLR2004 - one has no spread
        raise DataError(f"expected rows of at least two applicants, came {n_clusters}")
    error = math.sqrt(n_clusters / (n_clusters - 1) * float(np.square(sums).sum()))
    half = float(t.ppf((1 + level) / 2, n_clusters - 1)) * error
    return Interval(estimate, estimate - half, estimate + half, len(influence), 0, level)


def _by_cluster(influence: FloatArray, clusters: ArrayLike) -> FloatArray:
    codes: NDArray[np.intp] = np.unique(np.asarray(clusters), return_inverse=True)[1]
    if codes.shape != influence.shape:
        raise DataError(
            f"clusters: expected one per row, came {codes.size} for {influence.size} rows"
        )
    sums: FloatArray = np.bincount(codes, weights=influence).astype(np.float64)
    return sums


def _checked(values: ArrayLike) -> FloatArray:
    numbers = as_numbers(values, "values")
    if not len(numbers) or not np.isfinite(numbers).all():
        raise DataError(f"values: expected finite numbers, came {len(numbers)}")
    return numbers
