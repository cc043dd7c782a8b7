"""Values out of tables are those of LightGBM, of shap and of the definition, whatever the trees hold."""

from __future__ import annotations

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest
import shap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.explain.tables.build import Background, Cover, build_tables
from credit.explain.tables.cells import Cells
from credit.explain.tables.plan import Planner
from credit.explain.tables.tables import Tables
from credit.forest import Forest, forest_of_text
from tests.explain.test_shapley_values import brute_force
from tests.forest.boosters import N_FEATURES, awkward_rows, boosters, made_up

Matrix = npt.NDArray[np.float64]
CAPS = st.sampled_from([2, 16, 2048])
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tables_of(forest: Forest, background: Matrix | None, cap: int = 2048) -> Tables:
    """Against a background, or without one by cover."""
    cells = Cells.of(forest)
    groups = Planner(forest, cells, cap).groups()
    reference = Cover(forest) if background is None else Background(forest, cells, background)
    return build_tables(forest, cells, groups, reference)


@SLOW
@given(booster=boosters(), seed=st.integers(0, 2**32 - 1), cap=CAPS)
def test_by_cover_they_equal_pred_contrib(booster: lightgbm.Booster, seed: int, cap: int) -> None:
    rows = awkward_rows(np.random.default_rng(seed), 40)
    tables = tables_of(forest_of_text(booster.model_to_string()), None, cap)

    expected = booster.predict(rows, pred_contrib=True, num_threads=1)

    np.testing.assert_allclose(tables.explain_many(rows), expected[:, :-1], rtol=0, atol=1e-9)
    assert tables.base == pytest.approx(expected[0, -1], abs=1e-9)


@SLOW
@given(booster=boosters(), seed=st.integers(0, 2**32 - 1), cap=CAPS)
def test_against_a_background_they_equal_the_definition(
    booster: lightgbm.Booster, seed: int, cap: int
) -> None:
    generator = np.random.default_rng(seed)
    forest = forest_of_text(booster.model_to_string())
    background = awkward_rows(generator, 7)
    tables = tables_of(forest, background, cap)

    for row in awkward_rows(generator, 3):
        base, values = brute_force(
            lambda rows: np.asarray(booster.predict(rows, raw_score=True, num_threads=1)),
            row.tolist(),
            background,
        )
        assert tables.base == pytest.approx(base, abs=1e-12)
        np.testing.assert_allclose(tables.explain(row), values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_background", [1, 100, 250])
def test_against_a_background_they_equal_shap(n_background: int) -> None:
    """shap reads no more than 100 rows, so of a longer background it is asked in parts of like size."""
    generator = np.random.default_rng(11)
    rows = made_up(generator, 3_000)
    signal = np.nan_to_num(rows[:, 0]) * np.nan_to_num(rows[:, 1]) + np.nan_to_num(rows[:, 4])
    labels = (signal + generator.normal(size=3_000) > 0).astype(np.int8)
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(rows, labels),
        40,
    )
    background, asked = rows[:n_background], rows[-30:]
    tables = tables_of(forest_of_text(booster.model_to_string()), background)

    parts = np.array_split(background, -(-n_background // 50))
    expected = [
        shap.TreeExplainer(booster, data=part, feature_perturbation="interventional").shap_values(
            asked, check_additivity=False
        )
        for part in parts
    ]
    mean = np.average(expected, axis=0, weights=[len(part) for part in parts])

    np.testing.assert_allclose(tables.explain_many(asked), mean, rtol=0, atol=1e-6)


@SLOW
@given(booster=boosters(), seed=st.integers(0, 2**32 - 1))
def test_one_and_many_have_the_same_bits_and_add_up(booster: lightgbm.Booster, seed: int) -> None:
    generator = np.random.default_rng(seed)
    forest = forest_of_text(booster.model_to_string())
    tables = tables_of(forest, made_up(generator, 20))
    rows = awkward_rows(generator, 30)

    many = tables.explain_many(rows)

    assert [tables.explain(row).tolist() for row in rows] == many.tolist()
    assert tables.explain_many(rows[::-1])[::-1].tolist() == many.tolist()
    np.testing.assert_allclose(tables.base + many.sum(axis=1), forest.margins(rows), atol=1e-11)


def test_a_game_of_two_by_hand() -> None:
    """One leaf of value 6 where x0 <= 1 and x1 <= 1, against one row that satisfies neither, then x1 alone.

    Against (2, 2) both bring it about, 3 each. Against (2, 0) x0 alone does: 6 and 0. The mean is 4.5 and 1.5.
    """
    from credit.forest import forest_of_table
    from credit.models.trees import Tree, TreeTable

    tree = Tree((0, 1), (1.0, 1.0), (True, True), (1, -1), (-3, -2), (6.0, 0.0, 0.0))
    forest = forest_of_table(TreeTable(2, 0.0, (tree,)))

    tables = tables_of(forest, np.array([[2.0, 2.0], [2.0, 0.0]]))

    assert tables.base == 0.0
    assert tables.explain(np.array([0.0, 0.0])).tolist() == [4.5, 1.5]


def test_a_row_of_another_length_is_refused() -> None:
    from credit.errors import DataError
    from credit.forest import forest_of_table
    from credit.models.trees import TreeTable

    tables = tables_of(forest_of_table(TreeTable(3, 0.0, ())), np.zeros((1, 3)))

    assert tables.explain(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(DataError, match="a feature vector has 3 values, this one has 2"):
        tables.explain(np.zeros(2))


def test_smaller_tables_need_more_of_them() -> None:
    """The control of the caps above: they do cut the trees differently."""
    generator = np.random.default_rng(0)
    rows = made_up(generator, 2_000)
    labels = (np.nan_to_num(rows).sum(axis=1) > 20).astype(np.int8)
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(rows, labels),
        3,
    )
    forest = forest_of_text(booster.model_to_string())
    cells = Cells.of(forest)

    few, many = (Planner(forest, cells, cap).groups() for cap in (2048, 16))

    assert len(few) < len(many)
    assert max(group.n_rows for group in few) > 16
    assert sum(len(group.leaves) for group in few) == len(forest.values)
    assert forest.n_features == N_FEATURES
