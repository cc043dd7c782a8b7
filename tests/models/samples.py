"""A made-up sample for the families: numbers that act together, gaps, and a category."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.features import FeatureSpec
from credit.models.base import Labels, Matrix

FREE = FeatureSpec.numbers(("a", "b", "c", "d"))
SIGNED = FeatureSpec.numbers(("a", "b", "c", "d"), (1, 0, -1, 0))
WITH_CATEGORY = FeatureSpec(
    names=("a", "b", "c", "d", "e"),
    directions=(1, 0, -1, 0, 0),
    categories=((), (), (), (), ("p", "q", "r", "never")),
    codes=({}, {}, {}, {99.0: "not stated"}, {}),
)


def sample(n_rows: int = 1_200, *, gaps: bool = True) -> tuple[Matrix, Labels]:
    """Four numbers; the first raises risk, the third lowers it."""
    rng = np.random.default_rng(11)
    vectors = rng.normal(size=(n_rows, 4))
    log_odds = vectors[:, 0] - vectors[:, 2] + vectors[:, 1] * vectors[:, 3] - 0.5
    labels = (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    if gaps:
        vectors[rng.random(vectors.shape) < 0.1] = np.nan
    return vectors, labels


def sample_with_category(n_rows: int = 1_200) -> tuple[Matrix, Labels]:
    """The same with a category as fifth feature, and a special code in the fourth."""
    vectors, labels = sample(n_rows)
    rng = np.random.default_rng(12)
    category = np.where(labels == 1, rng.integers(0, 2, n_rows), rng.integers(0, 3, n_rows))
    vectors[rng.random(n_rows) < 0.05, 3] = 99.0
    gap = rng.random(n_rows) < 0.05
    return np.column_stack([vectors, np.where(gap, np.nan, category.astype(np.float64))]), labels


def around(thresholds: npt.ArrayLike) -> list[float]:
    """Doubles at and beside each threshold, and where rounding to single precision turns over."""
    found: list[float] = []
    for value in np.unique(np.asarray(thresholds, dtype=np.float64)):
        single = np.float32(value)
        for near in (
            np.nextafter(single, np.float32(-np.inf)),
            single,
            np.nextafter(single, np.float32(np.inf)),
        ):
            middle = (float(single) + float(near)) / 2
            found += [
                float(near),
                np.nextafter(middle, -np.inf),
                middle,
                np.nextafter(middle, np.inf),
            ]
        found += [np.nextafter(value, -np.inf), float(value), np.nextafter(value, np.inf)]
    return [float(value) for value in found]
