"""Cross-validation folds, prepared once and read by every trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.contract import Contract
from credit.features import FeatureTransform
from tune.plan import Positions, Split
from tune.rows import Rows


@dataclass(frozen=True)
class Fold:
    """Features of one fold; the transform was fitted on its training rows alone.

    Attributes
    ----------
    rows
        Positions of the validation rows in the whole.
    segments
        Group of each validation row, where fairness is an objective; empty otherwise.
    """

    train: npt.NDArray[np.float64]
    train_labels: npt.NDArray[np.int8]
    train_weights: npt.NDArray[np.float64] | None
    validation: npt.NDArray[np.float64]
    validation_labels: npt.NDArray[np.int8]
    rows: Positions
    segments: npt.NDArray[np.object_]


def make_folds(
    rows: Rows, contract: Contract, plan: list[Split], *, segment: str | None = None
) -> Iterator[Fold]:
    """Transform each fold by itself."""
    for inside, outside in plan:
        transform = FeatureTransform.fit(contract, rows.raw[inside])
        yield Fold(
            train=transform.matrix(rows.raw[inside]),
            train_labels=rows.labels[inside],
            train_weights=None if rows.weights is None else rows.weights[inside],
            validation=transform.matrix(rows.raw[outside]),
            validation_labels=rows.labels[outside],
            rows=outside,
            segments=np.array([], dtype=object)
            if segment is None
            else rows.segments[segment][outside].astype(object),
        )
