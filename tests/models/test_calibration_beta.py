"""Beta calibration: the published formula, its likelihood, its bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from credit.errors import BundleCorrupt
from credit.metrics import log_loss
from credit.models.calibration import Beta, Platt
from tests.models.calibrators import sample


def test_golden_values() -> None:
    """Formula (3) of the paper: odds = e^c s^a / (1 - s)^b, at s = 0.2 (margin -ln 4) and s = 0.5."""
    calibrator = Beta(a=2.0, b=0.5, c=0.3)

    for s in (0.2, 0.5, 0.9):
        odds = math.exp(0.3) * s**2 / (1 - s) ** 0.5
        by_hand = 1e-4 + (1 - 2e-4) * odds / (1 + odds)
        assert calibrator.probability(math.log(s / (1 - s))) == pytest.approx(by_hand, abs=1e-14)


@pytest.mark.parametrize("margin", [-800.0, -3.0, 0.0, 2.0, 750.0])
def test_equal_slopes_are_platt_scaling(margin: float) -> None:
    """ln s - ln(1 - s) is the margin itself, also far out where e^m is no float."""
    found = Beta(a=1.3, b=1.3, c=-0.4).log_odds(margin)

    assert found == pytest.approx(1.3 * margin - 0.4, rel=1e-12)


def test_it_finds_what_scikit_learn_finds() -> None:
    """An unpenalised logistic regression on ln s and -ln(1 - s), as the paper fits it."""
    rng = np.random.default_rng(3)
    margins = rng.normal(0.0, 1.5, 20_000)
    s = 1 / (1 + np.exp(-margins))
    truth = 1 / (1 + np.exp(-(1.6 * np.log(s) - 0.7 * np.log(1 - s) + 0.2)))
    labels = (rng.random(20_000) < truth).astype(np.int8)
    basis = np.column_stack((np.log(s), -np.log(1 - s)))

    golden = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(basis, labels)
    found = Beta.fit(margins, labels)

    assert (found.a, found.b) == pytest.approx(tuple(golden.coef_[0]), abs=0.02)
    np.testing.assert_allclose(
        found.probabilities(margins), golden.predict_proba(basis)[:, 1], atol=1e-3
    )


def test_it_fits_no_worse_than_the_scaling_it_contains() -> None:
    margins, labels = sample(4)

    beta, platt = (m.fit(margins, labels).probabilities(margins) for m in (Beta, Platt))

    assert log_loss(labels, beta) <= log_loss(labels, platt) + 1e-9


def test_a_falling_end_is_held_at_the_least_slope() -> None:
    """Risk that falls again among the riskiest would ask for a negative b."""
    rng = np.random.default_rng(5)
    margins = rng.uniform(-4, 4, 20_000)
    risk = np.where(margins < 0, 0.02 + 0.1 * (margins + 4), 0.42 - 0.05 * margins)
    labels = (rng.random(20_000) < risk).astype(np.int8)

    found = Beta.fit(margins, labels)

    assert found.b == 0.01
    assert np.all(np.diff(found.probabilities(np.linspace(-9, 9, 200))) > 0)


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [(0.0, 1.0, 0.0), (1.0, -0.1, 0.0), (math.nan, 1, 0), (1, math.inf, 0), (1, 1, math.nan)],
)
def test_numbers_that_are_no_calibrator_are_refused(a: float, b: float, c: float) -> None:
    with pytest.raises(BundleCorrupt, match="a and b must be positive and a, b, c finite"):
        Beta(a=a, b=b, c=c)
