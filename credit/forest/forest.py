"""An ensemble of trees in flat arrays, and its margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.errors import DataError
from credit.forest.walk import margin_of, margins_of
from credit.models.base import Matrix

Int32 = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forest:
    """``margin = base + sum of one leaf per tree``, added in the order of the trees.

    Attributes
    ----------
    n_features
        Length of a row.
    base
        Log-odds of bad before any tree.
    roots
        Per tree: its first split, or ``-1 - leaf`` for a tree of one leaf.
    nodes
        All splits, of dtype :data:`credit.forest.walk.NODE`.
    values
        Per leaf: what it adds.
    words
        Sets of categories, 32 a word.
    node_cover, leaf_cover
        Training rows that reached each split and leaf; empty where the model does not tell.
    """

    n_features: int
    base: float
    roots: Int32
    nodes: npt.NDArray[Any]
    values: Floats
    words: Words = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    node_cover: Floats = field(default_factory=lambda: np.zeros(0))
    leaf_cover: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        """Read-only: compiled code trusts its arrays."""
        for array in (self.roots, self.nodes, self.values, self.words):
            array.flags.writeable = False

    def margin(self, row: Floats) -> float:
        """Log-odds of bad of one row, shape (n_features,); NaN = missing.

        Raises
        ------
        DataError
            When the row has another length: compiled code would read beyond it.
        """
        self._require_width(row)
        return margin_of(row, self.base, self.roots, self.nodes, self.values, self.words)

    def margins(self, rows: Matrix) -> Matrix:
        """Log-odds of bad of many, shape (n_rows,), with the bits of :meth:`margin`."""
        self._require_width(rows)
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        margins: Matrix = margins_of(
            rows, self.base, self.roots, self.nodes, self.values, self.words
        )
        return margins

    def _require_width(self, rows: Matrix) -> None:
        if rows.shape[-1] != self.n_features:
            raise DataError(
                f"a feature vector has {self.n_features} values, this one has {rows.shape[-1]}"
            )

    def share(self, split: int, child: int) -> float:
        """Share of a split's training rows that went on to this child of it; 1 where it is not told."""
        if not len(self.node_cover):
            return 1.0
        reached = self.node_cover[child] if child >= 0 else self.leaf_cover[-1 - child]
        return float(reached / self.node_cover[split])

    @property
    def used(self) -> list[int]:
        """Places of a row that any tree asks for, in order."""
        return np.unique(self.nodes["feature"]).tolist()  # type: ignore[no-any-return]
