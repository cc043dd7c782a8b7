"""A threshold on doubles sends every row where the single precision of a library sends it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit.models.float32 import at_most, below
from tests.models.samples import around

LARGEST = float(np.finfo(np.float32).max)
THRESHOLDS = st.one_of(
    st.floats(-LARGEST, LARGEST), st.floats(-LARGEST, LARGEST, width=32), st.floats(-1e-44, 1e-44)
)


def single(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))


@given(threshold=THRESHOLDS)
@example(threshold=0.0)
@example(threshold=-0.0)
@example(threshold=1.0)
@example(threshold=1.0 + 2**-23)
@example(threshold=2.0**-149)
@example(threshold=-(2.0**-149))
@example(threshold=LARGEST)
@example(threshold=-LARGEST)
def test_both_comparisons_are_those_of_single_precision(threshold: float) -> None:
    bounds = at_most(threshold), below(threshold)
    with np.errstate(over="ignore"):
        tested = [*around([threshold]), *bounds, *(math.nextafter(b, math.inf) for b in bounds)]

    for value in tested:
        assert (value <= bounds[0]) == (single(value) <= threshold)
        assert (value <= bounds[1]) == (single(value) < threshold)


@given(threshold=THRESHOLDS, value=st.floats(allow_nan=False))
def test_and_so_for_any_double(threshold: float, value: float) -> None:
    assert (value <= at_most(threshold)) == (single(value) <= threshold)
    assert (value <= below(threshold)) == (single(value) < threshold)


def test_golden_values() -> None:
    """By hand: above 1 float32 steps by 2**-23, below it by 2**-24; 1 is even, so it takes both ties."""
    assert at_most(1.0) == 1 + 2**-24
    assert below(1.0) == math.nextafter(1 - 2**-25, -math.inf)
    # 1 + 2**-23 is odd: the tie above it goes to its neighbour.
    assert at_most(1 + 2**-23) == math.nextafter(1 + 3 * 2**-24, -math.inf)


@pytest.mark.parametrize("threshold", [0.1, 1e10, -3.7])
def test_the_threshold_itself_would_send_some_rows_the_other_way(threshold: float) -> None:
    """The control: without the conversion rows between the two would change sides."""
    assert at_most(threshold) != threshold
