"""Ensembles of binary trees in a form of our own, as a bundle keeps them.

Whatever library grew the trees, they are served from here, by :class:`credit.forest.Forest`: no library
to load. Every comparison is ``value <= threshold`` on float64.
"""

from __future__ import annotations

import functools
import math

import msgspec

from credit.errors import BundleCorrupt


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

    @functools.cached_property
    def used(self) -> tuple[int, ...]:
        """Places of the vector that any tree asks for, in order."""
        return tuple(sorted({feature for tree in self.trees for feature in tree.feature}))
