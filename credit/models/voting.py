"""A forest that averages shares of bads, as scikit-learn does, in tables of our own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt
from credit.forest import forest_of_table
from credit.models.base import Matrix
from credit.models.trees import TreeTable

FILE = "model.votes.json"

CERTAIN = 1e-9
"""Shares are held this far from 0 and 1, so that every margin is finite."""


def log_odds(share: float) -> float:
    """Log-odds of a share in [0, 1], by scalar libm."""
    held = min(max(share, CERTAIN), 1 - CERTAIN)
    return math.log(held / (1 - held))


class VotingModel:
    """The log-odds of the mean share of the trees: the answers of the forest that was imported.

    The mean comes before the logarithm, so the margin is no sum over trees, and its contributions
    are computed from coalitions.
    """

    family = "imported"

    def __init__(self, table: TreeTable) -> None:
        self.table = table
        self.used = table.used
        self._forest = forest_of_table(table)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        return log_odds(self._forest.margin(np.array(vector, dtype=np.float64)))

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, with the bits of :meth:`margin`."""
        shares = self._forest.margins(vectors).tolist()
        return np.array([log_odds(share) for share in shares], dtype=np.float64)

    def quick_margins(self, vectors: Matrix) -> Matrix:
        """As :meth:`margins`."""
        return self.margins(vectors)

    def to_files(self) -> dict[str, bytes]:
        """Return the trees as JSON."""
        return {FILE: msgspec.json.encode(self.table)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from JSON.

        Raises
        ------
        BundleCorrupt
            When it is not an ensemble of trees.
        """
        try:
            return cls(msgspec.json.decode(files[FILE], type=TreeTable))
        except (msgspec.DecodeError, UnicodeDecodeError, BundleCorrupt) as error:
            raise BundleCorrupt(f"{FILE} is not an ensemble of trees: {error}") from error
