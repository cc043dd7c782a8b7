"""Rows know whether their outcome was seen, and are refused where only the truth will do."""

from __future__ import annotations

import numpy as np
import pytest

from credit.errors import DataError
from credit.metrics.sample import BoolArray, FloatArray
from credit.models.base import Labels
from credit.reject_inference import TrainingSet, infer_rejects
from tests.reject_inference.book import Book

VECTORS = np.array([[0.1], [0.2], [0.3]])
LABELS = np.array([0, 1, 0], dtype=np.int8)


def test_observed_rows_count_once_and_serve_every_use() -> None:
    rows = TrainingSet.observed(VECTORS, LABELS)

    vectors, labels = rows.require_observed("metrics")

    assert rows.weights.tolist() == [1, 1, 1]
    assert not rows.inferred.any()
    assert vectors is VECTORS
    assert labels is LABELS


@pytest.mark.parametrize("use", ["calibration", "metrics"])
def test_inferred_labels_are_refused(use: str, fair_book: Book) -> None:
    n_rejects = len(fair_book.rejects)
    rows = infer_rejects(
        "fuzzy",
        fair_book.accepts,
        fair_book.accept_labels,
        fair_book.rejects,
        pd_of_rejects=np.full(n_rejects, 0.2),
    )

    with pytest.raises(DataError) as refused:
        rows.require_observed(use)
    assert str(refused.value) == (
        f"{use}: expected accepts whose outcome was seen, {2 * n_rejects} of {len(rows.labels)} labels "
        f"are inferred; pass accepts only"
    )


def test_reweighted_rows_are_refused() -> None:
    rows = infer_rejects(
        "reweighting", VECTORS, LABELS, VECTORS, acceptance=np.array([0.5, 1.0, 0.8])
    )

    with pytest.raises(DataError, match="metrics: expected rows that count once, 2 of 3 are rew"):
        rows.require_observed("metrics")


@pytest.mark.parametrize(
    ("labels", "weights", "inferred", "message"),
    [
        (LABELS[:2], np.ones(3), np.zeros(3, bool), "labels: expected one per row .* 2 for 3 rows"),
        (LABELS, np.ones(2), np.zeros(3, bool), "weights: expected one per row .* 2 for 3 rows"),
        (LABELS, np.ones(3), np.zeros(4, bool), "inferred: expected one per row .* 4 for 3 rows"),
        (LABELS + 1, np.ones(3), np.zeros(3, bool), r"labels: expected 0 \(good\) or 1 \(bad\), 1"),
        (LABELS, np.array([1, 0, 2]), np.zeros(3, bool), "weights: expected positive .* 1 of 3"),
        (LABELS, np.array([1, 1, np.inf]), np.zeros(3, bool), "weights: expected positive finite"),
    ],
)
def test_rows_that_do_not_fit_together_are_refused(
    labels: Labels, weights: FloatArray, inferred: BoolArray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        TrainingSet(vectors=VECTORS, labels=labels, weights=weights, inferred=inferred)


def test_a_flat_array_is_refused() -> None:
    with pytest.raises(DataError, match=r"vectors: expected one row per applicant, came 1 dim"):
        TrainingSet.observed(np.zeros(3), LABELS)
