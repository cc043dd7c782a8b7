"""Margins of rows that the model has not learned from."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from credit.data.split import group_folds, row_groups
from credit.metrics.sample import FloatArray
from credit.models.base import Labels, Matrix, Weights


class HasMargins(Protocol):
    """A fitted model: all that reject inference asks of one."""

    def margins(self, vectors: Matrix, /) -> Matrix:
        """Log-odds of label 1, shape ``(n_rows,)``."""
        ...


class FitRows(Protocol):
    """How a model learns from weighted rows; the same arguments give the same model."""

    def __call__(self, vectors: Matrix, labels: Labels, weights: Weights, /) -> HasMargins:
        """Fit on rows whose ``labels`` are 0 and 1, with positive ``weights``."""
        ...


def cross_fitted_margins(
    fit: FitRows, vectors: Matrix, labels: Labels, *, n_folds: int = 3, seed: int = 0
) -> FloatArray:
    """Margin of each row by a model fitted on the other folds.

    Identical rows share a fold.

    Raises
    ------
    DataError
        When a class has fewer distinct rows than there are folds.
    """
    fold = group_folds(labels, row_groups(vectors), n_folds=n_folds, seed=seed)
    margins = np.empty(len(labels))
    for left_out in range(n_folds):
        kept = fold != left_out
        model = fit(vectors[kept], labels[kept], np.ones(int(kept.sum())))
        margins[~kept] = model.margins(vectors[~kept])
    return margins
