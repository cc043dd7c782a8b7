"""The split of a tree as compiled code reads it, and the one rule by which a row passes it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

MISSING_AS_ZERO: Final = 0
"""A missing value is compared as 0."""

MISSING_OR_ZERO: Final = 1
"""A missing value and a zero both go the default way."""

MISSING: Final = 2
"""A missing value goes the default way."""

CATEGORIES: Final = 3
"""The value names a category; those of a set go left, all others and missing ones right."""

ZERO: Final = float(np.float32(1e-35))
"""What LightGBM takes for zero: above ``-ZERO`` and at most ``ZERO`` (``kZeroThreshold``)."""

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


@njit(cache=True)  # type: ignore[misc]
def goes_left(node: Any, words: Any, value: float) -> bool:
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
            return node.default_left  # type: ignore[no-any-return]
        value = 0.0
    if node.kind == MISSING_OR_ZERO and -ZERO < value <= ZERO:
        return node.default_left  # type: ignore[no-any-return]
    return value <= node.threshold  # type: ignore[no-any-return]
