"""Compile what a score and its reasons need, ahead of the first applicant: ``python -m credit.explain.warm``.

The machine code is kept beside the source, so an image that ran this once starts without compiling. A
service compiles what is missing while it starts: it answers only after its golden rows were scored.
"""

from __future__ import annotations

import numpy as np

from credit.explain.tables.explainer import TableExplainer
from credit.models.encoding import Encoding
from credit.models.tree_model import TreeModel
from credit.models.trees import Tree, TreeTable


def warm() -> None:
    """Score and explain a made-up row by a made-up tree, alone and among others."""
    tree = Tree((0, 1), (0.5, 2.0), (True, False), (1, -1), (-3, -2), (0.1, 0.2, 0.4))
    model = TreeModel("xgboost", TreeTable(2, 0.0, (tree,)), Encoding((), ()))
    rows = np.array([[0.0, 1.0], [1.0, np.nan]])
    explainer = TableExplainer(model, rows)
    model.margins(rows)
    explainer.explain_many(rows)
    for vector in rows.tolist():
        model.margin(vector)
        explainer.explain(vector)


if __name__ == "__main__":
    warm()
