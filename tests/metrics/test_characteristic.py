"""CSI by column: what moved, how far, and whether it is more than chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from credit.errors import DataError, SettingsInvalid
from credit.metrics import characteristic_stability, population_stability_index

NAMES = ["income", "age", "housing"]
NAN = math.nan


def applicants(n: int, seed: int, *, income_moved: float = 0.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    income = rng.normal(loc=income_moved, size=n)
    income[rng.random(n) < 0.1] = NAN
    housing = rng.choice([0.0, 1.0, 2.0], p=[0.5, 0.3, 0.2], size=n)
    return np.column_stack((income, rng.integers(18, 80, n), housing))


def test_index_of_a_number_is_its_psi() -> None:
    before, after = applicants(2000, seed=1), applicants(1500, seed=2, income_moved=0.4)

    rows = characteristic_stability(before, after, NAMES, categories=["housing"])

    by_name = {row.name: row for row in rows}
    for j, name in enumerate(NAMES[:2]):
        expected = population_stability_index(before[:, j], after[:, j])
        assert by_name[name].index.estimate == pytest.approx(expected, abs=1e-12)
    assert by_name["income"].n_bins == 11
    assert by_name["income"].missing_reference == np.isnan(before[:, 0]).mean()
    assert by_name["income"].missing_current == np.isnan(after[:, 0]).mean()
    assert by_name["income"].index.n == 1500


def test_index_of_a_category_by_hand() -> None:
    """Codes at 1/2, 1/4, 1/4 and then 1/4, 1/4, 1/2, the last of them missing: 1/4 ln 2 twice."""
    before, after = [[0.0], [0.0], [1.0], [NAN]], [[0.0], [1.0], [NAN], [NAN]]

    (row,) = characteristic_stability(before, after, ["housing"], categories=["housing"])

    assert row.index.estimate == pytest.approx(0.5 * math.log(2))
    assert (row.n_bins, row.missing_reference, row.missing_current) == (3, 0.25, 0.5)


def test_a_code_never_seen_before_shows() -> None:
    """It has 0.0001 in place of an empty share: (0.5 - 0.0001) ln 5000 + 0.5 ln 2."""
    before, after = [[0.0]] * 4, [[0.0], [0.0], [3.0], [3.0]]

    (row,) = characteristic_stability(before, after, ["housing"], categories=["housing"])

    assert row.index.estimate == pytest.approx(0.4999 * math.log(5000) + 0.5 * math.log(2))


def test_codes_are_not_put_together_as_numbers_are() -> None:
    """Twenty codes in ten quantile bins: codes that change places within a bin move no quantile.

    Each code moves by 20 rows of 400, up or down, and by a factor of three.
    """
    codes = np.arange(20.0)
    before = np.repeat(codes, [10, 30] * 10)[:, None]
    after = np.repeat(codes, [30, 10] * 10)[:, None]

    (number,) = characteristic_stability(before, after, ["code"])
    (category,) = characteristic_stability(before, after, ["code"], categories=["code"])

    assert number.index.estimate == pytest.approx(0, abs=1e-12)
    assert category.index.estimate == pytest.approx(20 * (20 / 400) * math.log(3))


def test_most_moved_first() -> None:
    before, after = applicants(1000, seed=3), applicants(1000, seed=4, income_moved=1.0)

    rows = characteristic_stability(before, after, NAMES, categories=["housing"])

    assert rows[0].name == "income"
    indices = [row.index.estimate for row in rows]
    assert indices == sorted(indices, reverse=True)


def test_nothing_moved_is_zero_and_sorted_by_name() -> None:
    before = applicants(500, seed=5)

    rows = characteristic_stability(before, before, NAMES, categories=["housing"])

    assert [row.name for row in rows] == sorted(NAMES)
    assert [row.index.estimate for row in rows] == [0.0] * 3
    assert [row.index.low for row in rows] == [0.0] * 3


def test_chance_exceeds_its_bound_as_often_as_it_says() -> None:
    exceeded = 0
    for seed in range(100):
        before, after = applicants(800, seed=2 * seed), applicants(400, seed=2 * seed + 1)
        for row in characteristic_stability(before, after, NAMES, n_resamples=40):
            exceeded += row.index.estimate > row.by_chance

    # 15 of 300 are expected, with a standard deviation of 3.8.
    assert 5 <= exceeded <= 27


def test_bound_of_chance_by_the_formula() -> None:
    before, after = applicants(800, seed=6), applicants(400, seed=7)

    by_name = {row.name: row for row in characteristic_stability(before, after, NAMES, level=0.9)}

    expected = chi2.ppf(0.9, 10) * (1 / 800 + 1 / 400)
    assert by_name["income"].by_chance == pytest.approx(expected)


def test_interval_holds_what_is_true() -> None:
    """A normal moved by one half, cut at the deciles of a very large sample."""
    truth = population_stability_index(
        np.random.default_rng(8).normal(size=400_000),
        np.random.default_rng(9).normal(loc=0.5, size=400_000),
    )
    rng = np.random.default_rng(10)
    covered = 0
    for _ in range(60):
        before, after = rng.normal(size=(1500, 1)), rng.normal(loc=0.5, size=(1500, 1))
        (row,) = characteristic_stability(before, after, ["income"], n_resamples=200)
        covered += row.index.low <= truth <= row.index.high

    # 57 are expected, with a standard deviation of 1.7.
    assert covered >= 52


def test_a_column_does_not_depend_on_its_neighbours() -> None:
    before, after = applicants(300, seed=11), applicants(300, seed=12)
    together = characteristic_stability(before, after, NAMES)

    (alone,) = characteristic_stability(before[:, 1:2], after[:, 1:2], ["age"])

    assert alone == next(row for row in together if row.name == "age")


def test_a_column_of_one_value_cannot_move_by_chance() -> None:
    (row,) = characteristic_stability([[NAN]] * 3, [[NAN]] * 5, ["income"])

    assert (row.index.estimate, row.by_chance, row.n_bins) == (0.0, 0.0, 1)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ([1.0, 2.0, 3.0], r"reference: expected at least one row and 3 columns, .* shape \(3,\)"),
        (np.zeros((0, 3)), r"reference: expected at least one row .* came shape \(0, 3\)"),
        (np.zeros((4, 2)), r"3 columns, one per name, came shape \(4, 2\)"),
        ([["rents", "owns", "owns"]], "reference: expected a matrix of numbers only"),
    ],
)
def test_matrices_that_are_none(reference: ArrayLike, message: str) -> None:
    with pytest.raises(DataError, match=message):
        characteristic_stability(reference, np.zeros((4, 3)), NAMES)


def test_settings_that_are_none() -> None:
    matrix = np.zeros((4, 3))

    with pytest.raises(DataError, match="names: expected each column once, one is repeated"):
        characteristic_stability(matrix, matrix, ["age", "age", "income"])
    with pytest.raises(SettingsInvalid, match="categories: .* names of columns, colour is none"):
        characteristic_stability(matrix, matrix, NAMES, categories=["colour"])
    with pytest.raises(SettingsInvalid, match="n_bins: expected at least 2, came 1"):
        characteristic_stability(matrix, matrix, NAMES, n_bins=1)
    with pytest.raises(SettingsInvalid, match="n_resamples: expected at least 40"):
        characteristic_stability(matrix, matrix, NAMES, n_resamples=5)
