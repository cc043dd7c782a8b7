"""Isotonic calibration: pooled blocks, lines between their centres, rising tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from credit.errors import BundleCorrupt
from credit.metrics import expected_calibration_error
from credit.models.calibration import Isotonic, Platt
from tests.models.calibrators import bent_sample


def logistic(z: float) -> float:
    return 1e-4 + (1 - 2e-4) / (1 + math.exp(-z))


def test_lines_run_between_knots_and_on_beyond_them() -> None:
    calibrator = Isotonic(margins=(-2.0, 0.0, 1.0), levels=(-3.0, -2.0, 2.0), slope=0.5)

    assert calibrator.probability(-2.0) == pytest.approx(logistic(-3.0), abs=1e-15)
    assert calibrator.probability(-1.5) == pytest.approx(logistic(-2.75), abs=1e-15)
    assert calibrator.probability(0.25) == pytest.approx(logistic(-1.0), abs=1e-15)
    assert calibrator.probability(1.0) == pytest.approx(logistic(2.0), abs=1e-15)
    assert calibrator.probability(-4.0) == pytest.approx(logistic(-4.0), abs=1e-15)
    assert calibrator.probability(3.0) == pytest.approx(logistic(3.0), abs=1e-15)


def test_two_groups_get_their_bad_rates() -> None:
    """By hand: 20 of 100 bad at margin -1, 60 of 100 at 1. Platt through two points is exact, so is the mix."""
    margins = np.repeat([-1.0, 1.0], 100)
    labels = np.concatenate((np.arange(100) < 20, np.arange(100) < 60)).astype(np.int8)

    found = Isotonic.fit(margins, labels)

    assert found.margins == (-1.0, 1.0)
    assert found.probability(-1.0) == pytest.approx(0.2, abs=1e-4)
    assert found.probability(1.0) == pytest.approx(0.6, abs=1e-4)
    # Platt's slope is half the distance of the two log-odds: ln(0.6/0.4) - ln(0.2/0.8) = ln 6.
    assert found.slope == pytest.approx(math.log(6) / 2, abs=1e-3)


def test_groups_that_fall_become_one_block() -> None:
    """By hand: 40, 30 and 70 bads of 100: the first two violate the order and pool to 0.35 at -0.5."""
    margins = np.repeat([-1.0, 0.0, 1.0], 100)
    labels = np.concatenate([np.arange(100) < k for k in (40, 30, 70)]).astype(np.int8)

    found = Isotonic.fit(margins, labels)

    assert found.margins == pytest.approx((-0.5, 1.0))
    assert found.probability(1.0) > 0.68


def test_few_bads_do_not_make_a_block() -> None:
    """5 bads of 200 at -3 join their neighbour; the block lies at the mean margin of its rows."""
    margins = np.repeat([-3.0, -1.0, 1.0], 200)
    labels = np.concatenate([np.arange(200) < k for k in (5, 40, 120)]).astype(np.int8)

    found = Isotonic.fit(margins, labels)

    assert found.margins == pytest.approx((-2.0, 1.0))


def test_it_follows_scikit_learn_s_staircase() -> None:
    """Lines cut the corners of the stairs; over the mass of the sample both say the same."""
    margins, labels = bent_sample(21, 40_000)

    golden = IsotonicRegression(out_of_bounds="clip").fit(margins, labels).predict(margins)
    found = Isotonic.fit(margins, labels).probabilities(margins)

    assert np.mean(np.abs(found - golden)) < 0.003
    assert np.quantile(np.abs(found - golden), 0.99) < 0.03


def test_it_straightens_margins_that_platt_scaling_cannot() -> None:
    margins, labels = bent_sample(22, 20_000)
    new_margins, new_labels = bent_sample(23, 20_000)

    platt, isotonic = (
        expected_calibration_error(new_labels, m.fit(margins, labels).probabilities(new_margins))
        for m in (Platt, Isotonic)
    )

    assert isotonic < 0.6 * platt


def test_perfect_separation_stays_bounded_and_rises() -> None:
    margins = np.linspace(-60, 60, 400)
    labels = (margins > 0).astype(np.int8)

    found = Isotonic.fit(margins, labels)
    prob = found.probabilities([-100.0, -10.0, -1.0, 0.0, 1.0, 10.0, 100.0])

    assert prob[0] >= 1e-4
    assert prob[-1] <= 1 - 1e-4
    assert np.all(np.diff(prob) >= 0)
    assert prob[2] < 0.01
    assert prob[4] > 0.99


@pytest.mark.parametrize(
    ("margins", "levels", "slope"),
    [
        ((), (), 1.0),
        ((0.0,), (0.0, 1.0), 1.0),
        ((0.0, 0.0), (0.0, 1.0), 1.0),
        ((0.0, 1.0), (1.0, 0.5), 1.0),
        ((0.0, 1.0), (0.0, 1.0), 0.0),
        ((0.0, 1.0), (0.0, math.inf), 1.0),
        ((0.0, 1.0), (0.0, 1.0), math.nan),
    ],
)
def test_knots_that_are_no_calibrator_are_refused(
    margins: tuple[float, ...], levels: tuple[float, ...], slope: float
) -> None:
    with pytest.raises(
        BundleCorrupt, match="knots must be finite and rise strictly, and its slope"
    ):
        Isotonic(margins=margins, levels=levels, slope=slope)
