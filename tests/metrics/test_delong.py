"""DeLong's test of two models against the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from credit.errors import DataError, SettingsInvalid
from credit.metrics import auc, auc_interval, delong_test
from tests.metrics.made_up import overlapping_classes


def test_equals_delong_by_definition() -> None:
    """Covariances over all pairs of a bad and a good, as the paper of 1988 writes them."""
    y, first = overlapping_classes(150, seed=1)
    second = np.round(first + np.random.default_rng(2).normal(size=150), 1)

    def won(risk: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(risk)
        bads, goods = values[y == 1], values[y == 0]
        return np.array([[(b > g) + 0.5 * (b == g) for g in goods] for b in bads])

    a, b = won(first), won(second)
    s10, s01 = np.cov([a.mean(1), b.mean(1)]), np.cov([a.mean(0), b.mean(0)])
    s = s10 / a.shape[0] + s01 / a.shape[1]
    gap = a.mean() - b.mean()
    error = math.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])

    found = delong_test(y, first, second, level=0.9)

    assert found.auc_a == auc_interval(y, first, level=0.9)
    assert found.auc_b == auc_interval(y, second, level=0.9)
    assert found.difference.estimate == pytest.approx(gap, abs=1e-12)
    bounds = norm.interval(0.9, loc=gap, scale=error)
    assert (found.difference.low, found.difference.high) == pytest.approx(bounds, abs=1e-9)
    assert found.p_value == pytest.approx(2 * norm.sf(abs(gap) / error), abs=1e-9)
    assert (found.difference.n, found.difference.n_bads) == (150, y.sum())


def test_p_value_is_uniform_when_models_rank_alike() -> None:
    """Two risks with the same noise: one test in ten has p below 0.1."""
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1], [150, 60])
    rejected = sum(
        delong_test(y, rng.normal(loc=y), rng.normal(loc=y)).p_value < 0.1 for _ in range(400)
    )

    # 40 are expected, with a standard deviation of 6.
    assert 24 <= rejected <= 58


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4), st.integers(-4, 4)), max_size=30))
def test_models_change_places(rows: list[tuple[int, int, int]]) -> None:
    rows = [(0, 1, 2), (0, 0, 1), (1, 2, 2), (1, 3, 1), *rows]
    y, first, second = (list(column) for column in zip(*rows, strict=True))

    one, other = delong_test(y, first, second), delong_test(y, second, first)

    assert one.difference.estimate == pytest.approx(auc(y, first) - auc(y, second), abs=1e-12)
    assert one.difference.estimate == pytest.approx(-other.difference.estimate, abs=1e-12)
    assert one.difference.low == pytest.approx(-other.difference.high, abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-12)
    assert -1 <= one.difference.low <= one.difference.high <= 1


def test_a_model_does_not_differ_from_itself() -> None:
    y, risk = overlapping_classes(100, seed=4)

    found = delong_test(y, risk, 3 * risk + 1)

    assert (found.difference.estimate, found.difference.low, found.difference.high) == (0, 0, 0)
    assert found.p_value == 1.0


def test_perfect_against_nothing_is_not_certain() -> None:
    """Five pairs, all better by one half: b = 0.025^(1/5), and the sign test says 2 / 2^5."""
    y = [0] * 20 + [1] * 5
    bound = 0.025 ** (1 / 5)

    found = delong_test(y, y, [7] * 25)

    assert found.difference.estimate == 0.5
    assert found.difference.low == pytest.approx(0.5 * bound - (1 - bound))
    assert found.difference.high == pytest.approx(0.5 * bound + (1 - bound))
    assert found.p_value == 2 / 2**5


@pytest.mark.parametrize(("y", "held"), [([0, 0, 1], "1 bads and 2"), ([0, 1, 1], "2 bads and 1")])
def test_one_of_a_class_has_no_variance(y: list[int], held: str) -> None:
    with pytest.raises(DataError, match=f"at least two bads and two goods .*, came {held} goods"):
        delong_test(y, [1, 2, 3], [3, 2, 1])


def test_names_the_model_that_cannot_be_judged() -> None:
    y = [0, 0, 1, 1]

    with pytest.raises(DataError, match="risk_a: 1 of 4 rows are NaN"):
        delong_test(y, [1, 2, 3, math.nan], [1, 2, 3, 4])
    with pytest.raises(DataError, match="risk_b: expected one number per row of the target"):
        delong_test(y, [1, 2, 3, 4], [1, 2, 3])
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        delong_test(y, [1, 2, 3, 4], [1, 2, 4, 3], level=1.0)
