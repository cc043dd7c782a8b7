"""Resampling of training rows, for those who want to see what it does.

It changes the bad rate that a model learns, so PDs mean nothing until they are calibrated on untouched
rows; ranking rarely gains. Every leaderboard shows the Brier score and ECE beside AUC for that reason.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from credit.errors import DataError
from credit.features import FeatureSpec
from tune.spec import Candidate

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


class TrainingRows(NamedTuple):
    """What a model learns from."""

    vectors: Matrix
    labels: Labels
    weights: npt.NDArray[np.float64] | None


def resample(
    rows: TrainingRows, candidate: Candidate, features: FeatureSpec, *, seed: int
) -> TrainingRows:
    """Resample the training rows of one fold; validation rows never come here.

    ``undersample`` drops goods until there are as many as bads (RandomUnderSampler);
    ``smote_tomek`` makes bads up between neighbours, then drops the goods of mixed pairs;
    ``class_weights`` keeps all rows and gives both classes the same total weight.

    Raises
    ------
    DataError
        When SMOTE is asked for on categories, missing values or weighted rows.

    References
    ----------
    Batista, G., Prati, R., Monard, M. C. (2004). A study of the behavior of several methods for
    balancing machine learning training data. SIGKDD Explorations 6(1), 20-29.
    doi:10.1145/1007730.1007735
    """
    vectors = rows.vectors
    if candidate.impute == "median":
        vectors = np.where(np.isnan(vectors), medians(vectors), vectors)
    if candidate.resampling == "none":
        return rows._replace(vectors=vectors)
    if candidate.resampling == "class_weights":
        base = np.ones(len(rows.labels)) if rows.weights is None else rows.weights
        return TrainingRows(vectors, rows.labels, _balanced(rows.labels, base))
    if rows.weights is not None:
        raise DataError(
            f"{candidate.resampling} changes which rows there are, so weighted rows cannot go through it; "
            "use class_weights"
        )
    if candidate.resampling == "undersample":
        return _undersampled(vectors, rows.labels, seed)
    _require_numbers(vectors, features)
    return _smote_tomek(vectors, rows.labels, seed)


def medians(vectors: Matrix) -> Matrix:
    """Median of each column's values, shape (n_features,); NaN for a column without any."""
    values = [column[~np.isnan(column)] for column in vectors.T]
    return np.array([np.median(column) if len(column) else np.nan for column in values])


def _balanced(labels: Labels, base: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    bad = labels == 1
    total = base.sum()
    weight = np.where(bad, total / (2 * base[bad].sum()), total / (2 * base[~bad].sum()))
    return np.asarray(base * weight, dtype=np.float64)


def _undersampled(vectors: Matrix, labels: Labels, seed: int) -> TrainingRows:
    from imblearn.under_sampling import RandomUnderSampler

    found, kept = RandomUnderSampler(random_state=seed).fit_resample(vectors, labels)
    return TrainingRows(np.ascontiguousarray(found), np.asarray(kept, dtype=np.int8), None)


def _smote_tomek(vectors: Matrix, labels: Labels, seed: int) -> TrainingRows:
    from imblearn.combine import SMOTETomek

    found, kept = SMOTETomek(random_state=seed).fit_resample(vectors, labels)
    return TrainingRows(np.ascontiguousarray(found), np.asarray(kept, dtype=np.int8), None)


def _require_numbers(vectors: Matrix, features: FeatureSpec) -> None:
    nominal = [n for n, c in zip(features.names, features.categories, strict=True) if c]
    if nominal:
        raise DataError(
            f"SMOTE draws lines between rows, and there is nothing between two categories of {nominal[0]}; use "
            "undersample or class_weights, or declare one_of features"
        )
    incomplete = np.isnan(vectors).any(axis=1)
    if incomplete.any():
        column = features.names[int(np.isnan(vectors).any(axis=0).argmax())]
        raise DataError(
            f"SMOTE needs every value, and {int(incomplete.sum()):,} training rows miss one (such as {column}); "
            "set impute: median, or use undersample or class_weights"
        )
