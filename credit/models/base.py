"""What every model family can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


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

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the model from the files of a bundle."""
        ...


class Fit(Protocol):
    """How a family learns."""

    def __call__(
        self,
        vectors: Matrix,
        labels: Labels,
        *,
        feature_names: Sequence[str],
        directions: Sequence[int],
        parameters: Mapping[str, Any],
        seed: int,
        num_threads: int,
    ) -> Model:
        """Fit on rows whose ``labels`` are 1 for bad; the same arguments give the same model."""
        ...
