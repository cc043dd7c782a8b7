"""Which features a scorecard may use: those that vary, tell something, and tell it first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.metrics.sample import FloatArray
from credit.scorecard.collinearity import drop_collinear
from credit.scorecard.strength import FeatureStrength, Verdict
from credit.scorecard.woe import WoeTable


@dataclass(frozen=True)
class Column:
    """One binned feature of the fitted sample.

    Attributes
    ----------
    name
        Name of the feature.
    values
        As they came, shape ``(n_applicants,)``.
    index
        The bin of each.
    table
        Counts and WOE of the bins.
    """

    name: str
    values: FloatArray
    index: NDArray[np.intp]
    table: WoeTable

    @property
    def is_constant(self) -> bool:
        """Whether all rows hold the same, be it missing."""
        first = self.values[0]
        same = np.isnan(self.values) if np.isnan(first) else self.values == first
        return bool(same.all())

    @property
    def woe(self) -> FloatArray:
        """WOE of each row."""
        return np.asarray(self.table.woe)[self.index]


def select(
    columns: Sequence[Column], weight: FloatArray, *, minimum_iv: float, maximum_vif: float
) -> tuple[FeatureStrength, ...]:
    """Judge every column, in the order they came.

    First constant columns go, then those of an information value below ``minimum_iv`` or whose WOE
    is the same everywhere, then, one by one, those of the largest variance inflation factor above
    ``maximum_vif`` (:func:`~credit.scorecard.collinearity.drop_collinear`).
    """
    verdicts: dict[int, tuple[Verdict, str]] = {}
    woe: dict[int, FloatArray] = {}
    for place, column in enumerate(columns):
        if column.is_constant:
            verdicts[place] = "constant", "dropped: every row holds the same; check its source"
        elif column.table.iv < minimum_iv:
            verdicts[place] = (
                "weak",
                f"dropped: information value {column.table.iv:.4f}, below {minimum_iv:g}",
            )
        elif np.ptp(found := column.woe) == 0:
            verdicts[place] = "weak", "dropped: its bins do not differ in risk"
        else:
            woe[place] = found

    left = list(woe)
    kept, dropped = drop_collinear(
        np.column_stack([woe[place] for place in left]) if left else np.empty((weight.size, 0)),
        weight,
        [columns[place].table.iv for place in left],
        maximum_vif,
    )
    factors = {left[k]: factor for k, factor in (kept | dropped).items()}
    for k in kept:
        verdicts[left[k]] = "kept", "kept"
    for k, factor in dropped.items():
        verdicts[left[k]] = "collinear", _why_collinear(factor, maximum_vif)
    return tuple(
        FeatureStrength(
            feature=column.name,
            iv=column.table.iv,
            vif=_bounded(factors.get(place)),
            verdict=verdicts[place][0],
            reason=verdicts[place][1],
            missing_share=float(np.isnan(column.values).mean()),
        )
        for place, column in enumerate(columns)
    )


def _why_collinear(factor: float, maximum_vif: float) -> str:
    if math.isinf(factor):
        return "dropped: earlier features say exactly the same"
    return f"dropped: variance inflation factor {factor:.1f}, above {maximum_vif:g}"


def _bounded(factor: float | None) -> float | None:
    return None if factor is None or math.isinf(factor) else factor
