"""The tree of one feature, against a general one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from credit.scorecard.cart import Counts, best_cuts


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("max_leaves", "minimum_rows"), [(2, 1), (5, 40), (8, 20), (12, 1)])
def test_cuts_are_those_of_scikit_learn(seed: int, max_leaves: int, minimum_rows: int) -> None:
    """Both grow best first by entropy; weights keep gains from being equal by chance."""
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 200, 800)
    bad = rng.random(800) < 1 / (1 + np.exp(1 - np.sin(value / 30)))
    weight = rng.uniform(0.5, 1.5, 800)
    tree = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=max_leaves, min_samples_leaf=minimum_rows
    ).fit(value.reshape(-1, 1), bad, sample_weight=weight)
    leaf = tree.apply(np.arange(200).reshape(-1, 1))

    cuts = best_cuts(
        Counts.of(value, bad, weight, 200), max_leaves=max_leaves, minimum_rows=minimum_rows
    )
    mine = np.searchsorted(cuts, np.arange(200), side="right")

    present = np.unique(value)
    assert np.array_equal(np.diff(mine[present]) != 0, np.diff(leaf[present]) != 0)
    assert len(cuts) >= 1


def test_gain_by_hand() -> None:
    """Of 8 rows, the cut after two bads leaves 1 bad of 6: no other cut leaves less entropy."""
    counts = Counts(
        rows=np.array([2, 2, 2, 2]),
        goods=np.array([0.0, 2.0, 1.0, 2.0]),
        bads=np.array([2.0, 0.0, 1.0, 0.0]),
    )

    assert best_cuts(counts, max_leaves=2, minimum_rows=1) == [1]


def test_leaves_hold_the_fewest_rows_that_were_asked_for() -> None:
    """The gain is at value 1; with 3 rows per leaf the first cut that may be made is after two."""
    counts = Counts(
        rows=np.array([2, 2, 2, 2]),
        goods=np.array([0.0, 2.0, 2.0, 2.0]),
        bads=np.array([2.0, 0.0, 0.0, 0.0]),
    )

    assert best_cuts(counts, max_leaves=8, minimum_rows=3) == [2]
    assert best_cuts(counts, max_leaves=8, minimum_rows=5) == []


def test_values_of_one_risk_are_not_cut() -> None:
    same = np.full(6, 3.0)

    assert best_cuts(Counts(np.full(6, 6), same, same), max_leaves=8, minimum_rows=1) == []


@pytest.mark.parametrize("n_values", [0, 1])
def test_nothing_to_cut(n_values: int) -> None:
    counts = Counts(np.full(n_values, 4), np.full(n_values, 2.0), np.full(n_values, 2.0))

    assert best_cuts(counts, max_leaves=8, minimum_rows=1) == []
