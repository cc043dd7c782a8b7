"""Ranks with ties at their mean, the basis of AUC and of equal-mass bins."""

from __future__ import annotations

import numpy as np

from credit.errors import SettingsInvalid
from credit.metrics.sample import FloatArray, IntArray


def midranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1 to n; equal values share the mean of the ranks that they fill.

    Examples
    --------
    >>> midranks(np.array([10.0, 20.0, 20.0, 30.0]))
    array([1. , 2.5, 2.5, 4. ])
    """
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return ranks


def equal_mass_bins(values: FloatArray, n_bins: int) -> IntArray:
    """Return the bin of each value, 0 for the lowest to ``n_bins - 1``, bins of about equal mass.

    Equal values are never split: all of them go to the bin in which the middle of their ranks
    falls. Bins may therefore differ in size, and some may be empty.

    Raises
    ------
    SettingsInvalid
        ``n_bins`` is below 1.
    """
    if n_bins < 1:
        raise SettingsInvalid(f"n_bins: expected at least 1, came {n_bins}")
    position = (midranks(values) - 0.5) / values.size
    return (position * n_bins).astype(np.intp)
