"""Each family's explainer against the definition, gaps and interactions included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from credit.decision.families import family
from credit.errors import BundleIncompatible
from credit.explain.additive import AdditiveExplainer
from credit.explain.coalitions import EXACT_FEATURES, CoalitionExplainer
from credit.explain.shap_explainer import ShapExplainer
from credit.explain.tables.explainer import TableExplainer
from credit.models.additive import AdditiveModel
from credit.models.base import Matrix, Model
from credit.models.encoding import Encoding
from credit.models.terms import Axis, Pair
from credit.models.tree_model import TreeModel
from credit.models.trees import Tree, TreeTable
from tests.explain.test_shapley_values import brute_force
from tests.models.samples import WITH_CATEGORY, sample_with_category

PARAMETERS: dict[str, dict[str, Any]] = {
    "logistic": {},
    "ebm": {"outer_bags": 1, "max_rounds": 100, "interactions": 2},
    "random_forest": {"n_estimators": 8, "min_samples_leaf": 10, "max_depth": 4},
    "gradient_boosting": {"n_estimators": 10, "max_depth": 3},
    "xgboost": {"num_iterations": 10, "max_depth": 3},
}


@pytest.fixture(scope="module", params=sorted(PARAMETERS))
def fitted(request: pytest.FixtureRequest) -> tuple[str, Model]:
    vectors, labels = sample_with_category()
    model = family(request.param).fit(
        vectors,
        labels,
        features=WITH_CATEGORY,
        parameters=PARAMETERS[request.param],
        seed=2,
        num_threads=1,
    )
    return request.param, model


@pytest.mark.parametrize("n_background", [1, 12])
def test_contributions_equal_the_definition(fitted: tuple[str, Model], n_background: int) -> None:
    name, model = fitted
    vectors = sample_with_category()[0]
    background = vectors[-n_background:]
    explainer = family(name).explainer(model, background)

    for vector in vectors[:15].tolist():
        base, values = brute_force(model.margins, vector, background)
        found = explainer.explain(vector)

        assert found.base == pytest.approx(base, abs=1e-7)
        np.testing.assert_allclose(found.contributions, values, atol=1e-7)
        total = found.base + math.fsum(found.contributions)
        assert total == pytest.approx(model.margin(vector), abs=1e-7)


def test_a_pair_is_split_by_hand() -> None:
    """f(1, 1) = 4, f = 0 else; background (0, 0) and (0, 1), so E f = 0.

    E f(x1, b2) = (0 + 4) / 2 = 2 and E f(b1, x2) = 0: the first gets (2 - 0 + 4 - 0) / 2 = 3, the
    second (0 - 0 + 4 - 2) / 2 = 1.
    """
    first, second = Axis(0, n_categories=2), Axis(1, n_categories=2)
    table = (0.0,) * 8 + (4.0,)
    model = AdditiveModel("ebm", n_features=2, intercept=0.5, terms=(Pair(first, second, table),))

    found = AdditiveExplainer(model, np.array([[0.0, 0.0], [0.0, 1.0]])).explain((1.0, 1.0))

    assert (found.base, found.contributions, found.engine) == (0.5, (3.0, 1.0), "terms/1")


def test_a_tree_without_a_split_is_explained() -> None:
    stump = Tree((), (), (), (), (), (0.25,))
    split = Tree((1,), (0.5,), (True,), (-1,), (-2,), (-1.0, 3.0))
    table = TreeTable(2, 0.125, (stump, split))

    found = TableExplainer(
        TreeModel("xgboost", table, Encoding((), ())), np.array([[0.0, 0.0], [0.0, math.nan]])
    ).explain((9.0, 9.0))

    assert found.base == pytest.approx(0.125 + 0.25 - 1.0, abs=1e-7)
    assert found.contributions == pytest.approx((0.0, 4.0), abs=1e-7)


def test_more_background_than_shap_would_read_is_refused() -> None:
    model = TreeModel("xgboost", TreeTable(1, 0.0, ()), Encoding((), ()))

    with pytest.raises(BundleIncompatible, match="a background of 101 rows: the explainer takes"):
        ShapExplainer(model, np.zeros((101, 1)))


class Made:
    """A model of products, which no explainer of sums could read; two places are not used."""

    def __init__(self, n_used: int) -> None:
        self.used = tuple(range(1, n_used + 1))

    def margins(self, vectors: Matrix) -> Matrix:
        known = np.where(np.isnan(vectors), 0.3, vectors)[:, list(self.used)]
        return np.asarray(known.sum(axis=1) + known[:, 0] * known[:, 1] * known[:, 2])

    quick_margins = margins


def _rows(n_used: int) -> Matrix:
    rows = np.random.default_rng(9).normal(size=(30, n_used + 2))
    rows[:, 2][::7] = np.nan
    return rows


def test_coalitions_equal_the_definition() -> None:
    model, rows = Made(4), _rows(4)
    background = rows[10:20]

    explainer = CoalitionExplainer(model, background)

    for vector in rows[:8].tolist():
        base, values = brute_force(model.margins, vector, background)
        found = explainer.explain(vector)
        assert found.base == pytest.approx(base, abs=1e-12)
        np.testing.assert_allclose(found.contributions, values, atol=1e-12)
        assert found.contributions[0] == found.contributions[-1] == 0.0
        assert found.engine == "coalitions/1"


def test_sampled_orders_add_up_and_come_close_to_the_definition() -> None:
    """Twelve features: sums are split exactly in any order, the product nearly so."""
    n_used = EXACT_FEATURES + 2
    model, rows = Made(n_used), _rows(n_used)
    background = rows[10:14]
    explainer = CoalitionExplainer(model, background)

    def exact(vector: Sequence[float]) -> list[float]:
        """The features behind the product stand alone; the definition for three is short."""
        own = [
            v - m
            for v, m in zip(
                vector, np.where(np.isnan(background), 0.3, background).mean(axis=0), strict=True
            )
        ]
        cut = Made(3)
        _, values = brute_force(cut.margins, vector[:5], background[:, :5])
        return [*values[:4], *own[4:-1], 0.0]

    for vector in rows[:5].tolist():
        found = explainer.explain(vector)
        margin = float(model.margins(np.array([vector]))[0])
        assert found.base + math.fsum(found.contributions) == pytest.approx(margin, abs=1e-12)
        np.testing.assert_allclose(found.contributions, exact(vector), atol=0.35)
        np.testing.assert_allclose(found.contributions[4:], exact(vector)[4:], atol=1e-12)
        assert found.engine == "orders/1 (16 pairs)"
        assert explainer.explain(vector) == found


def test_a_long_background_is_thinned_evenly() -> None:
    """Of 100 rows twenty are asked, the first and the last among them."""
    rows = np.zeros((100, 6))
    rows[[0, 99], 1] = 10.0

    assert CoalitionExplainer(Made(4), rows).explain(rows[50]).base == pytest.approx(20 / 20)
