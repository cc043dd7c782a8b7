"""The explainer of tree ensembles: exact interventional Shapley values, looked up and added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self, cast

import numpy as np

from credit.errors import ModelTooDeep
from credit.explain.base import Explanation
from credit.explain.tables.build import Background, build_tables
from credit.explain.tables.cache import TableCache
from credit.explain.tables.cells import Cells
from credit.explain.tables.games import MAXIMUM_FEATURES
from credit.explain.tables.plan import Group, Planner
from credit.explain.tables.tables import Tables
from credit.forest import Forest
from credit.models.base import Matrix, Model
from credit.models.encoding import Encoding

ENGINE = "tables/1"
"""Raise the number whenever the same forest and background would give other bits."""

CAP = 2048
"""Most rows of one table. Measured on 300 trees of 31 leaves: twice as many rows explain a sixth faster and
take half as much memory again."""

MAXIMUM_BYTES = 256 * 2**20
"""Of all tables of one model; beyond, looking up costs what it saves."""


class Grown(Protocol):
    """A model made of trees."""

    encoding: Encoding
    forest: Forest


class TableExplainer:
    """Explains a row by adding up one row of each table.

    Parameters
    ----------
    background
        Feature vectors that lend what a coalition lacks, shape (n_rows, n_features); any number of rows.
    cache
        Where finished tables are kept and shared between processes; None to build them here.

    Raises
    ------
    ModelTooDeep
        When the tables would be too large.
    """

    engine = ENGINE

    def __init__(self, model: Grown, background: Matrix, cache: Path | None = None) -> None:
        self._encoding = model.encoding
        encoded = np.ascontiguousarray(self._encoding.matrix(background), dtype=np.float64)
        if cache is None:
            self._tables = _tables(model.forest, encoded)
        else:
            self._tables = TableCache(cache).get(
                ENGINE, model.forest, encoded, lambda: _tables(model.forest, encoded)
            )

    @classmethod
    def of(cls, model: Model, background: Matrix, cache: Path | None = None) -> Self:
        """Build for a model made of trees."""
        return cls(cast(Grown, model), background, cache)

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables."""
        return self._tables.n_bytes

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        row = np.array(self._encoding.row(vector), dtype=np.float64)
        contributions = self._tables.explain(row)
        return Explanation(self._tables.base, tuple(contributions.tolist()), ENGINE)

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        return self._tables.explain_many(self._encoding.matrix(vectors))


def _tables(forest: Forest, background: Matrix) -> Tables:
    cells = Cells.of(forest)
    groups = Planner(forest, cells, CAP).groups()
    _check_size(groups, len(forest.roots))
    return build_tables(forest, cells, groups, Background(forest, cells, background))


def _check_size(groups: Sequence[Group], n_trees: int) -> None:
    deepest = max((len(leaf.allowed) for group in groups for leaf in group.leaves), default=0)
    n_bytes = 8 * sum(group.n_values for group in groups)
    if deepest > MAXIMUM_FEATURES or n_bytes > MAXIMUM_BYTES:
        raise ModelTooDeep(
            f"{n_trees} trees with up to {deepest} features on a path need {n_bytes / 2**20:,.0f} MiB of tables "
            f"to be explained from, at most {MAXIMUM_BYTES // 2**20} MiB and {MAXIMUM_FEATURES} features are "
            "allowed; a max_depth of 6 or 7 costs no accuracy on credit data"
        )
