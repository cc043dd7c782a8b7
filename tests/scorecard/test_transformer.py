"""Binning, WOE and selection of all columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from credit.errors import DataError
from credit.scorecard.transformer import WoeTransformer

from .applicants import Applicants


@pytest.fixture(scope="module")
def transformer(applicants: Applicants) -> WoeTransformer:
    return WoeTransformer(applicants.names, applicants.directions).fit(
        applicants.vectors, applicants.y
    )


def test_values_become_the_woe_of_their_bin(
    transformer: WoeTransformer, applicants: Applicants
) -> None:
    woe = transformer.transform(applicants.vectors)

    for position, column in enumerate(transformer.selected_):
        bins, table = transformer.bins_[column], transformer.tables_[column]
        expected = [table.woe[bins.index_of(value)] for value in applicants.vectors[:, column]]
        assert woe[:, position].tolist() == expected


def test_counts_are_those_of_the_rows(transformer: WoeTransformer, applicants: Applicants) -> None:
    income = transformer.tables_[2]

    assert sum(income.bads) == applicants.y.sum()
    assert income.goods[-1] + income.bads[-1] == np.isnan(applicants.vectors[:, 2]).sum()


def test_features_without_information_are_dropped(transformer: WoeTransformer) -> None:
    assert transformer.get_feature_names_out().tolist() == [
        "utilisation",
        "late_payments",
        "income",
    ]


def test_strengths_explain_the_selection(applicants: Applicants) -> None:
    """A copy of the target is selected, and flagged as too good to be true."""
    vectors = np.column_stack([applicants.vectors, applicants.y])
    fitted = WoeTransformer((*applicants.names, "leak"), (*applicants.directions, 1))

    strengths = fitted.fit(vectors, applicants.y).strengths()

    assert [s.iv for s in strengths] == sorted((s.iv for s in strengths), reverse=True)
    assert [s.feature for s in strengths if s.suspicious] == ["leak"]
    assert [s.feature for s in strengths if not s.selected] == ["shoe_size"]


def test_missing_never_seen_is_neutral(transformer: WoeTransformer) -> None:
    woe = transformer.transform([[math.nan, math.nan, math.nan, math.nan]])

    assert woe[0, :2].tolist() == [0.0, 0.0]
    assert woe[0, 2] == transformer.tables_[2].woe[-1] != 0.0


def test_it_is_a_step_of_scikit_learn(transformer: WoeTransformer, applicants: Applicants) -> None:
    pipeline = make_pipeline(clone(transformer), LogisticRegression())

    pipeline.fit(applicants.vectors, applicants.y)

    assert pipeline[0].bins_ == transformer.bins_
    assert pipeline.predict_proba(applicants.vectors).shape == (applicants.y.size, 2)


@pytest.mark.parametrize(
    ("rows", "y", "weight", "message"),
    [
        ([[1.0], [2.0]], [0, 1], None, r"X: expected 2 columns, .* came shape \(2, 1\)"),
        ([1.0, 2.0], [0, 1], None, r"X: expected 2 columns, .* came shape \(2,\)"),
        ([[1.0, 2.0]], [0, 1], None, "X: expected 2 rows as in the target, came 1"),
        ([[1, 2], [3, math.inf]], [0, 1], None, "b: expected finite numbers or NaN"),
        ([[1, 2], [3, 4]], [1, 1], None, "target: expected both goods and bads"),
        ([[1, 2], [3, 4]], [0, 1], [1.0], "sample_weight: expected 2 weights, came 1"),
        ([[1, 2], [3, 4]], [0, 1], [1.0, 0.0], "sample_weight: expected positive numbers"),
    ],
)
def test_what_cannot_be_learned_from(
    rows: ArrayLike, y: ArrayLike, weight: ArrayLike | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        WoeTransformer(("a", "b"), (1, 1)).fit(rows, y, weight)
