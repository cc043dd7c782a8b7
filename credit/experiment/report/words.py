"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable

from credit.metrics import Interval


def share_text(value: float) -> str:
    """Per cent; two decimals below one per cent, where they matter."""
    if math.isnan(value):
        return "not defined"
    # What rounds to zero is written without a sign.
    small = 0 < abs(value) < 0.01  # noqa: PLR2004
    return f"{value + 0.0:.2%}" if small else f"{value + 0.0:.1%}"


def points_text(value: float) -> str:
    """Points of score, or milliseconds."""
    return f"{value + 0.0:,.2f}"


def money_text(value: float) -> str:
    """Money, or loans; without cents where they are lost in it."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.2f}"  # noqa: PLR2004


def percentage_points(value: float) -> str:
    """Difference of two shares, with its sign and without its unit."""
    return f"{100 * value:+.2f}"


def chance_text(p_value: float) -> str:
    """A p-value; how far below one in ten thousand it is, says nothing more."""
    return "below 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"  # noqa: PLR2004


def value_text(value: float, unit: str) -> str:
    """One value of a quantity in ``share``, ``points`` or ``ms``."""
    return share_text(value) if unit == "share" else points_text(value)


def difference_text(value: float, unit: str) -> str:
    """One difference, with its sign; of shares in percentage points."""
    return f"{percentage_points(value)} pp" if unit == "share" else f"{value:+,.2f}"


def interval_text(value: Interval, text: Callable[[float], str]) -> tuple[str, str]:
    """Estimate and bounds."""
    return text(value.estimate), f"{text(value.low)} to {text(value.high)}"
