"""Binning, WOE and selection of all columns as one scikit-learn step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import BoolArray, FloatArray, checked_target
from credit.scorecard.binning import fit_bins
from credit.scorecard.bins import Bins
from credit.scorecard.cart import Counts
from credit.scorecard.categories import CategoryBins, FeatureBins
from credit.scorecard.grouping import fit_groups
from credit.scorecard.selection import Column, select
from credit.scorecard.strength import FeatureStrength
from credit.scorecard.weights import checked_weight
from credit.scorecard.woe import WoeTable, woe_table

MAXIMUM_VIF = 10.0
"""A feature of which others say nine tenths (Marquardt 1970, Technometrics 12, p. 610)."""


class WoeTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Replace every value by the WOE of its bin, keeping the features that carry information.

    Dropped are constant columns, those of a low information value, and, the largest first, those
    whose WOE the others say already (variance inflation).

    Parameters
    ----------
    feature_names
        One name per column of X.
    directions
        One sign per column: +1 PD rises with the feature, -1 it falls, 0 chosen from the data.
    categories
        Per column the codes of a nominal feature, whose values are places among them; an empty one
        for a number. None: every column is a number.
    codes
        Per column the values that are no measurement, with their meaning; each meaning has a bin of
        its own. None: there are none.
    max_bins, minimum_bin_share
        As in :func:`~credit.scorecard.binning.fit_bins`.
    minimum_iv
        Features of a lower information value in the fitted sample are dropped.
    maximum_vif
        Features of a higher variance inflation factor are dropped. None: only those that say exactly
        what earlier ones say.

    Attributes
    ----------
    bins_ : tuple of NumericBins or CategoryBins
        One per column, dropped ones included.
    tables_ : tuple of WoeTable
        Likewise.
    strengths_ : tuple of FeatureStrength
        Likewise; :meth:`strengths` gives them strongest first.
    selected_ : tuple of int
        Columns that are kept, in their order.
    """

    def __init__(
        self,
        feature_names: Sequence[str],
        directions: Sequence[int],
        *,
        categories: Sequence[Sequence[str]] | None = None,
        codes: Sequence[Mapping[float, str]] | None = None,
        max_bins: int = 8,
        minimum_bin_share: float = 0.01,
        minimum_iv: float = 0.02,
        maximum_vif: float | None = MAXIMUM_VIF,
    ) -> None:
        self.feature_names = feature_names
        self.directions = directions
        self.categories = categories
        self.codes = codes
        self.max_bins = max_bins
        self.minimum_bin_share = minimum_bin_share
        self.minimum_iv = minimum_iv
        self.maximum_vif = maximum_vif

    bins_: tuple[FeatureBins, ...]
    tables_: tuple[WoeTable, ...]
    strengths_: tuple[FeatureStrength, ...]
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
            Shapes do not fit together, a value is infinite or no place of a category, a nominal
            column is given a direction or codes, a weight is not positive, or one class is absent.
        SettingsInvalid
            A setting is out of range.
        """
        self._check_settings()
        rows = self._checked_rows(X)
        bad = checked_target(y)
        if rows.shape[0] != bad.size:
            raise DataError(f"X: expected {bad.size} rows as in the target, came {rows.shape[0]}")
        weight = checked_weight(sample_weight, bad.size)

        bins = tuple(
            self._fit_column(place, rows[:, place], bad, weight) for place in range(rows.shape[1])
        )
        indices = [b.indices(values) for b, values in zip(bins, rows.T, strict=True)]
        self.bins_ = bins
        self.tables_ = tuple(
            _table(b, index, bad, weight) for b, index in zip(bins, indices, strict=True)
        )
        self.strengths_ = select(
            [
                Column(name, values, index, table)
                for name, values, index, table in zip(
                    self.feature_names, rows.T, indices, self.tables_, strict=True
                )
            ],
            weight,
            minimum_iv=self.minimum_iv,
            maximum_vif=math.inf if self.maximum_vif is None else self.maximum_vif,
        )
        self.selected_ = tuple(k for k, s in enumerate(self.strengths_) if s.selected)
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

    def count_unseen(self, X: ArrayLike) -> dict[str, int]:
        """Return, per nominal column, how many rows hold a category that fit did not see.

        Their WOE is exactly 0, the neutral value. Missing is a bin of its own and not counted.
        """
        check_is_fitted(self)
        rows = self._checked_rows(X)
        return {
            name: int(np.count_nonzero(bins.indices(rows[:, column]) == bins.unseen))
            for column, (name, bins) in enumerate(zip(self.feature_names, self.bins_, strict=True))
            if isinstance(bins, CategoryBins)
        }

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the selected columns."""
        check_is_fitted(self)
        return np.array([self.feature_names[column] for column in self.selected_], dtype=object)

    def strengths(self) -> tuple[FeatureStrength, ...]:
        """Return the verdict on every feature, strongest first."""
        check_is_fitted(self)
        return tuple(sorted(self.strengths_, key=lambda strength: -strength.iv))

    def _check_settings(self) -> None:
        if self.maximum_vif is not None and not self.maximum_vif > 1:
            raise SettingsInvalid(
                f"maximum_vif: expected above 1, or None for no limit, came {self.maximum_vif}"
            )
        for name in ("directions", "categories", "codes"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.feature_names):
                raise DataError(
                    f"{name}: expected {len(self.feature_names)}, one per feature name,"
                    f" came {len(given)}"
                )

    def _checked_rows(self, X: ArrayLike) -> FloatArray:
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):  # noqa: PLR2004
            raise DataError(
                f"X: expected {len(self.feature_names)} columns, one per feature name,"
                f" came shape {rows.shape}"
            )
        return rows

    def _fit_column(
        self, place: int, values: FloatArray, bad: BoolArray, weight: FloatArray
    ) -> FeatureBins:
        categories = self.categories[place] if self.categories else ()
        codes = self.codes[place] if self.codes else {}
        if categories and (codes or self.directions[place]):
            raise DataError(
                f"{self.feature_names[place]}: a nominal feature has no order;"
                " expected direction 0 and no codes"
            )
        try:
            if categories:
                return fit_groups(
                    values,
                    bad,
                    weight,
                    categories=categories,
                    max_bins=self.max_bins,
                    minimum_bin_share=self.minimum_bin_share,
                )
            return fit_bins(
                values,
                bad,
                weight,
                direction=self.directions[place],
                codes=_by_meaning(codes),
                max_bins=self.max_bins,
                minimum_bin_share=self.minimum_bin_share,
            )
        except DataError as error:
            raise DataError(f"{self.feature_names[place]}: {error}") from error


def _by_meaning(codes: Mapping[float, str]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Several codes of one meaning share a bin."""
    values: dict[str, list[float]] = {}
    for code, meaning in codes.items():
        values.setdefault(meaning, []).append(float(code))
    return tuple((meaning, tuple(coded)) for meaning, coded in values.items())


def _table(bins: Bins, index: NDArray[np.intp], bad: BoolArray, weight: FloatArray) -> WoeTable:
    counts = Counts.of(index, bad, weight, bins.count)
    return woe_table(counts.goods.tolist(), counts.bads.tolist())
