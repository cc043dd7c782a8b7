"""A forest out of LightGBM's text form.

Every number is checked before it is followed: the text of a model may come from outside, and compiled
code would follow a child that does not exist out of memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.forest.forest import Forest
from credit.forest.walk import CATEGORIES, MISSING, MISSING_AS_ZERO, MISSING_OR_ZERO, NODE, ZERO

CATEGORICAL_BIT, DEFAULT_LEFT_BIT = 1, 2
MISSING_SHIFT = 2
MISSING_KINDS = {0: MISSING_AS_ZERO, 1: MISSING_OR_ZERO, 2: MISSING}
"""What the bits of a decision type from the third on say."""


@dataclass
class _Tree:
    nodes: Any
    values: list[float]
    words: list[int]
    node_cover: list[float]
    leaf_cover: list[float]


def forest_of_text(text: str) -> Forest:
    """Read a booster of one class.

    Raises
    ------
    ValueError
        Naming the first part that is wrong.
    """
    head, _, rest = text.partition("\n\n")
    if not head.startswith("tree\n"):
        raise ValueError("it does not begin with a header")
    header = _fields(head)
    if header["num_class"] != "1" or "average_output" in head.splitlines():
        raise ValueError("it has several classes or averages its trees")
    n_features = int(header["max_feature_idx"]) + 1
    trees = [
        _tree(k, block, n_features) for k, block in enumerate(_blocks(rest, header["tree_sizes"]))
    ]
    return _joined(trees, n_features)


def _blocks(rest: str, sizes: str) -> list[str]:
    """Cut the trees out where the header says that they are; LightGBM reads them there."""
    blocks, start = [], 0
    for k, size in enumerate(map(int, sizes.split())):
        block = rest[start : start + size]
        if not block.startswith(f"Tree={k}\n") or len(block) != size:
            raise ValueError(f"tree {k} is not where the header says")
        blocks.append(block)
        start += size
    if not rest.startswith("end of trees\n", start):
        raise ValueError("the trees do not end after the last one")
    if "\nend of parameters\n" not in rest[start:]:
        raise ValueError("it was cut off")
    return blocks


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(k: int, block: str, n_features: int) -> _Tree:
    try:
        return _read(_fields(block), n_features)
    except (KeyError, ValueError) as error:
        raise ValueError(f"tree {k} is not a tree ({error})") from error


def _read(tree: dict[str, str], n_features: int) -> _Tree:
    n_leaves = int(tree["num_leaves"])
    values = _floats(tree["leaf_value"], n_leaves, "leaves")
    if tree.get("is_linear", "0") != "0" or not all(map(math.isfinite, values)):
        raise ValueError("leaves")
    if n_leaves == 1:  # a booster that found no split keeps a tree of one leaf
        return _Tree(np.zeros(0, dtype=NODE), values, [], [], [1.0])
    nodes, words = _splits(tree, n_leaves - 1, n_features)
    return _Tree(
        nodes,
        values,
        words,
        node_cover=_floats(tree["internal_count"], n_leaves - 1, "counts"),
        leaf_cover=_floats(tree["leaf_count"], n_leaves, "counts"),
    )


def _splits(tree: dict[str, str], n: int, n_features: int) -> tuple[Any, list[int]]:
    features = _ints(tree["split_feature"], n, "features")
    if not set(features) <= set(range(n_features)):
        raise ValueError("features")
    thresholds = _floats(tree["threshold"], n, "thresholds")
    if any(map(math.isnan, thresholds)):
        raise ValueError("thresholds")
    decisions = _ints(tree["decision_type"], n, "decisions")
    if not all(d >> MISSING_SHIFT in MISSING_KINDS for d in decisions):
        raise ValueError("decisions")
    left = _ints(tree["left_child"], n, "children")
    right = _ints(tree["right_child"], n, "children")
    _check_children(left, right)
    nodes = np.zeros(n, dtype=NODE)
    nodes["feature"], nodes["left"], nodes["right"] = features, left, right
    nodes["threshold"] = [
        t if d & CATEGORICAL_BIT else _around_zero(t)
        for t, d in zip(thresholds, decisions, strict=True)
    ]
    nodes["kind"] = [MISSING_KINDS[d >> MISSING_SHIFT] for d in decisions]
    nodes["default_left"] = [bool(d & DEFAULT_LEFT_BIT) for d in decisions]
    return nodes, _categories(tree, nodes, decisions)


def _around_zero(threshold: float) -> float:
    """Move a threshold so that all that LightGBM takes for zero goes where zero goes.

    It drops values within :data:`~credit.forest.walk.ZERO` of zero before it predicts, as from a sparse row.
    """
    if not -ZERO <= threshold < ZERO:
        return threshold
    return ZERO if threshold >= 0 else math.nextafter(-ZERO, -math.inf)


def _check_children(left: list[int], right: list[int]) -> None:
    """Refuse what is no tree: all but the root follow one parent, which stands before them.

    Leaves count down from -1, splits up from the root 0. No walk can circle then.
    """
    n = len(left)
    if sorted([*left, *right]) != [*range(-n - 1, 0), *range(1, n)]:
        raise ValueError("children")
    if any(0 <= child <= parent for side in (left, right) for parent, child in enumerate(side)):
        raise ValueError("children")


def _categories(tree: dict[str, str], nodes: Any, decisions: list[int]) -> list[int]:
    """Turn the splits by category into sets; their threshold is the number of the set."""
    n_sets = int(tree["num_cat"])
    if n_sets == 0:
        if any(d & CATEGORICAL_BIT for d in decisions):
            raise ValueError("categories")
        return []
    bounds = _ints(tree["cat_boundaries"], n_sets + 1, "categories")
    words = _ints(tree["cat_threshold"], bounds[-1], "categories")
    if bounds[0] != 0 or bounds != sorted(bounds) or not all(0 <= w < 2**32 for w in words):
        raise ValueError("categories")
    for node, decision in zip(nodes, decisions, strict=True):
        if decision & CATEGORICAL_BIT:
            chosen = int(node["threshold"])
            if not 0 <= chosen < n_sets:
                raise ValueError("categories")
            node["kind"] = CATEGORIES
            node["first_word"] = bounds[chosen]
            node["n_words"] = bounds[chosen + 1] - bounds[chosen]
    return words


def _joined(trees: list[_Tree], n_features: int) -> Forest:
    """Lay the trees one behind the other."""
    roots, n_nodes, n_leaves, n_words = [], 0, 0, 0
    for tree in trees:
        for side in ("left", "right"):
            child = tree.nodes[side]
            tree.nodes[side] = np.where(child >= 0, child + n_nodes, child - n_leaves)
        tree.nodes["first_word"] += n_words
        roots.append(n_nodes if len(tree.nodes) else -1 - n_leaves)
        n_nodes += len(tree.nodes)
        n_leaves += len(tree.values)
        n_words += len(tree.words)
    return Forest(
        n_features=n_features,
        base=0.0,
        roots=np.array(roots, dtype=np.int32),
        nodes=np.concatenate([np.zeros(0, dtype=NODE), *(tree.nodes for tree in trees)]),
        values=np.array([v for tree in trees for v in tree.values]),
        words=np.array([w for tree in trees for w in tree.words], dtype=np.uint32),
        node_cover=np.array([c for tree in trees for c in tree.node_cover]),
        leaf_cover=np.array([c for tree in trees for c in tree.leaf_cover]),
    )


def _floats(line: str, n: int, name: str) -> list[float]:
    found = [float(v) for v in line.split()]
    if len(found) != n:
        raise ValueError(name)
    return found


def _ints(line: str, n: int, name: str) -> list[int]:
    found = [int(v) for v in line.split()]
    if len(found) != n:
        raise ValueError(name)
    return found
