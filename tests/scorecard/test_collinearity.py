"""Variance inflation and the selection by it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from credit.scorecard.collinearity import drop_collinear, variance_inflation

Matrix = NDArray[np.float64]


@pytest.fixture
def columns() -> Matrix:
    """Three columns of their own, and one that is nearly the sum of the first two."""
    rng = np.random.default_rng(2)
    own = rng.normal(size=(500, 3))
    return np.column_stack([own, own[:, 0] + own[:, 1] + 0.3 * rng.normal(size=500)])


def keep(woe: Matrix, strengths: list[float], limit: float) -> tuple[set[int], dict[int, float]]:
    kept, dropped = drop_collinear(woe, np.ones(len(woe)), strengths, limit)
    return set(kept), dropped


def test_factor_of_two_columns_by_hand() -> None:
    """At a correlation of 0.8 each explains 0.64 of the other: 1 / 0.36."""
    found = variance_inflation(np.array([[1.0, 0.8], [0.8, 1.0]]))

    assert found == pytest.approx([1 / 0.36, 1 / 0.36])


def test_factor_is_that_of_a_regression_on_the_others(columns: Matrix) -> None:
    found = variance_inflation(np.corrcoef(columns.T))

    for j, factor in enumerate(found):
        others = np.column_stack([np.ones(500), np.delete(columns, j, axis=1)])
        _, residual, *_ = np.linalg.lstsq(others, columns[:, j], rcond=None)
        total = ((columns[:, j] - columns[:, j].mean()) ** 2).sum()
        assert factor == pytest.approx(total / residual[0])


def test_a_copy_of_an_earlier_column_has_no_bound(columns: Matrix) -> None:
    doubled = np.column_stack([columns[:, :3], columns[:, 1] * 2 + 1])

    found = variance_inflation(np.corrcoef(doubled.T))

    assert found[3] == math.inf
    assert found[:3] == pytest.approx(variance_inflation(np.corrcoef(columns[:, :3].T)))


def test_the_largest_goes_first_and_the_rest_is_looked_at_again(columns: Matrix) -> None:
    """All of 0, 1 and 3 are above 5; without 3 none is."""
    before = variance_inflation(np.corrcoef(columns.T))
    assert (before[[0, 1, 3]] > 5).all()

    kept, dropped = keep(columns, [1.0, 1.0, 1.0, 1.0], 5.0)

    assert kept == {0, 1, 2}
    assert dropped == {3: pytest.approx(before[3])}


def test_of_equal_factors_the_weaker_column_goes(columns: Matrix) -> None:
    pair = np.column_stack([columns[:, 0], columns[:, 0] + 0.1 * columns[:, 2]])

    assert keep(pair, [0.3, 0.2], 10.0)[0] == {0}
    assert keep(pair, [0.2, 0.3], 10.0)[0] == {1}
    assert keep(pair, [0.3, 0.3], 10.0)[0] == {0}


def test_without_a_limit_only_copies_go(columns: Matrix) -> None:
    kept, dropped = keep(np.column_stack([columns, columns[:, 2]]), [1.0] * 5, math.inf)

    assert (kept, dropped) == ({0, 1, 2, 3}, {4: math.inf})


def test_weights_count_as_rows(columns: Matrix) -> None:
    weight = np.random.default_rng(4).integers(1, 4, 500)
    repeated = np.repeat(columns, weight, axis=0)

    weighted, _ = drop_collinear(columns, weight.astype(np.float64), [1.0] * 4, math.inf)
    plain, _ = drop_collinear(repeated, np.ones(len(repeated)), [1.0] * 4, math.inf)

    assert weighted == pytest.approx(plain)


def test_no_columns_are_fine() -> None:
    assert drop_collinear(np.empty((5, 0)), np.ones(5), [], 10.0) == ({}, {})
