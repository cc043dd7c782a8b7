"""Our trees as shap wants them told."""

from __future__ import annotations

from typing import Any

import numpy as np

from credit.models.trees import Tree, TreeTable


def shap_ensemble(table: TreeTable) -> dict[str, Any]:
    """Describe an ensemble to ``shap.TreeExplainer``; shap compares doubles with ``<=``, as we do."""
    return {
        "trees": [_shap_tree(tree) for tree in table.trees],
        "base_offset": table.base,
        "internal_dtype": np.float64,
        "input_dtype": np.float64,
        "tree_output": "log_odds",
        "objective": "binary_crossentropy",
    }


def _shap_tree(tree: Tree) -> dict[str, Any]:
    """Splits first, then leaves; how many rows a node held is of no account against a background."""
    n_splits, n_leaves = len(tree.feature), len(tree.value)
    none = [-1] * n_leaves

    def children(nodes: tuple[int, ...]) -> list[int]:
        return [node if node >= 0 else n_splits - 1 - node for node in nodes]

    left, right = children(tree.left), children(tree.right)
    missing = [a if flag else b for a, b, flag in zip(left, right, tree.missing_left, strict=True)]
    return {
        "children_left": np.array(left + none),
        "children_right": np.array(right + none),
        "children_default": np.array(missing + none),
        "features": np.array([*tree.feature, *none]),
        "thresholds": np.array([*tree.threshold, *map(float, none)]),
        "values": np.array([*[0.0] * n_splits, *tree.value])[:, None],
        "node_sample_weight": np.ones(n_splits + n_leaves),
    }
