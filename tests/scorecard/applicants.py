"""A small loan book with a known cause of default, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
