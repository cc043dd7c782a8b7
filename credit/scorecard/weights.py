"""Weights of rows, as every part of a fit uses them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError
from credit.metrics.sample import FloatArray, as_numbers


def checked_weight(sample_weight: ArrayLike | None, n: int) -> FloatArray:
    """Return positive row weights of mean 1; none given means 1 each."""
    if sample_weight is None:
        return np.ones(n)
    weight = as_numbers(sample_weight, "sample_weight")
    if weight.size != n:
        raise DataError(f"sample_weight: expected {n} weights, came {weight.size}")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise DataError("sample_weight: expected positive numbers; leave out rows of weight 0")
    scaled: FloatArray = weight / weight.mean()
    return scaled
