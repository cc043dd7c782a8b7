"""A made-up book whose lender rejected some, and of which the truth about them is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.linear_model import LogisticRegression

from credit.metrics.sample import BoolArray, FloatArray
from credit.models.base import Labels, Matrix, Weights


@dataclass(frozen=True)
class Book:
    """Everyone who applied; a lender never sees ``bad`` where ``accepted`` is false."""

    applicants: Matrix
    bad: Labels
    accepted: BoolArray
    acceptance: FloatArray

    @property
    def accepts(self) -> Matrix:
        return self.applicants[self.accepted]

    @property
    def accept_labels(self) -> Labels:
        return self.bad[self.accepted]

    @property
    def rejects(self) -> Matrix:
        return self.applicants[~self.accepted]

    @property
    def true_bad_rate_of_rejects(self) -> float:
        return float(self.bad[~self.accepted].mean())

    @classmethod
    def drawn(cls, *, hidden: float, n: int = 12_000, seed: int = 0) -> Self:
        """Accept by a noisy score.

        ``hidden`` is how much the lender saw of the risk that is not among the features: with 0,
        rejects are no worse than accepts who look alike.
        """
        rng = np.random.default_rng(seed)
        applicants = rng.normal(size=(n, 2))
        unseen = rng.normal(size=n)
        risk = applicants @ [1.0, 0.6] + hidden * unseen
        bad = (rng.random(n) < 1 / (1 + np.exp(2.2 - risk))).astype(np.int8)
        acceptance = 1 / (1 + np.exp(2 * (risk - 0.3)))
        return cls(applicants, bad, rng.random(n) < acceptance, acceptance)


class Margins:
    """A fitted logistic regression of scikit-learn, or its opposite."""

    def __init__(self, model: LogisticRegression, sign: float = 1.0) -> None:
        self._model = model
        self._sign = sign

    def margins(self, vectors: Matrix, /) -> Matrix:
        margins: Matrix = self._sign * self._model.decision_function(vectors)
        return margins


def fit(vectors: Matrix, labels: Labels, weights: Weights, /) -> Margins:
    """Maximum likelihood without a penalty."""
    return Margins(LogisticRegression(C=np.inf).fit(vectors, labels, sample_weight=weights))


def fit_upside_down(vectors: Matrix, labels: Labels, weights: Weights, /) -> Margins:
    """A model that ranks the wrong way round."""
    model = LogisticRegression(C=np.inf).fit(vectors, labels, sample_weight=weights)
    return Margins(model, sign=-1.0)
