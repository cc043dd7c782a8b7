"""What a sample must be before a calibrator may learn from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.errors import DataError
from credit.metrics.sample import FloatArray, as_numbers, checked_pair
from credit.models.base import Labels


class CalibrationSample(NamedTuple):
    """Rows that a calibrator learns from.

    Attributes
    ----------
    margins
        Finite, shape ``(n_rows,)``.
    bad
        1.0 for bad, 0.0 for good.
    weights
        Positive, with mean 1.
    """

    margins: FloatArray
    bad: FloatArray
    weights: FloatArray

    @property
    def n_bads(self) -> int:
        """Bads among the rows, each counted once whatever its weight."""
        return int(self.bad.sum())


def calibration_sample(
    margins: FloatArray, labels: Labels, weights: FloatArray | None = None
) -> CalibrationSample:
    """Check margins, outcomes and weights.

    Raises
    ------
    DataError
        One class only, labels other than 0 and 1, lengths that differ, a margin that is not finite,
        or a weight that is not positive and finite.
    """
    bad, values = checked_pair(labels, margins, "margin")
    n_infinite = int(np.count_nonzero(~np.isfinite(values)))
    if n_infinite:
        raise DataError(f"margin: {n_infinite} of {values.size} rows are infinite; drop them")
    return CalibrationSample(values, bad.astype(np.float64), checked_weights(weights, values.size))


def checked_weights(weights: FloatArray | None, n_rows: int) -> FloatArray:
    """Return weights scaled to mean 1; all ones for None.

    Raises
    ------
    DataError
        Not one weight per row, or a weight that is not positive and finite.
    """
    if weights is None:
        return np.ones(n_rows)
    numbers = as_numbers(weights, "weight")
    if numbers.size != n_rows:
        raise DataError(f"weight: expected one per row, came {numbers.size} for {n_rows} rows")
    n_wrong = int(np.count_nonzero(~(np.isfinite(numbers) & (numbers > 0))))
    if n_wrong:
        raise DataError(
            f"weight: expected positive finite numbers, {n_wrong} of {n_rows} are not; drop such rows"
        )
    scaled: FloatArray = numbers / numbers.mean()
    return scaled
