"""Ensembles of binary trees in a form of our own: plain arrays, and a walk that anybody can read.

Whatever library grew the trees, they are served from here: the same bits for one row and for many,
and no library to load. Every comparison is ``value <= threshold`` on float64.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from credit.errors import BundleCorrupt
from credit.models.base import Matrix


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tree. Splits are numbered from the root, 0; leaf ``k`` is written ``-1 - k``.

    Attributes
    ----------
    feature, threshold
        Per split: a row goes left when this feature is at most this number.
    missing_left
        Per split: whether a row without the feature goes left.
    left, right
        Per split: the split or leaf that follows; a split comes after its parent.
    value
        Per leaf: what it adds to the log-odds of bad.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is not a tree.

        Raises
        ------
        BundleCorrupt
            Naming the part that is wrong.
        """
        n_splits, n_leaves = len(self.feature), len(self.value)
        parts = (self.threshold, self.missing_left, self.left, self.right)
        if n_leaves != n_splits + 1 or any(len(part) != n_splits for part in parts):
            raise BundleCorrupt(
                f"a tree of {n_splits} splits must have {n_splits + 1} leaves and {n_splits} of all else"
            )
        if not all(map(math.isfinite, (*self.threshold, *self.value))):
            raise BundleCorrupt("the thresholds and leaves of a tree must be finite numbers")
        if n_splits == 0:  # a tree that found no split is one leaf
            return
        # All nodes but the root have one parent, and it stands before them: then no walk can circle.
        nodes = [*range(-n_leaves, 0), *range(1, n_splits)]
        children = [*self.left, *self.right]
        parents = [*range(n_splits), *range(n_splits)]
        if sorted(children) != nodes or any(
            0 <= child <= parent for child, parent in zip(children, parents, strict=True)
        ):
            raise BundleCorrupt("the nodes of a tree must each follow one parent")


class TreeTable(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """``margin = base + sum of one leaf per tree``, added in the order of the trees.

    Attributes
    ----------
    n_features
        Length of the vector.
    base
        Log-odds of bad before any tree.
    """

    n_features: int
    base: float
    trees: tuple[Tree, ...]

    def __post_init__(self) -> None:
        """Refuse trees that do not fit the vector.

        Raises
        ------
        BundleCorrupt
            When a tree asks for a feature that the vector does not have, or the base is no number.
        """
        if not math.isfinite(self.base):
            raise BundleCorrupt("the base of an ensemble must be a finite number")
        asked = {feature for tree in self.trees for feature in tree.feature}
        if not asked <= set(range(self.n_features)):
            raise BundleCorrupt(
                f"a tree asks for a feature outside the {self.n_features} there are"
            )

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one vector, NaN = missing."""
        total = self.base
        for tree in self.trees:
            node = 0 if tree.feature else -1
            while node >= 0:
                value = vector[tree.feature[node]]
                if value <= tree.threshold[node]:
                    node = tree.left[node]
                elif value > tree.threshold[node]:
                    node = tree.right[node]
                else:
                    node = tree.left[node] if tree.missing_left[node] else tree.right[node]
            total += tree.value[-1 - node]
        return total

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, shape (n_rows,): the same additions in the same order."""
        total = np.full(len(vectors), self.base)
        columns = np.asfortranarray(vectors)
        for tree in self.trees:
            total += np.asarray(tree.value)[self._leaves(tree, columns)]
        return total

    def leaves(self, vectors: Matrix) -> npt.NDArray[np.int64]:
        """Leaf that each row reaches in each tree, shape (n_rows, n_trees)."""
        columns = np.asfortranarray(vectors)
        found = [self._leaves(tree, columns) for tree in self.trees]
        return np.column_stack(found) if found else np.empty((len(vectors), 0), dtype=np.int64)

    @staticmethod
    def _leaves(tree: Tree, columns: Matrix) -> npt.NDArray[np.int64]:
        leaf = np.zeros(len(columns), dtype=np.int64)
        waiting = [(0 if tree.feature else -1, np.arange(len(columns)))]
        while waiting:
            node, rows = waiting.pop()
            if node < 0:
                leaf[rows] = -1 - node
            elif len(rows):
                values, threshold = columns[rows, tree.feature[node]], tree.threshold[node]
                # Neither comparison holds for a NaN, so the one chosen here decides where it goes.
                goes_left = (
                    ~(values > threshold) if tree.missing_left[node] else values <= threshold
                )
                waiting += [
                    (tree.left[node], rows[goes_left]),
                    (tree.right[node], rows[~goes_left]),
                ]
        return leaf

    @functools.cached_property
    def used(self) -> tuple[int, ...]:
        """Places of the vector that any tree asks for, in order."""
        return tuple(sorted({feature for tree in self.trees for feature in tree.feature}))
