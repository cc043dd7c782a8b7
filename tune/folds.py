"""Cross-validation folds, prepared once and read by every trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.contract import Contract
from credit.features import FeatureTransform
from tune.rows import Rows


@dataclass(frozen=True)
class Fold:
    """Features of one fold; the transform was fitted on its training rows alone.

    ``rows`` are the positions of the validation rows in the whole.
    """

    train: npt.NDArray[np.float64]
    train_labels: npt.NDArray[np.int8]
    validation: npt.NDArray[np.float64]
    validation_labels: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int64]


def make_folds(rows: Rows, contract: Contract, *, n_folds: int, seed: int) -> Iterator[Fold]:
    """Split rows and transform each fold by itself."""
    fold = rows.folds(n_folds, seed=seed)
    for k in range(n_folds):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        transform = FeatureTransform.fit(contract, rows.raw[inside])
        yield Fold(
            transform.matrix(rows.raw[inside]),
            rows.labels[inside],
            transform.matrix(rows.raw[outside]),
            rows.labels[outside],
            outside,
        )
