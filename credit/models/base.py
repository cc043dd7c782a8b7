"""What every model family can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from credit.features.spec import FeatureSpec

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Weights = npt.NDArray[np.float64]


class Model(Protocol):
    """A fitted model of one family.

    ``margin`` and ``margins`` give the same bits for the same row, whatever stands beside it.
    """

    family: str

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector; NaN in the vector means missing."""
        ...

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, shape (n_rows,)."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """Content of the model's files in a bundle, by file name."""
        ...


class Fit(Protocol):
    """How a family learns."""

    def __call__(
        self,
        vectors: Matrix,
        labels: Labels,
        *,
        features: FeatureSpec,
        parameters: Mapping[str, Any],
        seed: int,
        num_threads: int,
        weights: Weights | None = None,
    ) -> Model:
        """Fit on rows whose ``labels`` are 1 for bad; the same arguments give the same model.

        ``weights`` are positive, one a row; without them every row counts once.
        """
        ...
