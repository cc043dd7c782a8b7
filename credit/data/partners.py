"""Which row of one table belongs to which row of another, by position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.data.keys import Times

Positions = npt.NDArray[np.int64]

NOBODY = -1
"""Stands in place of a position where a row has no partner."""


def all_partners(left: Positions, right: Positions) -> tuple[Positions, Positions]:
    """Pairs of row positions, in left order, then right order; `NOBODY` for no partner."""
    order = np.argsort(right, kind="stable")
    start = np.searchsorted(right[order], left, side="left")
    n_partners = np.searchsorted(right[order], left, side="right") - start
    n_rows = np.maximum(n_partners, 1)
    taken_left = np.repeat(np.arange(len(left), dtype=np.int64), n_rows)
    within = np.arange(len(taken_left)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    taken_right = np.full(len(taken_left), NOBODY, dtype=np.int64)
    found = np.repeat(n_partners > 0, n_rows)
    taken_right[found] = order[(np.repeat(start, n_rows) + within)[found]]
    return taken_left, taken_right


def latest_partner(
    left: Positions,
    left_time: Times,
    right: Positions,
    right_time: Times,
) -> Positions:
    """For each left row the position of its partner, or `NOBODY`.

    Both tables are sorted together by key and time, right rows first where times are equal; the last
    right row seen before a left row is its partner if it has the same key.
    """
    key = np.concatenate([right, left])
    time = np.concatenate([right_time, left_time])
    is_left = np.arange(len(key)) >= len(right)
    order = np.lexsort((is_left, time, key))  # stable, so equal right rows keep their order
    latest = np.maximum.accumulate(np.where(is_left[order], NOBODY, np.arange(len(order))))
    partner = np.full(len(left), NOBODY, dtype=np.int64)
    rows = order[is_left[order]] - len(right)
    candidate = latest[is_left[order]]
    has_one = candidate != NOBODY
    position = order[candidate[has_one]]
    same_key = right[position] == left[rows[has_one]]
    partner[rows[has_one][same_key]] = position[same_key]
    return partner
