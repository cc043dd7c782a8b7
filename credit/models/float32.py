"""Thresholds of libraries that compare in single precision, as exact thresholds on doubles.

scikit-learn and XGBoost first round a value to float32 and then compare. Rounding never changes the
order of two numbers, so the values that end on the left are those up to one largest double, and that
double is the threshold: no row goes another way than the library would send it.

Source of the rounding rule: IEEE 754-2019, section 4.3.1, roundTiesToEven.
"""

from __future__ import annotations

import math

import numpy as np

BEYOND = 2.0**128
"""Where the float32 after the largest one would lie; rounding treats infinity as if it were there."""


def at_most(threshold: float) -> float:
    """Largest double ``x`` with ``float32(x) <= threshold``: how scikit-learn sends a row left."""
    return _largest_that_rounds_to(_float32_up_to(threshold))


def below(threshold: float) -> float:
    """Largest double ``x`` with ``float32(x) < threshold``: how XGBoost sends a row left."""
    last = _float32_up_to(threshold)
    if float(last) == threshold:
        last = _neighbour(last, -math.inf)
    return _largest_that_rounds_to(last)


def _float32_up_to(value: float) -> np.float32:
    with np.errstate(over="ignore"):
        nearest = np.float32(value)
    if float(nearest) > value:
        nearest = _neighbour(nearest, -math.inf)
    return nearest


def _neighbour(single: np.float32, towards: float) -> np.float32:
    with np.errstate(over="ignore"):
        return np.float32(np.nextafter(single, np.float32(towards)))


def _largest_that_rounds_to(single: np.float32) -> float:
    # A sum of two neighbours, halved, is exact in doubles: it has one bit more than they have.
    following = _neighbour(single, math.inf)
    low = max(float(single), -BEYOND)
    high = min(float(following), BEYOND)
    middle = (low + high) / 2
    with np.errstate(over="ignore"):
        tie = np.float32(middle)
    return middle if float(tie) <= float(single) else math.nextafter(middle, -math.inf)
