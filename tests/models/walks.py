"""Walking a tree as one would by hand: what compiled code is held against."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from credit.models.trees import Tree, TreeTable


def leaf_of(tree: Tree, vector: Sequence[float]) -> int:
    """Number of the leaf that a vector reaches."""
    node = 0 if tree.feature else -1
    while node >= 0:
        value = vector[tree.feature[node]]
        missing = math.isnan(value)
        left = tree.missing_left[node] if missing else value <= tree.threshold[node]
        node = tree.left[node] if left else tree.right[node]
    return -1 - node


def leaves_of(table: TreeTable, vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Leaf that each row reaches in each tree, shape (n_rows, n_trees)."""
    return np.array([[leaf_of(tree, row) for tree in table.trees] for row in vectors.tolist()])


def margin_by_hand(table: TreeTable, vector: Sequence[float]) -> float:
    """The base, then one leaf after the other."""
    total = table.base
    for tree in table.trees:
        total += tree.value[leaf_of(tree, vector)]
    return total
