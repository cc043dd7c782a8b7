"""The protocol of an explainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


class Explanation(msgspec.Struct, frozen=True, array_like=True):
    """Shapley values of one row on the raw margin.

    Attributes
    ----------
    base
        Mean margin of the background.
    contributions
        One value per feature; positive raises the log-odds of bad. ``base`` plus their sum is the
        margin.
    engine
        Name and version of what computed them; records keep it, so that an old explanation can be
        computed again.
    """

    base: float
    contributions: tuple[float, ...]
    engine: str


class Explainer(Protocol):
    """Explains rows against a stored background (interventional Shapley values)."""

    @property
    def engine(self) -> str:
        """Name and version, as in each explanation."""
        ...

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        ...

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        ...


class _Alone(Protocol):
    def explain(self, vector: Sequence[float]) -> Explanation: ...


def explain_each(explainer: _Alone, vectors: Matrix) -> Matrix:
    """Explain row after row, for engines that gain nothing by taking them together."""
    found = [explainer.explain(vector).contributions for vector in vectors.tolist()]
    return np.array(found, dtype=np.float64).reshape(vectors.shape)
