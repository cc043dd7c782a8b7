"""Hand's H against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import ArrayLike
from scipy.stats import beta

from credit.errors import DataError
from credit.metrics import h_measure, h_measure_interval
from tests.metrics.made_up import Sample, overlapping_classes, samples


def by_definition(y: ArrayLike, risk: ArrayLike) -> float:
    """The loss of the cheapest of all cut-offs, summed over a fine grid of c: no hull, no closed form."""
    bad, values = np.asarray(y) == 1, np.asarray(risk, dtype=float)
    pi1 = bad.mean()
    pi0 = 1 - pi1
    cutoffs = [*np.unique(values), math.inf]
    goods_declined = np.array([(values[~bad] >= t).mean() for t in cutoffs])
    bads_approved = np.array([(values[bad] < t).mean() for t in cutoffs])

    n_cells = 20_000
    c = (np.arange(n_cells) + 0.5) / n_cells
    weight = beta(1 + pi1, 1 + pi0).pdf(c)
    of_each = np.outer(c, pi0 * goods_declined) + np.outer(1 - c, pi1 * bads_approved)
    of_chance = np.minimum(c * pi0, (1 - c) * pi1)
    return float(1 - (of_each.min(axis=1) * weight).sum() / (of_chance * weight).sum())


@given(samples())
@settings(max_examples=30)
def test_equals_the_integral_of_the_definition(sample: Sample) -> None:
    assert h_measure(*sample) == pytest.approx(by_definition(*sample), abs=1e-6)


def test_equals_the_integral_where_bads_are_few() -> None:
    y = [0] * 30 + [1, 1, 1]
    risk = [*range(30), 15.5, 22, 40]

    assert h_measure(y, risk) == pytest.approx(by_definition(y, risk), abs=1e-6)


def test_by_hand_with_equal_classes() -> None:
    """Good, bad, good, bad. The hull has a corner at TPR 1/2, FPR 0 and one at TPR 1, FPR 1/2.

    For c above 1/2 the first costs (1 - c)/4, for c below it the second costs c/4; approving or
    declining all costs (1 - c)/2 or c/2. Half the loss remains, whatever the weights.
    """
    assert h_measure([0, 1, 0, 1], [1, 2, 3, 4]) == pytest.approx(0.5, abs=1e-12)


def test_by_hand_with_one_corner() -> None:
    """A third of the bads stands out: for c above q, the rate of the rest, only they are declined.

    The rest holds all three goods and two bads, q = 2/5, and pi1 = 1/2: w is Beta(3/2, 3/2), the
    semicircle 8/pi sqrt(c (1 - c)). With its partial moments below c in closed form, by c = sin^2 t.
    """

    def below(c: float) -> tuple[float, float]:
        """Integrals of w and of c w from 0 to c."""
        t = math.asin(math.sqrt(c))
        mass = (2 * t - math.sin(4 * t) / 2) / math.pi
        # c w dc = (16 / pi) sin^4 t cos^2 t dt, integrated by parts.
        first = mass / 2 - math.sin(2 * t) ** 3 / (3 * math.pi)
        return mass, first

    mass, first = below(2 / 5)
    # c < q: all are declined, at c/2. c > q: two of six are bads approved, at (1 - c)/3.
    loss = first / 2 + ((1 - mass) - (1 / 2 - first)) / 3
    _, half = below(1 / 2)
    of_chance = 2 * half / 2

    found = h_measure([1, 1, 1, 0, 0, 0], [9, 5, 5, 5, 5, 5])

    assert found == pytest.approx(1 - loss / of_chance, abs=1e-12)


def test_perfect_is_one_and_nothing_known_is_zero() -> None:
    assert h_measure([0, 0, 1], [1, 2, 3]) == pytest.approx(1.0, abs=1e-12)
    assert h_measure([0, 1, 0], [7, 7, 7]) == pytest.approx(0.0, abs=1e-12)
    assert h_measure([0, 0, 1], [3, 2, 1]) == pytest.approx(0.0, abs=1e-12)


@given(samples())
def test_within_its_range_and_blind_to_increasing_transforms(sample: Sample) -> None:
    y, risk = sample
    transformed = [math.exp(r) + r**3 for r in risk]

    assert -1e-12 <= h_measure(y, risk) <= 1
    assert h_measure(y, transformed) == h_measure(y, risk)


def test_interval_holds_the_truth_and_takes_the_bias_of_resampling_off() -> None:
    """Of normal classes 1.2 apart with three in ten bad, H is that of a very large sample."""
    rng = np.random.default_rng(3)
    large = rng.random(400_000) < 0.3
    truth = h_measure(large, rng.normal(loc=large * 1.2))
    y, risk = overlapping_classes(1500, seed=4)
    resampled = []
    for _ in range(60):
        goods, bads = rng.choice(risk[y == 0], (y == 0).sum()), rng.choice(risk[y == 1], y.sum())
        resampled.append(h_measure(np.sort(y), np.concatenate((goods, bads))))

    interval = h_measure_interval(y, risk)

    assert interval.low < truth < interval.high
    assert np.mean(resampled) > interval.estimate > (interval.low + interval.high) / 2
    assert interval.estimate == h_measure(y, risk)


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        h_measure([1, 1], [1, 2])
    with pytest.raises(DataError, match="risk: 1 of 2 rows are NaN"):
        h_measure_interval([0, 1], [1, math.nan])
