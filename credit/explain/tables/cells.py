"""Values as cells: within one cell of a feature, no split of the forest tells two values apart.

Between neighbouring thresholds of a feature every split decides alike, so an explanation depends on the
cells alone. Cells are numbered upwards from 0; the last one is that of a missing value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.explain.tables.lookup import cells_of
from credit.forest.forest import Floats, Forest
from credit.forest.walk import CATEGORIES, MISSING_OR_ZERO, ZERO, left_values

Mask = int
"""A set of cells of one feature: bit ``c`` stands for cell ``c``."""


@dataclass(frozen=True)
class Cells:
    """The cells of every used feature.

    Attributes
    ----------
    features
        Places of a row that are used.
    first
        Per used feature: where its cells begin among all cells; one more at the end.
    thresholds
        Largest value of each cell but the last number's (infinity) and the missing value's (NaN):
        one entry per cell.
    """

    features: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    thresholds: Floats

    @classmethod
    def of(cls, forest: Forest) -> Cells:
        """Find the cells of a forest."""
        features = forest.used
        per_feature = [[*_thresholds(forest, feature), math.inf, math.nan] for feature in features]
        return cls(
            features=np.array(features, dtype=np.int32),
            first=np.cumsum([0, *map(len, per_feature)], dtype=np.int32),
            thresholds=np.array([t for own in per_feature for t in own]),
        )

    def n_cells(self, k: int) -> int:
        """Cells of the ``k``-th used feature."""
        return int(self.first[k + 1] - self.first[k])

    def representatives(self, k: int) -> Floats:
        """One value of each cell of the ``k``-th used feature."""
        return self.thresholds[self.first[k] : self.first[k + 1]]

    def of_rows(self, rows: Floats) -> npt.NDArray[np.int32]:
        """Cells of rows, numbered within their feature, shape (n_rows, n_used)."""
        found = np.empty((len(rows), len(self.features)), dtype=np.int32)
        for i, row in enumerate(np.ascontiguousarray(rows, dtype=np.float64)):
            cells_of(row, self.features, self.first, self.thresholds, found[i])
        return found - self.first[:-1]

    def masks_of_splits(self, forest: Forest) -> list[Mask]:
        """Per split: the cells of its feature that go left."""
        place = {int(feature): k for k, feature in enumerate(self.features)}
        masks = []
        for node in forest.nodes:
            k = place[int(node["feature"])]
            flags = left_values(node, forest.words, self.representatives(k))
            masks.append(int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little"))
        return masks


def _thresholds(forest: Forest, feature: int) -> list[float]:
    """Every value at which a split of this feature may change its mind."""
    nodes = forest.nodes[forest.nodes["feature"] == feature]
    by_category = nodes["kind"] == CATEGORIES
    found = set(nodes["threshold"][~by_category].tolist())
    if (nodes["kind"] == MISSING_OR_ZERO).any():
        found |= {math.nextafter(-ZERO, -math.inf), ZERO}
    if by_category.any():
        # Numbers above -1 and below 1 name category 0, from there one category a whole number.
        n_categories = 32 * int(nodes["n_words"][by_category].max())
        found |= {-1.0, *(math.nextafter(c, 0.0) for c in range(1, n_categories + 1))}
    return sorted(found - {math.inf})
