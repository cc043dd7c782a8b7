"""From the node arrays that a library grows to a :class:`~credit.models.trees.Tree`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from credit.models.base import Matrix
from credit.models.float32 import at_most
from credit.models.trees import Tree


def tree_of_nodes(
    *,
    left: Sequence[int],
    right: Sequence[int],
    feature: Sequence[int],
    threshold: Sequence[float],
    missing_left: Sequence[bool],
    value: Sequence[float],
) -> Tree:
    """Number splits and leaves apart, each from the root down; a node whose ``left`` is -1 is a leaf.

    ``threshold`` already goes with ``<=`` on doubles.
    """
    splits: list[int] = []
    leaves: list[int] = []
    waiting = [0]
    while waiting:
        node = waiting.pop()
        if left[node] == -1:
            leaves.append(node)
        else:
            splits.append(node)
            waiting += [right[node], left[node]]
    name = {node: k for k, node in enumerate(splits)} | {
        node: -1 - k for k, node in enumerate(leaves)
    }
    return Tree(
        feature=tuple(int(feature[node]) for node in splits),
        threshold=tuple(float(threshold[node]) for node in splits),
        missing_left=tuple(bool(missing_left[node]) for node in splits),
        left=tuple(name[left[node]] for node in splits),
        right=tuple(name[right[node]] for node in splits),
        value=tuple(float(value[node]) for node in leaves),
    )


def tree_of_sklearn(
    grown: Any, leaf: Callable[[float], float], stands_for_missing: Sequence[float | None]
) -> Tree:
    """Read ``grown``, the ``tree_`` of a scikit-learn tree.

    Parameters
    ----------
    leaf
        From the tree's own number at a leaf (the last one, where it has one per class) to what the
        leaf adds to the margin.
    stands_for_missing
        Per feature: the number that missing values were replaced by, or None when the tree itself
        knows where they go.
    """
    places = grown.feature.tolist()
    is_split = [left != -1 for left in grown.children_left.tolist()]
    threshold = [
        at_most(value) if split else 0.0
        for value, split in zip(grown.threshold.tolist(), is_split, strict=True)
    ]
    missing_left = []
    for node, learned in enumerate(grown.missing_go_to_left.tolist()):
        instead = stands_for_missing[places[node]] if is_split[node] else None
        missing_left.append(bool(learned) if instead is None else instead <= threshold[node])
    return tree_of_nodes(
        left=grown.children_left.tolist(),
        right=grown.children_right.tolist(),
        feature=places,
        threshold=threshold,
        missing_left=missing_left,
        value=[leaf(value) for value in grown.value[:, 0, -1].tolist()],
    )


def medians(encoded: Matrix) -> list[float]:
    """Median of each column, a value that occurs; 0 where every row lacks it."""
    found = []
    for column in encoded.T:
        known = np.sort(column[~np.isnan(column)])
        found.append(float(known[(len(known) - 1) // 2]) if len(known) else 0.0)
    return found


def filled(encoded: Matrix, instead: Sequence[float]) -> Matrix:
    """Replace what is missing, column by column."""
    return np.where(np.isnan(encoded), np.asarray(instead), encoded)
