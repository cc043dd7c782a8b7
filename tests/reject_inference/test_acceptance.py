"""The acceptance of each accept, by models that have not seen it."""

from __future__ import annotations

import numpy as np
import pytest

from credit.errors import DataError
from credit.models.base import Labels, Matrix, Weights
from credit.reject_inference import acceptance_probabilities, cross_fitted_margins
from tests.reject_inference.book import Book, fit, fit_upside_down


def test_it_finds_the_acceptance_that_the_lender_had(fair_book: Book) -> None:
    truth = fair_book.acceptance[fair_book.accepted]

    found = acceptance_probabilities(fit, fair_book.accepts, fair_book.rejects)

    assert np.abs(found - truth).mean() < 0.02
    assert found.min() > 0
    assert found.max() < 1


def test_features_that_say_nothing_are_refused(fair_book: Book) -> None:
    with pytest.raises(DataError, match="the features do not tell who was rejected, so there is"):
        acceptance_probabilities(fit_upside_down, fair_book.accepts, fair_book.rejects)


def test_no_model_scores_a_row_that_it_has_learned(fair_book: Book) -> None:
    """Each fit remembers its rows by their first feature, which no two share."""
    vectors, labels = fair_book.accepts[:600], fair_book.accept_labels[:600]
    scored: list[float] = []

    class Remembering:
        def __init__(self, seen: set[float]) -> None:
            self._seen = seen

        def margins(self, rows: Matrix, /) -> Matrix:
            assert self._seen.isdisjoint(rows[:, 0].tolist())
            scored.extend(rows[:, 0].tolist())
            margins: Matrix = 2 * rows[:, 0]
            return margins

    def remember(rows: Matrix, _labels: Labels, weights: Weights, /) -> Remembering:
        assert weights.tolist() == [1.0] * len(rows)
        return Remembering(set(rows[:, 0].tolist()))

    margins = cross_fitted_margins(remember, vectors, labels, n_folds=4, seed=3)

    assert sorted(scored) == sorted(vectors[:, 0].tolist())
    assert margins.tolist() == (2 * vectors[:, 0]).tolist()
