"""A forest out of our own table of trees."""

from __future__ import annotations

import numpy as np

from credit.forest.forest import Forest
from credit.forest.walk import MISSING, NODE
from credit.models.trees import TreeTable


def forest_of_table(table: TreeTable) -> Forest:
    """Lay the trees of a table one behind the other; the table has checked that they are trees."""
    nodes = np.zeros(sum(len(tree.feature) for tree in table.trees), dtype=NODE)
    nodes["kind"] = MISSING
    roots: list[int] = []
    values: list[float] = []
    n_nodes = 0
    for tree in table.trees:
        n, n_leaves = len(tree.feature), len(values)
        own = nodes[n_nodes : n_nodes + n]
        own["feature"], own["threshold"] = tree.feature, tree.threshold
        own["default_left"] = tree.missing_left
        for side, children in (("left", tree.left), ("right", tree.right)):
            own[side] = [n_nodes + c if c >= 0 else c - n_leaves for c in children]
        roots.append(n_nodes if n else -1 - n_leaves)
        values += tree.value
        n_nodes += n
    return Forest(
        n_features=table.n_features,
        base=table.base,
        roots=np.array(roots, dtype=np.int32),
        nodes=nodes,
        values=np.array(values, dtype=np.float64),
    )
