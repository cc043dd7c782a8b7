r"""Which leaves share a table: whole subtrees, while the product of their features' states is small.

The Shapley values of the game of one leaf depend only on which of its path's features the row satisfies.
The leaves of a subtree together depend on a few *states* of each feature: sets of cells that no split in
it, and no condition above it, tells apart. A table with one row per combination of states holds the sums
of all its leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from credit.explain.tables.cells import Cells, Mask
from credit.forest.forest import Forest


@dataclass(frozen=True)
class LeafPath:
    """A leaf, the cells of each feature that lead to it, and how often training rows went along there.

    Attributes
    ----------
    allowed
        Per used feature on the path: its cells that satisfy every split on it.
    cover
        Per used feature on the path: product of the shares of rows that took the path's side at its
        splits; 1 where the forest does not tell.
    """

    leaf: int
    allowed: dict[int, Mask]
    cover: dict[int, float]


States = dict[int, tuple[Mask, ...]]
"""Per used feature: disjoint sets of cells that together are all its cells."""


@dataclass(frozen=True)
class Group:
    """Leaves that share a table, and the states of the features on their paths."""

    leaves: tuple[LeafPath, ...]
    states: States

    @property
    def n_rows(self) -> int:
        """Combinations of states."""
        return math.prod(map(len, self.states.values()))

    @property
    def n_values(self) -> int:
        """Numbers in the table."""
        return self.n_rows * len(self.states)


class Planner:
    """Cuts the trees of a forest into groups.

    Parameters
    ----------
    cap
        Most rows of a table; a single leaf may need more.
    """

    def __init__(self, forest: Forest, cells: Cells, cap: int) -> None:
        self._forest = forest
        self._masks = cells.masks_of_splits(forest)
        self._place = {int(feature): k for k, feature in enumerate(cells.features)}
        self._all = [(1 << cells.n_cells(k)) - 1 for k in range(len(cells.features))]
        self._cap = cap

    def groups(self) -> list[Group]:
        """Groups of all trees, small ones joined. A tree of one leaf explains nothing and has none."""
        found: list[Group] = []
        for root in self._forest.roots.tolist():
            if root >= 0:
                found += self._grouped(root, {}, {})
        return self._joined(found)

    def _grouped(self, at: int, allowed: dict[int, Mask], cover: dict[int, float]) -> list[Group]:
        """Groups of all leaves below this node: one, where both sides are one and fit together."""
        if at < 0:
            states = {k: refined((self._all[k],), [allowed[k]]) for k in sorted(allowed)}
            return [Group((LeafPath(-1 - at, allowed, cover),), states)]
        left, right = [self._grouped(*child) for child in self._children(at, allowed, cover)]
        if len(left) == len(right) == 1:
            both = joined(left[0], right[0], self._cap)
            if both is not None:
                return [both]
        return [*left, *right]

    def _children(
        self, at: int, allowed: dict[int, Mask], cover: dict[int, float]
    ) -> Iterator[tuple[int, dict[int, Mask], dict[int, float]]]:
        node = self._forest.nodes[at]
        k, mask = self._place[int(node["feature"])], self._masks[at]
        for child, side in ((int(node["left"]), mask), (int(node["right"]), ~mask)):
            share = self._forest.share(at, child)
            yield (
                child,
                {**allowed, k: allowed.get(k, self._all[k]) & side},
                {**cover, k: cover.get(k, 1.0) * share},
            )

    def _joined(self, groups: Sequence[Group]) -> list[Group]:
        """Join groups of like features while their common table stays under the cap."""
        found: list[Group] = []
        for group in sorted(groups, key=lambda g: tuple(g.states)):
            both = joined(found[-1], group, self._cap) if found else None
            if both is None:
                found.append(group)
            else:
                found[-1] = both
        # Side by side those of one width: the loop over a row's values then ends where it is foreseen.
        return sorted(found, key=lambda group: (len(group.states), tuple(group.states)))


def joined(one: Group, other: Group, cap: int) -> Group | None:
    """Put two groups into one table, unless it would have more than ``cap`` rows."""
    states = {**other.states, **one.states}
    for k in one.states.keys() & other.states.keys():
        states[k] = refined(one.states[k], other.states[k])
        if math.prod(map(len, states.values())) > cap:
            return None
    if math.prod(map(len, states.values())) > cap:
        return None
    return Group((*one.leaves, *other.leaves), {k: states[k] for k in sorted(states)})


def refined(blocks: tuple[Mask, ...], masks: Iterable[Mask]) -> tuple[Mask, ...]:
    """Cut sets of cells until each lies wholly inside or wholly outside every mask."""
    for mask in masks:
        blocks = tuple(part for block in blocks for part in (block & mask, block & ~mask) if part)
    return blocks
