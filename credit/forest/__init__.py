"""Ensembles of trees as one flat array of nodes: what compiled code walks, row by row.

Whatever grew the trees, :class:`Forest` is what predicts and what is explained.
"""

from credit.forest.forest import Forest
from credit.forest.lightgbm_text import forest_of_text
from credit.forest.table import forest_of_table

__all__ = ["Forest", "forest_of_table", "forest_of_text"]
