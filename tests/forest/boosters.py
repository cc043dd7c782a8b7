"""Boosters of LightGBM with everything that its trees can hold, on made-up rows."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Matrix = npt.NDArray[np.float64]

N_FEATURES = 6
CATEGORY = 3
"""Place of the feature with categories."""

_ZEROS = (
    0.0,
    -0.0,
    1e-36,
    5e-324,
    1e-35,
    -1e-35,
    float(np.float32(1e-35)),
    -float(np.float32(1e-35)),
)
_CATEGORIES = (-1.0, -0.5, 0.5, 1.0, 1.5, 7.0, 8.0, 31.0, 32.0, 33.0, 1e9, 2.0**31, -(2.0**31))
AWKWARD = (*_ZEROS, *_CATEGORIES, np.nan, np.inf, -np.inf, 1e300)
"""Where implementations of a split tend to part ways."""


@st.composite
def boosters(draw: st.DrawFn) -> lightgbm.Booster:
    """Small boosters: missing values as zero, as zero and missing, or by default; with categories or not."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = made_up(generator, 300)
    signal = np.nan_to_num(rows)[:, 0] - np.nan_to_num(rows)[:, 1] * (rows[:, CATEGORY] > 3)
    labels = (signal + generator.normal(size=300) > 0).astype(np.int8)
    parameters: dict[str, Any] = {
        "objective": "binary",
        "num_leaves": draw(st.sampled_from([2, 5, 12])),
        "max_depth": draw(st.sampled_from([-1, 2, 4])),
        "use_missing": draw(st.booleans()),
        "zero_as_missing": draw(st.booleans()),
        "min_data_in_leaf": 3,
        "min_data_per_group": 3,
        "max_cat_to_onehot": draw(st.sampled_from([1, 4])),
        "boost_from_average": draw(st.booleans()),
        "seed": 1,
        "num_threads": 1,
        "verbosity": -1,
    }
    categories = [CATEGORY] if draw(st.booleans()) else []
    data = lightgbm.Dataset(rows, labels, categorical_feature=categories)
    return lightgbm.train(parameters, data, draw(st.integers(1, 12)))


def made_up(generator: np.random.Generator, n: int) -> Matrix:
    """Rows with gaps, zeros, ties and categories."""
    rows = generator.normal(size=(n, N_FEATURES))
    rows[:, 1] = np.round(rows[:, 1], 1)
    rows[:, 2] *= generator.random(n) < 0.5
    rows[:, CATEGORY] = generator.integers(0, 40, size=n)
    rows[generator.random(rows.shape) < 0.1] = np.nan
    return rows


def awkward_rows(generator: np.random.Generator, n: int) -> Matrix:
    """Rows of nothing but edge cases, and of ordinary values among them."""
    rows = made_up(generator, n)
    odd = generator.random(rows.shape) < 0.4
    rows[odd] = generator.choice(AWKWARD, size=int(odd.sum()))
    return rows


def on_thresholds(booster: lightgbm.Booster, generator: np.random.Generator, n: int) -> Matrix:
    """Rows whose values are thresholds of the booster, and their neighbours."""
    table = booster.trees_to_dataframe()
    rows = awkward_rows(generator, n)
    for j in range(N_FEATURES):
        own = table[(table["split_feature"] == f"Column_{j}") & (table["decision_type"] == "<=")]
        values = own["threshold"].astype(float).to_numpy()
        if len(values):
            chosen = generator.choice(values, size=n)
            step = generator.choice([-np.inf, 0.0, np.inf], size=n)
            moved = np.where(step == 0, chosen, np.nextafter(chosen, step))
            use = generator.random(n) < 0.5
            rows[use, j] = moved[use]
    return rows
