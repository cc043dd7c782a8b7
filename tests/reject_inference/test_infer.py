"""What each method makes of the rejects, against counts by hand and known truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from credit.errors import CreditError, DataError, SettingsInvalid
from credit.reject_inference import Method, infer_rejects
from credit.reject_inference.infer import assumed_pd
from tests.reject_inference.book import Book

ACCEPTS = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
LABELS = np.array([0, 1, 0], dtype=np.int8)
REJECTS = np.array([[4.0, 40.0], [5.0, 50.0]])


def test_none_leaves_the_accepts_alone() -> None:
    rows = infer_rejects("none", ACCEPTS, LABELS, REJECTS)

    assert rows.vectors.tolist() == ACCEPTS.tolist()
    assert rows.labels.tolist() == [0, 1, 0]
    assert rows.weights.tolist() == [1, 1, 1]
    assert not rows.inferred.any()


def test_parcelling_adds_each_reject_once() -> None:
    """Three accepts make one band with rate 1/3; times 3, both rejects are bad."""
    rows = infer_rejects(
        "parcelling",
        ACCEPTS,
        LABELS,
        REJECTS,
        pd_of_accepts=[0.1, 0.2, 0.3],
        pd_of_rejects=[0.4, 0.5],
        factor=3,
    )

    assert rows.vectors.tolist() == [*ACCEPTS.tolist(), *REJECTS.tolist()]
    assert rows.labels.tolist() == [0, 1, 0, 1, 1]
    assert rows.weights.tolist() == [1, 1, 1, 1, 1]
    assert rows.inferred.tolist() == [False, False, False, True, True]


def test_the_seed_decides_whom_parcelling_makes_bad(fair_book: Book) -> None:
    def drawn(seed: int) -> list[int]:
        labels: list[int] = infer_rejects(
            "parcelling",
            fair_book.accepts,
            fair_book.accept_labels,
            fair_book.rejects,
            pd_of_accepts=np.full(len(fair_book.accepts), 0.1),
            pd_of_rejects=np.full(len(fair_book.rejects), 0.1),
            seed=seed,
        ).labels.tolist()
        return labels

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_fuzzy_adds_each_reject_as_a_bad_and_as_a_good() -> None:
    rows = infer_rejects("fuzzy", ACCEPTS, LABELS, REJECTS, pd_of_rejects=[0.1, 0.3], factor=2)

    assert rows.vectors[3:].tolist() == [*REJECTS.tolist(), *REJECTS.tolist()]
    assert rows.labels.tolist() == [0, 1, 0, 1, 1, 0, 0]
    assert rows.weights == pytest.approx([1, 1, 1, 0.2, 0.6, 0.8, 0.4])
    assert rows.inferred.tolist() == [False] * 3 + [True] * 4


def test_fuzzy_leaves_out_what_weighs_nothing() -> None:
    """Twice 0.6 is held at 1; a PD of 0 has no bad half, one of 1 no good half."""
    rows = infer_rejects("fuzzy", ACCEPTS, LABELS, REJECTS, pd_of_rejects=[0.0, 0.6], factor=2)

    assert rows.vectors[3:].tolist() == [REJECTS[1].tolist(), REJECTS[0].tolist()]
    assert rows.labels[3:].tolist() == [1, 0]
    assert rows.weights[3:].tolist() == [1, 1]


@given(
    prob=st.lists(st.floats(0, 1), min_size=2, max_size=2),
    factor=st.floats(0.1, 10),
)
def test_every_applicant_counts_once_in_fuzzy(prob: list[float], factor: float) -> None:
    rows = infer_rejects("fuzzy", ACCEPTS, LABELS, REJECTS, pd_of_rejects=prob, factor=factor)

    assert rows.weights.sum() == pytest.approx(len(ACCEPTS) + len(REJECTS))
    as_bad = rows.weights[rows.inferred & (rows.labels == 1)].sum()
    assert as_bad == pytest.approx(sum(min(factor * p, 1) for p in prob), abs=1e-12)


def test_fuzzy_at_factor_one_teaches_a_model_what_it_said(fair_book: Book) -> None:
    """The likelihood of soft labels is highest at the model that made them."""
    alone = LogisticRegression(C=np.inf, tol=1e-10).fit(fair_book.accepts, fair_book.accept_labels)
    rows = infer_rejects(
        "fuzzy",
        fair_book.accepts,
        fair_book.accept_labels,
        fair_book.rejects,
        pd_of_rejects=alone.predict_proba(fair_book.rejects)[:, 1],
    )

    again = LogisticRegression(C=np.inf, tol=1e-10).fit(
        rows.vectors, rows.labels, sample_weight=rows.weights
    )

    assert again.coef_ == pytest.approx(alone.coef_, abs=1e-4)
    assert again.intercept_ == pytest.approx(alone.intercept_, abs=1e-4)


def test_reweighting_by_hand() -> None:
    """1/a with factor 1; with 3, a bad counts 1 + 3 (1 - a)/a."""
    one, three = (
        infer_rejects(
            "reweighting", ACCEPTS, LABELS, REJECTS, acceptance=[1.0, 0.5, 0.8], factor=factor
        )
        for factor in (1, 3)
    )

    assert one.weights == pytest.approx([1, 2, 1.25])
    assert three.weights == pytest.approx([1, 4, 1.25])
    assert one.labels.tolist() == [0, 1, 0]
    assert not three.inferred.any()


def test_the_factor_of_reweighting_multiplies_the_odds_of_rejects() -> None:
    """100 alike, 60 accepted with 6 bads; rejects with three times the odds 6:54.

    The odds of all are those of the accepts times 0.6 · 1 + 0.4 · 3 = 1.8: 1/9 · 1.8 = 0.2.
    """
    accepts = np.ones((60, 1))
    labels = np.repeat(np.array([1, 0], dtype=np.int8), [6, 54])

    rows = infer_rejects(
        "reweighting", accepts, labels, np.ones((40, 1)), acceptance=np.full(60, 0.6), factor=3
    )

    bads, goods = rows.weights[labels == 1].sum(), rows.weights[labels == 0].sum()
    assert bads / goods == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("method", "by_hand"),
    [
        ("parcelling", [0.2, 0.4, 1.0]),
        ("fuzzy", [0.2, 0.4, 1.0]),
        # Odds 1:9, 1:4 and 3:2 doubled: 2:9, 2:4 and 6:2.
        ("reweighting", [2 / 11, 2 / 6, 6 / 8]),
    ],
)
def test_what_a_factor_of_two_makes_of_a_pd(method: Method, by_hand: list[float]) -> None:
    assert assumed_pd(method, np.array([0.1, 0.2, 0.6]), 2.0) == pytest.approx(by_hand)


def test_reweighting_finds_the_bad_rate_of_everyone(fair_book: Book) -> None:
    """Accepts with the true acceptance stand for all; left as they are, they look far too good."""
    rows = infer_rejects(
        "reweighting",
        fair_book.accepts,
        fair_book.accept_labels,
        fair_book.rejects,
        acceptance=fair_book.acceptance[fair_book.accepted],
    )
    truth = fair_book.bad.mean()

    assert rows.weights.sum() == pytest.approx(len(fair_book.bad), rel=0.05)
    assert np.average(rows.labels, weights=rows.weights) == pytest.approx(truth, abs=0.02)
    assert fair_book.accept_labels.mean() < truth - 0.05


def test_no_accept_stands_for_more_than_twenty() -> None:
    rows = infer_rejects("reweighting", ACCEPTS, LABELS, REJECTS, acceptance=[0.001, 0.05, 0.1])

    assert rows.weights == pytest.approx([20, 20, 10])


@pytest.mark.parametrize(
    ("method", "change", "error", "message"),
    [
        ("average", {}, SettingsInvalid, "no reject inference 'average'; choose none, parcelling,"),
        ("fuzzy", {"factor": 0}, SettingsInvalid, "factor: expected a number above 0, came 0"),
        ("fuzzy", {"factor": np.nan}, SettingsInvalid, "factor: expected a number above 0, came n"),
        ("none", {"factor": 2}, SettingsInvalid, "factor: none infers nothing that 2 could change"),
        ("parcelling", {"n_bands": 0}, SettingsInvalid, "n_bands: expected at least 1, came 0"),
        (
            "fuzzy",
            {"pd_of_rejects": None},
            SettingsInvalid,
            "by fuzzy needs pd_of_rejects; pass it",
        ),
        ("parcelling", {"pd_of_accepts": None}, SettingsInvalid, "parcelling needs pd_of_accepts"),
        (
            "reweighting",
            {"acceptance": None},
            SettingsInvalid,
            "reweighting needs acceptance; pass",
        ),
        (
            "fuzzy",
            {"pd_of_rejects": [0.1]},
            DataError,
            "pd_of_rejects: expected one per row, came 1",
        ),
        ("fuzzy", {"pd_of_rejects": [0.1, 1.1]}, DataError, r"1 of 2 are not in \[0, 1\]"),
        ("fuzzy", {"pd_of_rejects": [np.nan, 0.1]}, DataError, r"1 of 2 are not in \[0, 1\]"),
        ("reweighting", {"acceptance": [0, 1, 1]}, DataError, "1 of 3 accepts could not have been"),
        ("fuzzy", {"rejects": REJECTS[:, :1]}, DataError, "expected the 2 features .*, came 1"),
        (
            "fuzzy",
            {"rejects": REJECTS[:0]},
            DataError,
            "rejects: expected at least one row, came no",
        ),
        ("fuzzy", {"rejects": REJECTS[0]}, DataError, "one row per applicant, came a flat array"),
        ("fuzzy", {"accept_labels": LABELS * 0}, DataError, "expected both goods and bads"),
        ("fuzzy", {"accept_labels": LABELS[:2]}, DataError, "accept_labels: .* came 2 for 3 rows"),
    ],
)
def test_what_cannot_be_inferred_from(
    method: Method, change: dict[str, Any], error: type[CreditError], message: str
) -> None:
    usable: dict[str, Any] = {
        "accepts": ACCEPTS,
        "accept_labels": LABELS,
        "rejects": REJECTS,
        "pd_of_accepts": [0.1, 0.2, 0.3],
        "pd_of_rejects": [0.4, 0.5],
        "acceptance": [0.9, 0.8, 0.7],
    }

    with pytest.raises(error, match=message):
        infer_rejects(method, **{**usable, **change})
