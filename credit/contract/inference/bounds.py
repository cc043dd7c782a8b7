"""Ranges with room for the next applicant."""

from __future__ import annotations

import math
import sys

import numpy as np
import numpy.typing as npt

SLACK = 1.1
"""The widest value seen is rarely the widest there is."""

FULL_SCALES = (1.0, 100.0)
"""Ends of shares and percentages; a range that ends exactly here is left as it is."""


def outward_range(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Round a range outward to numbers of the series 1, 2, 5, 10, ...

    Zero is the floor where nothing is negative, and the ceiling where nothing is positive.

    Parameters
    ----------
    values
        Finite numbers, at least one.

    Returns
    -------
    Minimum and maximum, which enclose every value.

    Examples
    --------
    >>> outward_range(np.array([3.0, 58.0]))
    (0.0, 100.0)
    """
    low, high = float(values.min()), float(values.max())
    return -_ceiling(-low) if low < 0 else 0.0, _ceiling(high) if high > 0 else 0.0


def _ceiling(value: float) -> float:
    """Return the smallest number of the series that leaves the slack above a positive value."""
    if value in FULL_SCALES:
        return value
    wanted = min(value * SLACK, sys.float_info.max)
    exponent = math.floor(math.log10(wanted))
    for power in (exponent - 1, exponent, exponent + 1):
        for digit in (1, 2, 5):
            # Through text: the double nearest to the decimal number, as a file would give it.
            candidate = float(f"{digit}e{power}")
            if candidate >= wanted:
                return min(candidate, sys.float_info.max)
    return sys.float_info.max
