"""The split of a tree as compiled code reads it, the one rule by which a row passes it, and the walk."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from credit.forest.compiled import compiled

MISSING_AS_ZERO: Final = 0
"""A missing value is compared as 0."""

MISSING_OR_ZERO: Final = 1
"""A missing value and a zero both go the default way."""

MISSING: Final = 2
"""A missing value goes the default way."""

CATEGORIES: Final = 3
"""The value names a category; those of a set go left, all others and missing ones right."""

ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes for zero what is no further from it (``kZeroThreshold``)."""

NO_CATEGORY: Final = 2.0**31
"""From here on a number names no category."""

NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("feature", np.int32),
        ("left", np.int32),
        ("right", np.int32),
        ("first_word", np.int32),
        ("n_words", np.int32),
        ("kind", np.uint8),
        ("default_left", np.bool_),
    ],
    align=True,
)
"""One split. Children are numbers of splits, or ``-1 - leaf``; categories are bits of 32-bit words."""


@compiled
def goes_left(node: Any, words: Any, value: float) -> Any:
    """Whether a row with this value of the split's feature goes left."""
    if node.kind == CATEGORIES:
        # Cut towards zero, as a C cast does: -0.5 names category 0. NaN fails both comparisons.
        if not (value > -1.0 and value < NO_CATEGORY):
            return False
        category = np.int64(value)
        word = category >> 5
        if word >= node.n_words:
            return False
        return (words[node.first_word + word] >> np.uint32(category & 31)) & np.uint32(1) != 0
    if np.isnan(value):
        if node.kind != MISSING_AS_ZERO:
            return node.default_left
        value = 0.0
    if node.kind == MISSING_OR_ZERO and -ZERO <= value <= ZERO:
        return node.default_left
    return value <= node.threshold


@compiled
def margin_of(row: Any, base: float, roots: Any, nodes: Any, values: Any, words: Any) -> float:
    """Walk every tree; compiled without leave to reorder sums, so the bits are those of the definition."""
    total = base
    for root in roots:
        at = root
        while at >= 0:
            node = nodes[at]
            at = node.left if goes_left(node, words, row[node.feature]) else node.right
        total += values[-1 - at]
    return total


@compiled
def margins_of(rows: Any, base: float, roots: Any, nodes: Any, values: Any, words: Any) -> Any:
    """Walk every row."""
    margins = np.empty(len(rows))
    for i in range(len(rows)):
        margins[i] = margin_of(rows[i], base, roots, nodes, values, words)
    return margins


@compiled
def left_values(node: Any, words: Any, values: Any) -> Any:
    """Which of many values of the split's feature go left."""
    flags = np.empty(len(values), dtype=np.bool_)
    for c in range(len(values)):
        flags[c] = goes_left(node, words, values[c])
    return flags
