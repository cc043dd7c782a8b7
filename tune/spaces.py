"""Search spaces by model family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ray.tune

from credit.errors import SettingsInvalid

BOOSTING_STEP = 25
"""Trees between two reports: few enough for ASHA to stop a bad trial early, enough to hide the reporting."""


@dataclass(frozen=True)
class Space:
    """What is searched, and how long one trial may run.

    Attributes
    ----------
    parameters
        Ray Tune distributions and constants.
    max_steps
        Reports of a full trial.
    grace_steps
        Reports before ASHA may stop a trial.
    """

    parameters: dict[str, Any]
    max_steps: int
    grace_steps: int


def space(family: str) -> Space:
    """Search space of a family.

    Raises
    ------
    SettingsInvalid
        When the family has none.
    """
    if family == "lightgbm":
        return _lightgbm()
    if family == "scorecard":
        return _scorecard()
    raise SettingsInvalid(f"no search space for {family!r}; choose lightgbm or scorecard")


def _lightgbm() -> Space:
    parameters = {
        "learning_rate": ray.tune.loguniform(0.03, 0.12),
        "num_leaves": ray.tune.randint(8, 32),
        # Depth costs the exact explainer most and, past 6, gains nothing on the data measured so
        # far.
        "max_depth": ray.tune.randint(4, 7),
        "min_data_in_leaf": ray.tune.lograndint(50, 800),
        "lambda_l2": ray.tune.loguniform(0.1, 50.0),
        "feature_fraction": ray.tune.uniform(0.4, 1.0),
        "bagging_fraction": ray.tune.uniform(0.6, 1.0),
        "bagging_freq": 1,
    }
    return Space(parameters, max_steps=12, grace_steps=3)


def _scorecard() -> Space:
    parameters = {
        "max_bins": ray.tune.randint(4, 13),
        "minimum_bin_share": ray.tune.loguniform(0.005, 0.05),
        "minimum_iv": ray.tune.choice([0.0, 0.01, 0.02]),
        "regularization": ray.tune.loguniform(0.01, 10.0),
    }
    return Space(parameters, max_steps=1, grace_steps=1)
