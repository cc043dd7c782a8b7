"""What scikit-learn and XGBoost have grown answers from our tables as it answers there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score

from credit.errors import DataError
from credit.models.base import Fit, Matrix
from credit.models.gradient_boosting import fit_gradient_boosting
from credit.models.grown import filled, medians
from credit.models.random_forest import fit_random_forest
from credit.models.tree_model import TreeModel
from credit.models.xgboost import fit_xgboost, table_of_booster
from tests.models.samples import (
    FREE,
    SIGNED,
    WITH_CATEGORY,
    around,
    sample,
    sample_with_category,
)
from tests.models.walks import leaves_of

xgboost = pytest.importorskip("xgboost")

FOREST = {"n_estimators": 8, "min_samples_leaf": 10, "max_depth": 5, "max_features": 2}
BOOSTED = {"n_estimators": 12, "max_depth": 3, "subsample": 0.8}
HISTOGRAMS = {"num_iterations": 12, "max_depth": 3, "eta": 0.3, "subsample": 0.8}
FITS: list[tuple[Fit, dict[str, Any]]] = [
    (fit_random_forest, FOREST),
    (fit_gradient_boosting, BOOSTED),
    (fit_xgboost, HISTOGRAMS),
]


def edges(model: TreeModel, n_rows: int = 400) -> Matrix:
    """Rows of values at the thresholds of a model, as close as doubles come, and of gaps."""
    rng = np.random.default_rng(4)
    columns = []
    for j in range(model.table.n_features):
        own = [
            t
            for tree in model.table.trees
            for f, t in zip(tree.feature, tree.threshold, strict=True)
            if f == j
        ]
        columns.append(rng.choice([*around(own), math.nan], n_rows))
    return np.column_stack(columns)


def test_a_forest_averages_the_log_odds_of_smoothed_leaves() -> None:
    """With m = 10 and r the bad rate a leaf of share p votes ln(q / (1 - q)), q = (10 p + r) / 11."""
    vectors, labels = sample(gaps=False)
    golden = RandomForestClassifier(**FOREST, monotonic_cst=[1, 0, -1, 0], random_state=7)
    golden.fit(vectors, labels)

    model = fit_random_forest(
        vectors, labels, features=SIGNED, parameters=FOREST, seed=7, num_threads=2
    )

    shares = np.array([tree.predict_proba(vectors)[:, 1] for tree in golden.estimators_])
    smooth = (10 * shares + labels.mean()) / 11
    expected = np.log(smooth / (1 - smooth)).mean(axis=0)
    np.testing.assert_allclose(model.margins(vectors), expected, atol=1e-12)
    ours = roc_auc_score(labels, model.margins(vectors))
    assert abs(ours - roc_auc_score(labels, golden.predict_proba(vectors)[:, 1])) < 0.01


def test_a_forest_sends_rows_at_its_thresholds_where_scikit_learn_sends_them() -> None:
    vectors, labels = sample()
    instead = medians(vectors)
    golden = RandomForestClassifier(**FOREST, random_state=7).fit(filled(vectors, instead), labels)

    model = fit_random_forest(
        vectors, labels, features=FREE, parameters=FOREST, seed=7, num_threads=1
    )

    tested = edges(model)
    reached = golden.apply(filled(tested, instead))
    found = leaves_of(model.table, tested)
    for k in range(reached.shape[1]):
        together = set(zip(reached[:, k].tolist(), found[:, k].tolist(), strict=True))
        assert len(together) == len(set(reached[:, k].tolist())) == len(set(found[:, k].tolist()))
        assert len(together) > 3


def test_boosted_trees_equal_scikit_learn_at_their_thresholds_too() -> None:
    vectors, labels = sample()
    instead = medians(vectors)
    golden = GradientBoostingClassifier(**BOOSTED, random_state=7)
    golden.fit(filled(vectors, instead), labels)

    model = fit_gradient_boosting(
        vectors, labels, features=FREE, parameters=BOOSTED, seed=7, num_threads=1
    )

    for tested in (vectors, edges(model)):
        expected = golden.decision_function(filled(tested, instead))
        np.testing.assert_allclose(model.margins(tested), expected, atol=1e-12)


@pytest.mark.parametrize("start", [None, 0.2])
def test_xgboost_s_trees_equal_the_booster_at_their_thresholds_too(start: float | None) -> None:
    """The booster adds up in single precision, so margins agree to six digits, and leaves exactly."""
    vectors, labels = sample()
    parameters = HISTOGRAMS | ({} if start is None else {"base_score": start})
    booster = xgboost.train(
        {
            **{k: v for k, v in parameters.items() if k != "num_iterations"},
            "objective": "binary:logistic",
            "tree_method": "hist",
            "monotone_constraints": "(1,0,-1,0)",
            "seed": 7,
            "nthread": 1,
        },
        xgboost.DMatrix(vectors, labels),
        12,
    )

    model = fit_xgboost(
        vectors, labels, features=SIGNED, parameters=parameters, seed=7, num_threads=2
    )

    for tested in (vectors, edges(model)):
        data = xgboost.DMatrix(tested)
        expected = booster.predict(data, output_margin=True)
        np.testing.assert_allclose(model.margins(tested), expected, atol=5e-6)
        reached = booster.predict(data, pred_leaf=True).reshape(len(tested), -1)
        found = leaves_of(model.table, tested)
        for k in range(found.shape[1]):
            together = set(zip(reached[:, k].tolist(), found[:, k].tolist(), strict=True))
            assert len(together) == len(set(found[:, k].tolist()))


def test_a_booster_of_another_kind_is_refused() -> None:
    vectors, labels = sample(200)
    data = xgboost.DMatrix(vectors, labels)
    booster = xgboost.train({"objective": "reg:squarederror", "nthread": 1}, data, 1)

    with pytest.raises(DataError, match="`binary:logistic`, came `gbtree` of `reg:squarederror`"):
        table_of_booster(booster.save_raw("json"), 4)


@pytest.mark.parametrize(("fit", "parameters"), FITS, ids=["forest", "boosting", "xgboost"])
class TestEveryFit:
    """What holds for all three."""

    def test_it_depends_on_its_arguments_alone_not_on_threads(
        self, fit: Fit, parameters: dict[str, Any]
    ) -> None:
        vectors, labels = sample_with_category()

        def files(seed: int, num_threads: int) -> dict[str, bytes]:
            return fit(
                vectors,
                labels,
                features=WITH_CATEGORY,
                parameters=parameters,
                seed=seed,
                num_threads=num_threads,
            ).to_files()

        assert files(1, 1) == files(1, 2)
        assert files(1, 1) != files(2, 1)

    def test_a_category_and_a_code_are_learned(self, fit: Fit, parameters: dict[str, Any]) -> None:
        """Bads are never `r` and half of them `q`; code 99 scores as a missing value does."""
        vectors, labels = sample_with_category()
        model = fit(
            vectors,
            labels,
            features=WITH_CATEGORY,
            parameters={**parameters, "max_depth": 5},
            seed=1,
            num_threads=1,
        )
        changed = np.tile(vectors[:300], (1, 1))

        changed[:, 4] = 0.0
        safe = np.tile(changed, (1, 1))
        safe[:, 4] = 2.0
        coded, gap = changed.copy(), changed.copy()
        coded[:, 3], gap[:, 3] = 99.0, np.nan

        assert model.margins(changed).mean() > model.margins(safe).mean() + 0.3
        assert model.margins(coded).tolist() == model.margins(gap).tolist()

    def test_weights_count(self, fit: Fit, parameters: dict[str, Any]) -> None:
        vectors, labels = sample()
        heavy = np.where(labels == 1, 3.0, 1.0)
        plain, weighted = (
            fit(
                vectors,
                labels,
                features=FREE,
                parameters=parameters,
                seed=1,
                num_threads=1,
                weights=weights,
            ).margins(vectors)
            for weights in (None, heavy)
        )

        assert weighted.mean() == pytest.approx(plain.mean() + math.log(3), abs=0.4)

    def test_one_class_is_refused(self, fit: Fit, parameters: dict[str, Any]) -> None:
        vectors, labels = sample(100)

        with pytest.raises(DataError, match="expected both goods and bads"):
            fit(
                vectors,
                np.zeros_like(labels),
                features=FREE,
                parameters=parameters,
                seed=1,
                num_threads=1,
            )


def test_medians_are_values_that_occur() -> None:
    """Of 1, 2, 3, 9 the lower middle; of nothing, 0."""
    column = np.array([[9.0, math.nan], [1.0, math.nan], [3.0, math.nan], [2.0, math.nan]])

    assert medians(column) == [2.0, 0.0]
