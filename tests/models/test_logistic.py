"""The logistic regression is scikit-learn's where nothing binds, and keeps its signs where something does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from credit.errors import DataError
from credit.features import FeatureSpec
from credit.models.additive import AdditiveModel
from credit.models.base import Labels, Matrix, Weights
from credit.models.logistic import fit_logistic
from credit.models.terms import Line, Steps
from tests.models.samples import FREE, WITH_CATEGORY, sample, sample_with_category


def fitted(
    vectors: Matrix,
    labels: Labels,
    features: FeatureSpec = FREE,
    weights: Weights | None = None,
    **parameters: Any,
) -> AdditiveModel:
    return fit_logistic(
        vectors,
        labels,
        features=features,
        parameters=parameters,
        seed=0,
        num_threads=1,
        weights=weights,
    )


@pytest.mark.parametrize("regularization", [0.05, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_finds_what_scikit_learn_finds(regularization: float, weighted: bool) -> None:
    vectors, labels = sample(gaps=False)
    weights = np.where(labels == 1, 2.0, 0.5) if weighted else None
    scaled = StandardScaler().fit_transform(vectors)
    golden = LogisticRegression(C=regularization, tol=1e-10, solver="newton-cholesky")
    golden.fit(scaled, labels, sample_weight=weights)

    model = fitted(vectors, labels, weights=weights, regularization=regularization, clip_share=0.0)

    np.testing.assert_allclose(model.margins(vectors), golden.decision_function(scaled), atol=1e-5)


def test_a_coefficient_of_the_wrong_sign_ends_at_zero_and_the_others_are_fitted_without_it() -> (
    None
):
    """Risk rises with the first number; told that it falls, the model must do as if it were not there."""
    vectors, labels = sample(gaps=False)
    wrong = FeatureSpec.numbers(FREE.names, (-1, 0, -1, 0))

    model = fitted(vectors, labels, wrong, clip_share=0.0)
    without = fitted(vectors[:, 1:], labels, FeatureSpec.numbers(FREE.names[1:]), clip_share=0.0)

    first = model.terms[0]
    assert isinstance(first, Line)
    assert first.coefficient == 0.0
    np.testing.assert_allclose(model.margins(vectors), without.margins(vectors[:, 1:]), atol=1e-5)


def test_a_missing_value_is_the_median_plus_a_term_of_its_own() -> None:
    """Where gaps carry risk the term says so; where there are none it is the median's."""
    vectors, labels = sample(4_000, gaps=False)
    rng = np.random.default_rng(3)
    vectors[(rng.random(4_000) < 0.2) & (labels == 1), 1] = np.nan

    model = fitted(vectors, labels)

    row = [0.0, 0.0, 0.0, 0.0]
    assert model.margin([0.0, np.nan, 0.0, 0.0]) > model.margin(row) + 1.0
    median = float(np.quantile(vectors[:, 0], 0.5, method="lower"))
    assert model.margin([np.nan, 0.0, 0.0, 0.0]) == pytest.approx(
        model.margin([median, 0.0, 0.0, 0.0]), abs=1e-12
    )


def test_an_outlier_weighs_no_more_than_the_bounds_of_the_sample() -> None:
    vectors, labels = sample(gaps=False)
    model = fitted(vectors, labels)

    assert model.margin([1e9, 0.0, 0.0, 0.0]) == model.margin([vectors[:, 0].max(), 0.0, 0.0, 0.0])
    assert model.margin([1e9, 0.0, 0.0, 0.0]) > model.margin([1.0, 0.0, 0.0, 0.0])


def test_a_flag_that_is_rarer_than_the_bounds_is_still_learned() -> None:
    vectors, labels = sample(2_000, gaps=False)
    vectors[:, 3] = 0.0
    vectors[np.flatnonzero(labels == 1)[:6], 3] = 1.0

    model = fitted(vectors, labels)

    assert model.margin([0.0, 0.0, 0.0, 1.0]) > model.margin([0.0, 0.0, 0.0, 0.0]) + 0.3


def test_categories_have_a_term_each_and_one_never_seen_adds_nothing() -> None:
    vectors, labels = sample_with_category()

    model = fitted(vectors, labels, WITH_CATEGORY)

    term = model.terms[4]
    assert isinstance(term, Steps)
    gap, p, q, r, never = term.values
    assert never == 0.0
    assert p > r + 0.3
    assert q > r + 0.3
    assert gap != 0.0
    row = vectors[0].copy()
    row[3] = 99.0
    coded = model.margin(row.tolist())
    row[3] = np.nan
    assert coded == model.margin(row.tolist())


def test_a_feature_that_nobody_has_adds_nothing() -> None:
    vectors, labels = sample(gaps=False)
    vectors[:, 2] = np.nan

    model = fitted(vectors, labels)

    assert np.isfinite(model.margins(vectors)).all()


def test_a_fit_depends_on_its_arguments_alone() -> None:
    vectors, labels = sample_with_category()
    found = [
        fit_logistic(
            vectors, labels, features=WITH_CATEGORY, parameters={}, seed=seed, num_threads=threads
        ).to_files()
        for seed, threads in ((0, 1), (5, 2))
    ]

    assert found[0] == found[1]


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(DataError, match="unknown parameter penalty; it takes regularization and"):
        fitted(*sample(100), penalty="l1")


def test_one_class_is_refused() -> None:
    vectors, labels = sample(100)

    with pytest.raises(DataError, match="expected both goods and bads"):
        fitted(vectors, np.ones_like(labels))
