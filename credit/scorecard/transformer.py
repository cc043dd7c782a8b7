"""Binning and WOE of all columns as one scikit-learn step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from credit.errors import DataError
from credit.metrics.sample import BoolArray, FloatArray, as_numbers, checked_target
from credit.scorecard.binning import fit_bins
from credit.scorecard.bins import NumericBins
from credit.scorecard.woe import WoeTable, woe_table

SUSPICIOUS_IV = 0.5
"""A feature this strong may know the outcome: look for leakage (Siddiqi 2006, chapter 6)."""


@dataclass(frozen=True, slots=True)
class FeatureStrength:
    """What the selection decided about one feature, and why."""

    feature: str
    iv: float
    selected: bool
    suspicious: bool


class WoeTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Replace every value by the WOE of its bin, keeping the features that carry information.

    Parameters
    ----------
    feature_names
        One name per column of X.
    directions
        One sign per column: +1 PD rises with the feature, -1 it falls, 0 chosen from the data.
    max_bins, minimum_bin_share
        As in :func:`~credit.scorecard.binning.fit_bins`.
    minimum_iv
        Features of a lower information value in the fitted sample are dropped.

    Attributes
    ----------
    bins_ : tuple of NumericBins
        One per column, dropped ones included.
    tables_ : tuple of WoeTable
        Likewise.
    selected_ : tuple of int
        Columns that are kept, in their order.
    """

    def __init__(
        self,
        feature_names: Sequence[str],
        directions: Sequence[int],
        *,
        max_bins: int = 8,
        minimum_bin_share: float = 0.02,
        minimum_iv: float = 0.02,
    ) -> None:
        self.feature_names = feature_names
        self.directions = directions
        self.max_bins = max_bins
        self.minimum_bin_share = minimum_bin_share
        self.minimum_iv = minimum_iv

    bins_: tuple[NumericBins, ...]
    tables_: tuple[WoeTable, ...]
    selected_: tuple[int, ...]

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Bin every column and select.

        Parameters
        ----------
        X
            Shape ``(n_applicants, n_features)``, NaN = missing, no infinities.
        y
            Target, 1 = bad.
        sample_weight
            Positive weights; only their ratios count.

        Raises
        ------
        DataError
            Shapes do not fit together, a value is infinite, a weight is not positive, or one class
            is absent.
        """
        if len(self.directions) != len(self.feature_names):
            raise DataError(
                f"directions: expected {len(self.feature_names)}, one per feature name,"
                f" came {len(self.directions)}"
            )
        rows = self._checked_rows(X)
        bad = checked_target(y)
        if rows.shape[0] != bad.size:
            raise DataError(f"X: expected {bad.size} rows as in the target, came {rows.shape[0]}")
        weight = checked_weight(sample_weight, bad.size)

        fitted = [
            self._fit_column(name, rows[:, column], bad, weight, direction)
            for column, (name, direction) in enumerate(
                zip(self.feature_names, self.directions, strict=True)
            )
        ]
        self.bins_ = tuple(bins for bins, _ in fitted)
        self.tables_ = tuple(table for _, table in fitted)
        self.selected_ = tuple(k for k, t in enumerate(self.tables_) if t.iv >= self.minimum_iv)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Return the WOE of the selected columns, shape ``(n_applicants, n_selected)``."""
        check_is_fitted(self)
        rows = self._checked_rows(X)
        woe = np.empty((rows.shape[0], len(self.selected_)))
        for position, column in enumerate(self.selected_):
            index = self.bins_[column].indices(rows[:, column])
            woe[:, position] = np.asarray(self.tables_[column].woe)[index]
        return woe

    def get_feature_names_out(
        self,
        input_features: object = None,
    ) -> NDArray[np.object_]:
        """Return the names of the selected columns."""
        check_is_fitted(self)
        return np.array([self.feature_names[column] for column in self.selected_], dtype=object)

    def strengths(self) -> tuple[FeatureStrength, ...]:
        """Return the verdict on every feature, strongest first."""
        check_is_fitted(self)
        verdicts = [
            FeatureStrength(
                feature=name,
                iv=table.iv,
                selected=column in self.selected_,
                suspicious=table.iv > SUSPICIOUS_IV,
            )
            for column, (name, table) in enumerate(
                zip(self.feature_names, self.tables_, strict=True)
            )
        ]
        return tuple(sorted(verdicts, key=lambda verdict: -verdict.iv))

    def _checked_rows(self, X: ArrayLike) -> FloatArray:
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):  # noqa: PLR2004
            raise DataError(
                f"X: expected {len(self.feature_names)} columns, one per feature name,"
                f" came shape {rows.shape}"
            )
        return rows

    def _fit_column(
        self, name: str, values: FloatArray, bad: BoolArray, weight: FloatArray, direction: int
    ) -> tuple[NumericBins, WoeTable]:
        try:
            bins = fit_bins(
                values,
                bad,
                weight,
                direction=direction,
                max_bins=self.max_bins,
                minimum_bin_share=self.minimum_bin_share,
            )
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        index = bins.indices(values)
        goods = np.bincount(index[~bad], weights=weight[~bad], minlength=bins.count)
        bads = np.bincount(index[bad], weights=weight[bad], minlength=bins.count)
        return bins, woe_table(goods.tolist(), bads.tolist())


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
