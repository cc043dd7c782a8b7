"""Contributions are the exact Shapley values, held against their definition.

The definition is written down here as naively as possible: every coalition, every background row,
and the model asked for each mixture of the two (Lundberg et al. 2020, interventional values).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from credit.decision import Bundle
from credit.errors import BundleIncompatible
from credit.explain.scorecard import ScorecardExplainer
from credit.explain.shap_explainer import MAXIMUM_BACKGROUND, ShapExplainer
from credit.explain.tables.explainer import TableExplainer
from credit.features import FeatureSpec
from credit.models.lightgbm import LightGBMModel, fit_lightgbm
from credit.models.scorecard import ScorecardModel, fit_scorecard_model
from tests.loanbook import application
from tune.rows import Rows

Matrix = npt.NDArray[np.float64]
NAMES = ("a", "b", "c", "d")
DIRECTIONS = (1, 0, -1, 0)


def brute_force(
    margins: Callable[[Matrix], Matrix], vector: Sequence[float], background: Matrix
) -> tuple[float, list[float]]:
    """Base value and Shapley values by their definition."""
    n = len(vector)

    def worth(coalition: frozenset[int]) -> float:
        mixed = background.copy()
        for j in coalition:
            mixed[:, j] = vector[j]
        return math.fsum(margins(mixed).tolist()) / len(background)

    values = []
    for j in range(n):
        others = [k for k in range(n) if k != j]
        value = 0.0
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for members in combinations(others, size):
                coalition = frozenset(members)
                value += weight * (worth(coalition | {j}) - worth(coalition))
        values.append(value)
    return worth(frozenset()), values


@pytest.fixture(scope="module")
def sample() -> tuple[Matrix, npt.NDArray[np.int8]]:
    """Four features that act together, with gaps."""
    rng = np.random.default_rng(5)
    vectors = np.round(rng.normal(size=(1_500, 4)), 2)
    together = vectors[:, 0] - vectors[:, 2] + vectors[:, 0] * vectors[:, 1] + 0.5 * vectors[:, 3]
    labels = (rng.random(1_500) < 1 / (1 + np.exp(-together))).astype(np.int8)
    vectors[rng.random((1_500, 4)) < 0.1] = np.nan
    return vectors, labels


@pytest.fixture(scope="module")
def trees(sample: tuple[Matrix, npt.NDArray[np.int8]]) -> LightGBMModel:
    return fit_lightgbm(
        *sample,
        features=FeatureSpec.numbers(NAMES, DIRECTIONS),
        parameters={"num_iterations": 15, "num_leaves": 8, "min_data_in_leaf": 20},
        seed=0,
        num_threads=1,
    )


@pytest.fixture(scope="module")
def card(sample: tuple[Matrix, npt.NDArray[np.int8]]) -> ScorecardModel:
    return fit_scorecard_model(
        *sample,
        features=FeatureSpec.numbers(NAMES, DIRECTIONS),
        parameters={"max_bins": 5, "minimum_iv": 0.0},
        seed=0,
        num_threads=1,
    )


@pytest.mark.parametrize("n_background", [1, 12, 300])
@pytest.mark.parametrize(("engine", "within"), [(TableExplainer, 1e-12), (ShapExplainer, 1e-6)])
def test_trees_equal_the_definition(
    sample: tuple[Matrix, npt.NDArray[np.int8]],
    trees: LightGBMModel,
    n_background: int,
    engine: type[TableExplainer | ShapExplainer],
    within: float,
) -> None:
    if engine is ShapExplainer and n_background > MAXIMUM_BACKGROUND:
        return  # it refuses, as a test below says
    vectors = sample[0]
    background = vectors[-n_background:]
    explainer = engine(trees, background)

    for vector in vectors[:25].tolist():
        base, values = brute_force(trees.margins, vector, background)
        found = explainer.explain(vector)

        assert found.base == pytest.approx(base, abs=within)
        np.testing.assert_allclose(found.contributions, values, atol=within)


def test_the_features_of_the_trees_do_act_together(
    sample: tuple[Matrix, npt.NDArray[np.int8]], trees: LightGBMModel
) -> None:
    """The control: had the model no interactions, one-at-a-time differences would pass as well."""
    vectors = sample[0]
    background = vectors[-12:]
    largest = 0.0
    for vector in vectors[:25].tolist():
        base, values = brute_force(trees.margins, vector, background)
        for j in range(4):
            mixed = background.copy()
            mixed[:, j] = vector[j]
            largest = max(largest, abs(trees.margins(mixed).mean() - base - values[j]))

    assert largest > 0.05


def test_a_scorecard_equals_the_definition(
    sample: tuple[Matrix, npt.NDArray[np.int8]], card: ScorecardModel
) -> None:
    vectors = sample[0]
    background = vectors[-12:]
    explainer = ScorecardExplainer(card, background)

    for vector in vectors[:25].tolist():
        base, values = brute_force(card.margins, vector, background)
        found = explainer.explain(vector)

        assert found.base == pytest.approx(base, abs=1e-9)
        np.testing.assert_allclose(found.contributions, values, atol=1e-9)


def test_contributions_add_up_to_the_margin(any_bundle: Bundle, rows: Rows) -> None:
    vectors = any_bundle.transform.matrix(rows.raw[:150])
    assert np.isnan(vectors).any(axis=1).sum() > 20

    for vector, margin in zip(
        vectors.tolist(), any_bundle.model.margins(vectors).tolist(), strict=True
    ):
        found = any_bundle.explainer.explain(vector)
        assert abs(found.base + math.fsum(found.contributions) - margin) <= 1e-6


def test_an_explanation_has_the_same_bits_whatever_was_explained_before(
    any_bundle: Bundle, rows: Rows
) -> None:
    vectors = any_bundle.transform.matrix(rows.raw[:60]).tolist()
    order = np.random.default_rng(2).permutation(60)

    forwards = [any_bundle.explainer.explain(tuple(vector)) for vector in vectors]
    shuffled = {int(i): any_bundle.explainer.explain(tuple(vectors[i])) for i in order}

    assert [shuffled[i] for i in range(60)] == forwards


def test_the_engine_is_named_for_the_record(
    lightgbm_bundle: Bundle, scorecard_bundle: Bundle
) -> None:
    asked = lightgbm_bundle.validator.application(application())
    vector = lightgbm_bundle.transform.row(asked.values)

    assert lightgbm_bundle.explainer.explain(vector).engine == "tables/1"
    assert scorecard_bundle.explainer.explain(vector).engine == "points/1"


def test_more_background_than_shap_would_read_is_refused(
    sample: tuple[Matrix, npt.NDArray[np.int8]], trees: LightGBMModel
) -> None:
    """shap itself keeps 100 rows of a larger one, and says nothing."""
    ShapExplainer(trees, sample[0][:100])

    with pytest.raises(
        BundleIncompatible, match="a background of 101 rows: the explainer takes 100"
    ):
        ShapExplainer(trees, sample[0][:101])
