"""Samples and calibrators that the tests of calibration share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from credit.metrics.sample import FloatArray
from credit.models.base import Labels
from credit.models.calibration import Beta, Calibrator, Isotonic, Platt


def sample(
    seed: int, *, slope: float = 1.0, intercept: float = 0.0, n: int = 4_000
) -> tuple[FloatArray, Labels]:
    """Draw margins, and outcomes whose log-odds are a line in them."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(-2.5, 1.0, n)
    risk = 1 / (1 + np.exp(-(slope * margins + intercept)))
    return margins, (rng.random(n) < risk).astype(np.int8)


def bent_sample(seed: int, n: int) -> tuple[FloatArray, Labels]:
    """Draw margins that are no log-odds: steep in the middle, flat at both ends."""
    margins, labels = sample(seed, n=n)
    return np.arcsinh(3 * (margins + 2.5)), labels


SLOPES = st.floats(0.05, 20)
LEVELS = st.floats(-20, 20)


@st.composite
def _knotted(draw: st.DrawFn) -> Isotonic:
    n = draw(st.integers(1, 6))
    steps = st.lists(st.floats(0.01, 5), min_size=n, max_size=n)
    margins = np.cumsum(draw(steps)) + draw(st.floats(-20, 5))
    levels = np.cumsum(draw(steps)) + draw(LEVELS)
    return Isotonic(
        margins=tuple(margins.tolist()), levels=tuple(levels.tolist()), slope=draw(SLOPES)
    )


CALIBRATORS: st.SearchStrategy[Calibrator] = st.one_of(
    st.builds(Platt, slope=SLOPES, intercept=LEVELS),
    st.builds(Beta, a=SLOPES, b=SLOPES, c=LEVELS),
    _knotted(),
)
"""Any calibrator of any method."""
