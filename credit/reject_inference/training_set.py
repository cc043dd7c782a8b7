"""Rows to learn from, each of which knows whether its outcome was seen or inferred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from credit.errors import DataError
from credit.metrics.sample import BoolArray, as_flags, as_numbers
from credit.models.base import Labels, Matrix, Weights

TWO_DIMENSIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSet:
    """Feature vectors with outcomes, weights, and where the outcomes come from.

    Attributes
    ----------
    vectors
        Shape ``(n_rows, n_features)``, NaN for missing.
    labels
        Outcome of each row, 1 = bad, shape ``(n_rows,)``.
    weights
        How many applicants each row stands for; positive and finite.
    inferred
        True where nobody has seen the outcome. Such a row may be learned from, nothing else.

    Raises
    ------
    DataError
        When the lengths differ, a label is neither 0 nor 1, or a weight is not positive and finite.
    """

    vectors: Matrix
    labels: Labels
    weights: Weights
    inferred: BoolArray

    def __post_init__(self) -> None:
        n_rows = len(self.vectors)
        if self.vectors.ndim != TWO_DIMENSIONS:
            raise DataError(
                f"vectors: expected one row per applicant, came {self.vectors.ndim} dimension(s)"
            )
        as_flags(self.labels, "labels", ("good", "bad"))
        weights = as_numbers(self.weights, "weights")
        for name, values in (
            ("labels", self.labels),
            ("weights", weights),
            ("inferred", self.inferred),
        ):
            if values.shape != (n_rows,):
                raise DataError(
                    f"{name}: expected one per row of the vectors, came {values.size} for {n_rows} rows"
                )
        n_unusable = int(np.count_nonzero(~(np.isfinite(weights) & (weights > 0))))
        if n_unusable:
            raise DataError(
                f"weights: expected positive finite numbers, {n_unusable} of {n_rows} are not; "
                f"leave out rows that should not count"
            )

    @classmethod
    def observed(cls, vectors: Matrix, labels: Labels) -> Self:
        """Accepts with the outcomes that were seen, each counting once."""
        n_rows = len(vectors)
        return cls(
            vectors=vectors,
            labels=labels,
            weights=np.ones(n_rows),
            inferred=np.zeros(n_rows, dtype=np.bool_),
        )

    def require_observed(self, use: str) -> tuple[Matrix, Labels]:
        """Return vectors and labels for a use that needs the truth: calibration, selection, metrics.

        Parameters
        ----------
        use
            What they are for, for the message.

        Raises
        ------
        DataError
            When a label is inferred, or a row does not count once.
        """
        n_inferred = int(np.count_nonzero(self.inferred))
        if n_inferred:
            raise DataError(
                f"{use}: expected accepts whose outcome was seen, {n_inferred} of "
                f"{len(self.labels)} labels are inferred; pass accepts only"
            )
        n_weighted = int(np.count_nonzero(self.weights != 1))
        if n_weighted:
            raise DataError(
                f"{use}: expected rows that count once, {n_weighted} of {len(self.labels)} are "
                f"reweighted; pass the accepts as they came"
            )
        return self.vectors, self.labels
