"""What reject inference asks of its inputs before anything is fitted."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import FloatArray, as_numbers, checked_target
from credit.models.base import Labels, Matrix
from credit.reject_inference.training_set import TWO_DIMENSIONS


def check_rows(accepts: Matrix, accept_labels: Labels, rejects: Matrix) -> None:
    """Refuse accepts and rejects that do not fit together.

    Raises
    ------
    DataError
        Flat arrays, different numbers of features, no rejects, accepts of one class, or another
        number of labels than of accepts.
    """
    if accepts.ndim != TWO_DIMENSIONS or rejects.ndim != TWO_DIMENSIONS:
        raise DataError("accepts and rejects: expected one row per applicant, came a flat array")
    if accepts.shape[1] != rejects.shape[1]:
        raise DataError(
            f"rejects: expected the {accepts.shape[1]} features of the accepts, came {rejects.shape[1]}"
        )
    if len(rejects) == 0:
        raise DataError("rejects: expected at least one row, came none")
    n_labels = checked_target(accept_labels).size
    if n_labels != len(accepts):
        raise DataError(
            f"accept_labels: expected one per accept, came {n_labels} for {len(accepts)} rows"
        )


def check_factor(factor: float) -> None:
    """Refuse a factor that is not a positive number."""
    if not (math.isfinite(factor) and factor > 0):
        raise SettingsInvalid(f"factor: expected a number above 0, came {factor}")


def needed_shares(values: ArrayLike | None, name: str, method: str, n_rows: int) -> FloatArray:
    """Probabilities that a method cannot do without, one per row.

    Raises
    ------
    SettingsInvalid
        When they were not passed.
    DataError
        When their number is another, or one of them is not in [0, 1].
    """
    if values is None:
        raise SettingsInvalid(f"reject inference by {method} needs {name}; pass it")
    shares = as_numbers(values, name)
    if shares.size != n_rows:
        raise DataError(f"{name}: expected one per row, came {shares.size} for {n_rows} rows")
    n_other = int(np.count_nonzero(~((shares >= 0) & (shares <= 1))))
    if n_other:
        raise DataError(f"{name}: expected probabilities, {n_other} of {n_rows} are not in [0, 1]")
    return shares
