"""Variance inflation: which features say what others say already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credit.metrics.sample import FloatArray

SAME = 1e-10
"""Share of a variance that others leave unexplained, below which they explain all of it."""

TIE = 1e-6
"""Relative difference below which two factors are one: two columns alone always share theirs."""


def variance_inflation(correlation: FloatArray) -> FloatArray:
    """Return the variance inflation factor of every column.

    ``VIF_j = 1 / (1 - R²_j)``, with R²_j of the regression of column j on the others: the diagonal
    of the inverse correlation matrix. At least 1, where 1 is a column unlike all others. A column
    that earlier ones say exactly (a copy, for one) has infinity, and those are computed without it.

    References
    ----------
    Marquardt, D. W. (1970). Generalized inverses, ridge regression, biased linear estimation, and
    nonlinear estimation. Technometrics 12, 591-612. doi:10.2307/1267205
    """
    own: list[int] = []
    for column in range(len(correlation)):
        shared = correlation[own, column]
        explained = shared @ np.linalg.solve(correlation[np.ix_(own, own)], shared) if own else 0.0
        if 1 - explained > SAME:
            own.append(column)
    factors = np.full(len(correlation), np.inf)
    factors[own] = np.diag(np.linalg.inv(correlation[np.ix_(own, own)]))
    return factors


def drop_collinear(
    woe: FloatArray, weight: FloatArray, strengths: Sequence[float], limit: float
) -> tuple[dict[int, float], dict[int, float]]:
    """Drop the column of the largest factor above the limit, until none is above it.

    Of equal factors the weaker column goes, of equally strong ones the later.

    Parameters
    ----------
    woe
        Shape ``(n_applicants, n_columns)``; every column varies.
    weight
        Weight of each row.
    strengths
        Information value of each column.
    limit
        Largest factor that may stay; infinity keeps all but exact copies.

    Returns
    -------
    kept, dropped : dict of int to float
        Columns with their factors: beside the kept ones, and at the moment of dropping.
    """
    kept, dropped = list(range(woe.shape[1])), dict[int, float]()
    correlation = _correlation(woe, weight)
    while kept:
        factors = variance_inflation(correlation[np.ix_(kept, kept)])
        largest = factors.max()
        if np.isfinite(largest) and largest <= limit:
            return dict(zip(kept, factors.tolist(), strict=True)), dropped
        tied = np.flatnonzero((factors == largest) | (factors >= largest * (1 - TIE)))
        worst = min(tied.tolist(), key=lambda place: (strengths[kept[place]], -place))
        column = kept.pop(worst)
        dropped[column] = float(factors[worst])
    return {}, dropped


def _correlation(woe: FloatArray, weight: FloatArray) -> FloatArray:
    if woe.shape[1] == 0:
        return np.empty((0, 0))
    centred = woe - np.average(woe, axis=0, weights=weight)
    covariance = (centred * weight[:, None]).T @ centred
    scale = np.sqrt(np.diag(covariance))
    correlation: FloatArray = covariance / np.outer(scale, scale)
    return correlation
