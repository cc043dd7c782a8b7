"""Ranks with ties at their mean, the basis of AUC and of equal-mass bins."""

from __future__ import annotations

import numpy as np

from credit.metrics.sample import FloatArray


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
