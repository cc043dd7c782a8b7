"""How far apart two numbers are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.records.replay.compare import numbers, ulps_between

finite = st.floats(-1e308, 1e308)


@given(finite, finite)
def test_ulps_count_the_floats_between(a: float, b: float) -> None:
    assert ulps_between(a, b) == ulps_between(b, a)
    assert ulps_between(a, math.nextafter(a, math.inf)) in (1, 0)  # 0: from -0.0 on to 0.0
    assert (ulps_between(a, b) == 0) == (a == b)


def test_ulps_agree_with_numpy() -> None:
    """numpy counts them for arrays that must be close: an implementation of its own."""
    generator = np.random.default_rng(5)
    for a in generator.normal(0, 1e3, 200):
        b = a
        for _ in range(n := int(generator.integers(0, 9))):
            b = np.nextafter(b, math.inf)
        assert ulps_between(float(a), float(b)) == n
        np.testing.assert_array_max_ulp(np.array([a]), np.array([b]), maxulp=max(n, 1))


@pytest.mark.parametrize("value", [0.1, math.nan, -0.0, math.inf])
def test_the_same_bits_are_no_difference(value: float) -> None:
    assert list(numbers("x", value, value)) == []


@pytest.mark.parametrize(("a", "b"), [(0.0, -0.0), (1.0, math.nan), (1.0, 1.0 + 2**-52)])
def test_other_bits_are_a_difference(a: float, b: float) -> None:
    assert len(list(numbers("x", a, b))) == 1


def test_missing_against_a_number_is_never_close() -> None:
    [difference] = numbers("x", 1.0, math.nan)

    assert not difference.within
    assert difference.ulps is None
