"""From margin to PD: strictly increasing, bounded, and the likelihood's own optimum."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from credit.errors import BundleCorrupt, DataError
from credit.models import Platt
from credit.models.calibration import FLOOR


def sample(
    seed: int, *, slope: float, intercept: float, n: int = 4_000
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    rng = np.random.default_rng(seed)
    margins = rng.normal(-2.5, 1.0, n)
    risk = 1 / (1 + np.exp(-(slope * margins + intercept)))
    return margins, (rng.random(n) < risk).astype(np.int8)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -0.5), (2.5, 3.0), (1.0, 1.5)])
def test_it_finds_what_scikit_learn_finds(slope: float, intercept: float) -> None:
    """An unpenalised logistic regression; PDs of these samples lie far from the bounds."""
    margins, labels = sample(11, slope=slope, intercept=intercept)

    golden = LogisticRegression(C=np.inf, tol=1e-10).fit(margins[:, None], labels)
    found = Platt.fit(margins, labels)

    assert found.slope == pytest.approx(golden.coef_[0, 0], rel=0.01)
    assert found.intercept == pytest.approx(golden.intercept_[0], rel=0.02, abs=0.02)
    np.testing.assert_allclose(
        found.probabilities(margins), golden.predict_proba(margins[:, None])[:, 1], atol=5e-4
    )


@pytest.mark.parametrize("unit", [0.01, 0.1, 10.0, 100.0])
def test_the_unit_of_the_margin_is_of_no_account(unit: float) -> None:
    margins, labels = sample(12, slope=1.0, intercept=0.0)

    plain = Platt.fit(margins, labels).probabilities(margins)
    scaled = Platt.fit(margins * unit, labels).probabilities(margins * unit)

    np.testing.assert_allclose(scaled, plain, atol=1e-5)


def test_fitting_again_gives_the_same_bits() -> None:
    margins, labels = sample(13, slope=1.0, intercept=0.0)

    assert Platt.fit(margins, labels) == Platt.fit(margins, labels)


def test_mean_pd_is_the_share_of_bads() -> None:
    """The score equation of the intercept; the bounds move it by 1e-4 at most."""
    margins, labels = sample(14, slope=0.7, intercept=-0.2)

    mean_pd = Platt.fit(margins, labels).probabilities(margins).mean()

    assert mean_pd == pytest.approx(labels.mean(), abs=1e-4)


def test_a_model_that_ranks_the_wrong_way_round_is_refused() -> None:
    margins, labels = sample(15, slope=1.0, intercept=0.0)

    with pytest.raises(DataError, match="risk does not rise with the model's margin .slope -"):
        Platt.fit(-margins, labels)


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [(0.0, 0.0), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), (1.0, math.nan), (1.0, -math.inf)],
)
def test_numbers_that_are_no_calibrator_are_refused(slope: float, intercept: float) -> None:
    with pytest.raises(BundleCorrupt, match="slope must be positive and both numbers finite"):
        Platt(slope=slope, intercept=intercept)


def test_golden_values() -> None:
    """By hand: PD(0) = 1/2; at z = ln 4 the sigmoid is 0.8, so PD = 1e-4 + 0.9998 x 0.8 = 0.79994."""
    plain = Platt(slope=1.0, intercept=0.0)

    assert plain.probability(0.0) == 0.5
    assert plain.probability(math.log(4)) == pytest.approx(0.79994, abs=1e-12)
    assert Platt(slope=2.0, intercept=1.0).probability(-0.5) == 0.5


SLOPES = st.floats(0.05, 20)
MARGINS = st.floats(-1e6, 1e6)


@given(slope=SLOPES, intercept=st.floats(-20, 20), margin=MARGINS)
def test_a_pd_stays_within_its_bounds(slope: float, intercept: float, margin: float) -> None:
    prob = Platt(slope=slope, intercept=intercept).probability(margin)

    assert FLOOR <= prob <= 1 - FLOOR


@given(slope=SLOPES, low=MARGINS, step=st.floats(0, 1e5))
def test_it_never_falls(slope: float, low: float, step: float) -> None:
    calibrator = Platt(slope=slope, intercept=0.0)

    assert calibrator.probability(low) <= calibrator.probability(low + step)


@given(z=st.floats(-25, 25), step=st.floats(1e-4, 1))
def test_it_rises_strictly_where_margins_lie(z: float, step: float) -> None:
    """Beyond 25 units of log-odds a PD lies within 1e-11 of its bound, and float64 ends near 36."""
    calibrator = Platt(slope=1.0, intercept=0.0)

    assert calibrator.probability(z) < calibrator.probability(z + step)


@given(margins=st.lists(MARGINS, min_size=1, max_size=20))
def test_many_have_the_bits_of_one_at_a_time(margins: list[float]) -> None:
    calibrator = Platt(slope=0.9, intercept=-0.1)

    found = calibrator.probabilities(np.array(margins))

    assert found.tolist() == [calibrator.probability(m) for m in margins]
