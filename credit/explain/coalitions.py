"""Shapley values of any model, from the definition: what coalitions of features are worth.

Source: Lundberg et al. (2020), From local explanations to global understanding with explainable AI for
trees, interventional values, https://doi.org/10.1038/s42256-019-0138-9; for sampled orders Castro, Gomez
and Tejada (2009), Polynomial calculation of the Shapley value based on sampling,
https://doi.org/10.1016/j.cor.2008.04.004, each order taken forwards and backwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from credit.explain.base import Explanation, explain_each
from credit.models.base import Matrix, Model

EXACT_FEATURES = 10
"""Up to here every coalition is asked for: 1,024 at most."""

ORDERS = 16
"""Orders beyond that, each with its reverse."""

BACKGROUND = 20
"""Rows of the background that are used: each coalition asks the model once for each of them."""

SEED = 20_170_522
"""Fixed, so that an explanation can be computed again."""

Masks = npt.NDArray[np.bool_]


class Asked(Protocol):
    """A model that tells which places it reads, and answers many rows quickly."""

    used: tuple[int, ...]

    def quick_margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, shape (n_rows,); the last bits need not be those of one row."""
        ...


class CoalitionExplainer:
    """Exact up to :data:`EXACT_FEATURES` features; sampled orders beyond, which add up all the same."""

    def __init__(self, model: Asked, background: Matrix) -> None:
        self._model = model
        self._used = list(model.used)
        rows = np.unique(np.linspace(0, len(background) - 1, BACKGROUND).astype(np.intp))
        self._background = background[rows]
        n = len(self._used)
        if n <= EXACT_FEATURES:
            self.engine = "coalitions/1"
            self._masks, self._weights = _every_coalition(n)
        else:
            self.engine = f"orders/1 ({ORDERS} pairs)"
            self._masks, self._weights = _sampled_orders(n)
        self._base = self._mean(self._model.quick_margins(self._background))

    @classmethod
    def of(cls, model: Model, background: Matrix, cache: Path | None = None) -> Self:  # noqa: ARG003
        """Build for an imported model."""
        return cls(cast(Asked, model), background)

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        n_rows = len(self._background)
        mixed = np.tile(self._background, (len(self._masks), 1))
        own = np.repeat(self._masks, n_rows, axis=0)
        for k, place in enumerate(self._used):
            mixed[own[:, k], place] = vector[place]
        asked = self._model.quick_margins(mixed).reshape(len(self._masks), n_rows)
        worth = [self._mean(row) for row in asked]
        contributions = [0.0] * len(vector)
        for k, place in enumerate(self._used):
            weights = self._weights[:, k].tolist()
            contributions[place] = math.fsum(w * v for w, v in zip(weights, worth, strict=True))
        return Explanation(self._base, tuple(contributions), self.engine)

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        return explain_each(self, vectors)

    @staticmethod
    def _mean(values: Matrix) -> float:
        return math.fsum(values.tolist()) / len(values)


def _every_coalition(n: int) -> tuple[Masks, Matrix]:
    """All coalitions, and the weight with which each one's worth enters each feature's value."""
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1
    sizes = masks.sum(axis=1)
    joins = [math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in range(n)]
    inside = np.array([0.0, *joins])[sizes]
    outside = np.array([*joins, 0.0])[sizes]
    return masks, np.where(masks, inside[:, None], -outside[:, None])


def _sampled_orders(n: int) -> tuple[Masks, Matrix]:
    """Coalitions along sampled orders; each feature's value is what it adds, averaged over orders."""
    generator = np.random.default_rng(SEED)
    orders = [
        order for _ in range(ORDERS) for o in [generator.permutation(n)] for order in (o, o[::-1])
    ]
    weights: dict[bytes, Matrix] = {}
    for order in orders:
        before = np.zeros(n, dtype=bool)
        for feature in order:
            after = before.copy()
            after[feature] = True
            for mask, sign in ((after, 1.0), (before, -1.0)):
                weights.setdefault(mask.tobytes(), np.zeros(n))[feature] += sign / len(orders)
            before = after
    masks = np.array([np.frombuffer(key, dtype=bool) for key in weights])
    return masks, np.array(list(weights.values()))
