"""Exact contributions of an additive model: each term against its mean over the background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self, cast

from credit.explain.base import Explanation, explain_each
from credit.models.additive import AdditiveModel
from credit.models.base import Matrix, Model
from credit.models.terms import Pair

ENGINE = "terms/1"


class AdditiveExplainer:
    r"""Interventional Shapley values of a sum of terms of one and of two features.

    A term of one feature gives that feature its value less its mean over the background. A pair
    :math:`f(x_i, x_j)` is a game of two players against background rows :math:`b`:

    .. math:: \phi_i = \tfrac{1}{2} \left[ E f(x_i, b_j) - E f(b_i, b_j)
                      + f(x_i, x_j) - E f(b_i, x_j) \right]

    Source: Shapley (1953), A value for n-person games, for two players.
    """

    engine = ENGINE

    def __init__(self, model: AdditiveModel, background: Matrix) -> None:
        self._model = model
        self._background: list[list[float]] = background.tolist()
        self._means = [
            self._mean([term.of(row) for row in self._background]) for term in model.terms
        ]
        self._base = math.fsum([model.intercept, *self._means])

    @classmethod
    def of(cls, model: Model, background: Matrix, cache: Path | None = None) -> Self:  # noqa: ARG003
        """Build for an additive model."""
        return cls(cast(AdditiveModel, model), background)

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        contributions = [0.0] * self._model.n_features
        for term, mean in zip(self._model.terms, self._means, strict=True):
            value = term.of(vector)
            if isinstance(term, Pair):
                i, j = term.places
                own_first = self._mean([term.at(vector[i], row[j]) for row in self._background])
                own_second = self._mean([term.at(row[i], vector[j]) for row in self._background])
                contributions[i] += (own_first - mean + value - own_second) / 2
                contributions[j] += (own_second - mean + value - own_first) / 2
            else:
                contributions[term.places[0]] += value - mean
        return Explanation(self._base, tuple(contributions), ENGINE)

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        return explain_each(self, vectors)

    @staticmethod
    def _mean(values: Sequence[float]) -> float:
        return math.fsum(values) / len(values)
