"""A curve keeps its ends and its shape with few points."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit.report.curve import MOST_POINTS, curve, histogram


def test_a_short_curve_is_kept_whole() -> None:
    x = np.array([0.0, 0.5, 1.0])

    found = curve(x, 2.0 * x, x - 1.0, x + 1.0)

    assert found.x == (0.0, 0.5, 1.0)
    assert found.y == (0.0, 1.0, 2.0)
    assert (found.low, found.high) == ((-1.0, -0.5, 0.0), (1.0, 1.5, 2.0))


@given(n=st.integers(1, 5_000), power=st.floats(0.1, 10))
def test_a_long_curve_keeps_its_ends_and_no_gap_is_wide(n: int, power: float) -> None:
    x = np.linspace(0, 1, n) ** power

    found = curve(x, x)

    assert len(found.x) <= MOST_POINTS + 2
    assert (found.x[0], found.x[-1]) == (x[0], x[-1])
    assert set(found.x) <= set(x.tolist())
    if n > 1:
        step = 1 / (MOST_POINTS // 2 - 1)
        assert np.diff(found.x).max() <= step + np.diff(x).max() + 1e-9


def test_the_last_bin_holds_the_largest_value() -> None:
    found = histogram(np.array([0.0, 0.4, 1.0, 1.0]), np.array([0.0, 0.5, 1.0]))

    assert found.shares == (0.5, 0.5)
