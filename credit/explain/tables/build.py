"""Tables out of a plan: the games of all leaves of a group, added up for every combination of states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from credit.explain.tables.cells import Cells, Mask
from credit.explain.tables.games import against_background, by_cover, gauss_legendre, shares
from credit.explain.tables.plan import Group, LeafPath
from credit.explain.tables.tables import Tables
from credit.forest.compiled import compiled
from credit.forest.forest import Floats, Forest
from credit.models.base import Matrix

Int32 = npt.NDArray[np.int32]


class Reference(Protocol):
    """What a row is explained against."""

    def base(self) -> float:
        """Mean margin of the reference."""
        ...

    def game(self, leaf: LeafPath) -> Floats:
        """Shapley values of one leaf, shape (2**k, k), indexed by the set of features satisfied."""
        ...


class Background:
    """Rows of a sample, each of which lends the features that a coalition lacks (interventional).

    Parameters
    ----------
    rows
        Encoded rows, shape (n_rows, n_features).
    """

    def __init__(self, forest: Forest, cells: Cells, rows: Matrix) -> None:
        self._forest = forest
        self._n = len(rows)
        own = cells.of_rows(rows)
        # Per used feature and cell: which rows of the background lie in it, as bits.
        self._rows_in = [
            [
                sum(1 << int(i) for i in np.flatnonzero(own[:, k] == cell))
                for cell in range(cells.n_cells(k))
            ]
            for k in range(len(cells.features))
        ]
        self._margins = forest.margins(rows)
        self._integrals = shares()
        self._satisfied: dict[tuple[int, Mask], npt.NDArray[np.bool_]] = {}

    def base(self) -> float:
        """Mean margin of the background."""
        return math.fsum(self._margins.tolist()) / self._n

    def game(self, leaf: LeafPath) -> Floats:
        """See :func:`credit.explain.tables.games.against_background`."""
        k = len(leaf.allowed)
        sets = np.zeros(self._n, dtype=np.int64)
        for j, (place, mask) in enumerate(leaf.allowed.items()):
            sets |= self._satisfying(place, mask).astype(np.int64) << j
        counts = np.bincount(sets, minlength=1 << k) / self._n
        out = np.empty((1 << k, k))
        against_background(float(self._forest.values[leaf.leaf]), k, counts, self._integrals, out)
        return out

    def _satisfying(self, place: int, mask: Mask) -> npt.NDArray[np.bool_]:
        """Which rows of the background have this feature in these cells; leaves share conditions."""
        if (place, mask) not in self._satisfied:
            bits = 0
            for cell, rows in enumerate(self._rows_in[place]):
                if (mask >> cell) & 1:
                    bits |= rows
            flags = [(bits >> i) & 1 for i in range(self._n)]
            self._satisfied[place, mask] = np.array(flags, dtype=bool)
        return self._satisfied[place, mask]


class Cover:
    """The training rows of the nodes, as LightGBM's ``pred_contrib`` (path-dependent values)."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest

    def base(self) -> float:
        """Mean margin by the shares of training rows at the leaves."""
        forest = self._forest
        total, covers, leaf = forest.base, forest.leaf_cover, 0
        for root in forest.roots.tolist():
            n = _n_leaves(forest, root)
            own = slice(leaf, leaf + n)
            total += float(np.average(forest.values[own], weights=covers[own]))
            leaf += n
        return total

    def game(self, leaf: LeafPath) -> Floats:
        """See :func:`credit.explain.tables.games.by_cover`."""
        k = len(leaf.allowed)
        points, weights = gauss_legendre((k + 1) // 2)
        out = np.empty((1 << k, k))
        cover = np.array(list(leaf.cover.values()))
        by_cover(float(self._forest.values[leaf.leaf]), k, cover, points, weights, out)
        return out


def _n_leaves(forest: Forest, root: int) -> int:
    if root < 0:
        return 1
    node = forest.nodes[root]
    return _n_leaves(forest, int(node["left"])) + _n_leaves(forest, int(node["right"]))


def build_tables(
    forest: Forest, cells: Cells, groups: Sequence[Group], reference: Reference
) -> Tables:
    """Fill the tables of all groups."""
    sizes = [group.n_values for group in groups]
    starts = np.cumsum([0, *sizes], dtype=np.int64)
    values = np.zeros(starts[-1])
    for group, start, size in zip(groups, starts[:-1].tolist(), sizes, strict=True):
        table = values[start : start + size].reshape(group.n_rows, len(group.states))
        for leaf in group.leaves:
            _add_leaf(table, group, leaf, reference.game(leaf))
    widths = [len(group.states) for group in groups]
    columns = [cells.features[k] for group in groups for k in group.states]
    return Tables(
        base=reference.base(),
        n_features=forest.n_features,
        features=cells.features,
        first=cells.first,
        thresholds=cells.thresholds,
        steps=_steps(cells, groups),
        starts=starts[:-1],
        first_column=np.cumsum([0, *widths], dtype=np.int32),
        columns=np.array(columns, dtype=np.int32),
        values=values,
    )


def _steps(cells: Cells, groups: Sequence[Group]) -> npt.NDArray[np.uint16]:
    """What each cell adds to the number of a row: the first feature of a group changes slowest."""
    steps = np.zeros((int(cells.first[-1]), len(groups)), dtype=np.uint16)
    for g, group in enumerate(groups):
        stride = group.n_rows
        for k, states in group.states.items():
            stride //= len(states)
            first = int(cells.first[k])
            for state, mask in enumerate(states):
                for cell in _members(mask):
                    steps[first + cell, g] = state * stride
    return steps


def _members(mask: Mask) -> list[int]:
    return [cell for cell in range(mask.bit_length()) if (mask >> cell) & 1]


def _add_leaf(table: Floats, group: Group, leaf: LeafPath, game: Floats) -> None:
    """Add one leaf to every row of its group's table."""
    places = {k: c for c, k in enumerate(group.states)}
    columns = np.array([places[k] for k in leaf.allowed], dtype=np.int32)
    # Per feature of the group and state: the bit that it sets when it satisfies the leaf's condition.
    bits = np.zeros((len(group.states), max(map(len, group.states.values()))), dtype=np.int32)
    for j, (k, allowed) in enumerate(leaf.allowed.items()):
        for state, mask in enumerate(group.states[k]):
            bits[places[k], state] = (1 << j) if mask & allowed else 0
    n_states = np.array([len(states) for states in group.states.values()], dtype=np.int32)
    _add(table, game, columns, bits, n_states)


@compiled
def _add(table: Any, game: Any, columns: Any, bits: Any, n_states: Any) -> None:
    n_features = len(n_states)
    state = np.zeros(n_features, dtype=np.int32)
    for row in range(len(table)):
        satisfied = 0
        for f in range(n_features):
            satisfied |= bits[f, state[f]]
        for j in range(len(columns)):
            table[row, columns[j]] += game[satisfied, j]
        # Count on, the last feature fastest.
        for f in range(n_features - 1, -1, -1):
            state[f] += 1
            if state[f] < n_states[f]:
                break
            state[f] = 0
