"""A small loan book with a known cause of default, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.scorecard.transformer import WoeTransformer


@dataclass(frozen=True)
class Applicants:
    """Rows with their target and what caused it: the true log-odds of bad, ``margin``."""

    vectors: NDArray[np.float64]
    margin: NDArray[np.float64]
    y: NDArray[np.float64]
    names: tuple[str, ...] = ("utilisation", "late_payments", "income", "shoe_size")
    directions: tuple[int, ...] = (1, 1, -1, 0)


def applicants_of(n: int, seed: int) -> Applicants:
    rng = np.random.default_rng(seed)
    utilisation = rng.beta(1, 2, n)
    late_payments = rng.poisson(0.3, n).astype(np.float64)
    income = rng.lognormal(8, 0.5, n)
    shoe_size = rng.normal(42, 2, n)
    margin = -3.0 + 2.0 * utilisation + 0.9 * late_payments - 0.8 * (np.log(income) - 8)
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.float64)
    income[rng.random(n) < 0.15] = np.nan
    vectors = np.column_stack([utilisation, late_payments, income, shoe_size])
    return Applicants(vectors, margin, y)


@dataclass(frozen=True)
class Mixed:
    """A delay with codes, an income, and a nominal feature; every fifth category is never met."""

    vectors: NDArray[np.float64]
    y: NDArray[np.float64]
    names: tuple[str, ...] = ("delay", "income", "housing")
    directions: tuple[int, ...] = (1, -1, 0)
    categories: tuple[tuple[str, ...], ...] = ((), (), ("own", "rent", "it's free", "boat", "tent"))
    codes: tuple[dict[float, str], ...] = (
        {96.0: "refused", 98.0: "refused", -1.0: "never lent"},
        {},
        {},
    )

    def transformer(self) -> WoeTransformer:
        return WoeTransformer(
            self.names, self.directions, categories=self.categories, codes=self.codes
        )

    def with_oddities(self) -> NDArray[np.float64]:
        """Rows with every code, missing values and categories that were never met."""
        rows = self.vectors[:1500].copy()
        rng = np.random.default_rng(11)
        rows[:, 0] = np.where(
            rng.random(1500) < 0.3, rng.choice([96.0, 98.0, -1.0], 1500), rows[:, 0]
        )
        rows[:, 2] = rng.choice([0.0, 1.0, 2.0, 3.0, 4.0, np.nan], 1500)
        rows[rng.random(rows.shape) < 0.1] = np.nan
        return rows


def mixed_of(n: int, seed: int) -> Mixed:
    rng = np.random.default_rng(seed)
    delay = np.round(rng.gamma(1.5, 4.0, n), 1)
    income = np.round(rng.lognormal(8, 0.5, n), 2)
    housing = rng.choice(4, n, p=[0.5, 0.4, 0.095, 0.005])
    margin = (
        -2.5 + 0.12 * delay - 0.6 * (np.log(income) - 8) + np.array([0, 0.9, 1.4, 0.2])[housing]
    )
    kind = rng.choice(4, n, p=[0.85, 0.05, 0.05, 0.05])
    margin = np.where(kind == 0, margin, np.choose(kind, [0, -0.5, -0.5, -2.0]))
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.float64)
    delay = np.choose(kind, [delay, 96.0, 98.0, -1.0])
    income[rng.random(n) < 0.1] = np.nan
    place = housing.astype(np.float64)
    place[rng.random(n) < 0.05] = np.nan
    return Mixed(np.column_stack([delay, income, place]), y)
