"""Whether a population still looks like the one a model was built on: PSI."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import FloatArray, IntArray, as_numbers

EMPTY_BIN_SHARE = 1e-4
"""Stands in for the share of an empty bin: 1 row in 10,000, so that a stray row raises no alarm."""


def psi(expected_shares: ArrayLike, actual_shares: ArrayLike) -> float:
    """Compute the population stability index between two sets of shares over the same bins.

    ``PSI = Σ_k (a_k - e_k) ln(a_k / e_k)``, natural logarithm: the symmetric Kullback-Leibler
    divergence (Jeffreys). It is 0 for equal shares and never negative. An empty bin, and only an
    empty one, counts as :data:`EMPTY_BIN_SHARE`, on either side; the other shares are not scaled
    down for it.

    The customary bands (below 0.10 stable, above 0.25 shifted) hold for about ten bins and some
    thousand rows: by chance alone PSI is about ``(n_bins - 1)(1/n_expected + 1/n_actual)``.

    Raises
    ------
    DataError
        The lengths differ, a share is negative or NaN, or shares do not add up to 1.

    References
    ----------
    Jeffreys, H. (1946). An invariant form for the prior probability in estimation problems.
    Proceedings of the Royal Society A 186, 453-461. doi:10.1098/rspa.1946.0056

    Yurdakul, B., Naranjo, J. (2020). Statistical properties of the population stability index.
    Journal of Risk Model Validation 14. doi:10.21314/JRMV.2020.227

    Examples
    --------
    >>> round(psi([0.5, 0.5], [0.6, 0.4]), 6)
    0.040547
    """
    expected = _checked_shares(expected_shares, "expected_shares")
    actual = _checked_shares(actual_shares, "actual_shares")
    if expected.size != actual.size:
        raise DataError(
            f"shares: expected the same bins on both sides, came {expected.size} and {actual.size}"
        )
    return float(divergence(expected, actual))


def divergence(expected: FloatArray, actual: FloatArray) -> FloatArray:
    """Sum ``(a - e) ln(a / e)`` over the last axis of shares that were checked before.

    Returns
    -------
    PSI of each row of shares, shape ``expected.shape[:-1]``.
    """
    expected = np.where(expected == 0, EMPTY_BIN_SHARE, expected)
    actual = np.where(actual == 0, EMPTY_BIN_SHARE, actual)
    divergences: FloatArray = np.sum((actual - expected) * np.log(actual / expected), axis=-1)
    return divergences


def quantile_edges(reference: ArrayLike, n_bins: int = 10) -> FloatArray:
    """Edges that cut the reference into bins of about equal mass.

    Bins are right-closed, ``(edge_i, edge_i+1]``, and open to both sides. NaN plays no part here:
    :func:`shares` gives it a bin of its own. A reference of at most ``n_bins`` distinct values gets
    one bin for each of them, one below and one above, so that a value never seen before shows;
    quantiles would overlook whatever is rarer than ``1 / n_bins``.

    Returns
    -------
    Strictly increasing inner edges, all of them values of the reference (the one below excepted);
    none when every value is missing.

    Raises
    ------
    DataError
        The reference is empty.
    """
    if n_bins < 2:  # noqa: PLR2004 (one bin compares nothing)
        raise SettingsInvalid(f"n_bins: expected at least 2, came {n_bins}")
    values = _not_empty(reference, "reference")
    present = np.sort(values[~np.isnan(values)])
    distinct: FloatArray = np.unique(present)
    if distinct.size <= n_bins:
        just_below = [math.nextafter(lowest, -math.inf) for lowest in distinct[:1]]
        cuts = np.concatenate((just_below, distinct))
    else:
        last_of_bin = np.ceil(np.arange(1, n_bins) * present.size / n_bins).astype(np.intp) - 1
        cuts = present[last_of_bin]
    edges: FloatArray = np.unique(cuts)
    return edges


def shares(values: ArrayLike, edges: ArrayLike) -> FloatArray:
    """Return the share of rows in each right-closed bin, and last the share of missing (NaN).

    Returns
    -------
    Shape ``(len(edges) + 2,)``, adding up to 1.

    Raises
    ------
    DataError
        There are no values, or the edges do not increase.
    """
    numbers = _not_empty(values, "values")
    cuts = as_numbers(edges, "edges")
    if not np.all(cuts[1:] > cuts[:-1]):
        raise DataError("edges: expected strictly increasing numbers")
    return rows_per_bin(numbers, cuts) / numbers.size


def rows_per_bin(values: FloatArray, edges: FloatArray) -> IntArray:
    """Count the rows in each right-closed bin, and last those that are missing, as :func:`shares`."""
    missing = edges.size + 1
    index = np.where(np.isnan(values), missing, np.searchsorted(edges, values, side="left"))
    return np.bincount(index, minlength=missing + 1)


def population_stability_index(reference: ArrayLike, current: ArrayLike, n_bins: int = 10) -> float:
    """PSI of a current sample against a reference, in quantile bins of the reference.

    Of one characteristic it is called CSI; the number is the same. Missing (NaN) counts as a bin,
    so a feed that falls silent shows.
    """
    edges = quantile_edges(reference, n_bins)
    return psi(shares(reference, edges), shares(current, edges))


def _checked_shares(values: ArrayLike, name: str) -> FloatArray:
    numbers = as_numbers(values, name)
    # The negated comparison also catches NaN.
    if not np.all(numbers >= 0):
        raise DataError(f"{name}: expected no negative share and no NaN")
    # Shares made from counts miss 1 by rounding only.
    if abs(float(numbers.sum()) - 1) > 1e-9:  # noqa: PLR2004
        raise DataError(f"{name}: expected shares that add up to 1, came {float(numbers.sum())}")
    return numbers


def _not_empty(values: ArrayLike, name: str) -> FloatArray:
    numbers = as_numbers(values, name)
    if numbers.size == 0:
        raise DataError(f"{name}: expected at least one row")
    return numbers
