"""Platt scaling: the likelihood's own optimum, in the form of the first bundles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from credit.errors import BundleCorrupt
from credit.models.calibration import Platt
from tests.models.calibrators import sample


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


def test_it_finds_what_scikit_learn_finds_with_weights() -> None:
    margins, labels = sample(12)
    weights = np.random.default_rng(2).uniform(0.2, 3, labels.size)

    golden = LogisticRegression(C=np.inf, tol=1e-10).fit(margins[:, None], labels, weights)
    found = Platt.fit(margins, labels, weights=weights)

    np.testing.assert_allclose(
        found.probabilities(margins), golden.predict_proba(margins[:, None])[:, 1], atol=5e-4
    )


@pytest.mark.parametrize("unit", [0.01, 0.1, 10.0, 100.0])
def test_the_unit_of_the_margin_is_of_no_account(unit: float) -> None:
    margins, labels = sample(12)

    plain = Platt.fit(margins, labels).probabilities(margins)
    scaled = Platt.fit(margins * unit, labels).probabilities(margins * unit)

    np.testing.assert_allclose(scaled, plain, atol=1e-8)


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


@pytest.mark.parametrize("margin", [-40.0, -7.3, -1.1, -0.2, 0.4, 3.9])
def test_it_keeps_the_bits_of_the_first_bundles(margin: float) -> None:
    """Their golden rows, and recorded decisions, hold PDs computed in just this order."""
    z = 0.93 * margin + 0.07
    share = 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))

    assert Platt(slope=0.93, intercept=0.07).probability(margin) == 1e-4 + (1 - 2e-4) * share
