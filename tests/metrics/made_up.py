"""Made-up samples that several tests of metrics share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Sample = tuple[list[int], list[int]]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A target with both classes and risks with many ties."""
    n = draw(st.integers(0, 30))
    y = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))]
    risk = draw(st.lists(st.integers(-5, 5), min_size=n + 2, max_size=n + 2))
    return y, risk


def overlapping_classes(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(np.int64)
    # Rounding makes ties.
    return y, np.round(rng.normal(loc=y * 1.2), 1)


def calibrated(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    prob = rng.beta(1, 8, n)
    return (rng.random(n) < prob).astype(np.int64), prob
