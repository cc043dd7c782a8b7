"""Default search spaces by model family."""

from __future__ import annotations

from dataclasses import dataclass

from credit.errors import SettingsInvalid
from tune.distributions import Distribution, Parameters

BOOSTING_STEP = 25
"""Trees between two reports: few enough for ASHA to stop a bad trial early, enough to hide the reporting."""


@dataclass(frozen=True)
class Space:
    """What is searched, and how long one trial may run.

    Attributes
    ----------
    parameters
        Distributions and constants.
    max_steps
        Reports of a full trial.
    grace_steps
        Reports before ASHA may stop a trial.
    trials
        How many a sweep runs unless it is told otherwise.
    """

    parameters: Parameters
    max_steps: int = 1
    grace_steps: int = 1
    trials: int = 8


def space(family: str) -> Space:
    """Search space of a family.

    Raises
    ------
    SettingsInvalid
        When the family has none.
    """
    if family not in SPACES:
        known = ", ".join(sorted(SPACES))
        raise SettingsInvalid(f"no search space for {family!r}; choose one of {known}")
    return SPACES[family]


SPACES: dict[str, Space] = {
    "lightgbm": Space(
        {
            "learning_rate": Distribution(loguniform=(0.03, 0.12)),
            "num_leaves": Distribution(integer=(8, 31)),
            # Depth costs the exact explainer most and, past 6, gains nothing on the data measured
            # so far.
            "max_depth": Distribution(integer=(4, 6)),
            "min_data_in_leaf": Distribution(log_integer=(50, 800)),
            "lambda_l2": Distribution(loguniform=(0.1, 50.0)),
            "feature_fraction": Distribution(uniform=(0.4, 1.0)),
            "bagging_fraction": Distribution(uniform=(0.6, 1.0)),
            "bagging_freq": 1,
        },
        max_steps=12,
        grace_steps=3,
        trials=12,
    ),
    "scorecard": Space(
        {
            "max_bins": Distribution(integer=(4, 12)),
            "minimum_bin_share": Distribution(loguniform=(0.005, 0.05)),
            "minimum_iv": Distribution(choice=(0.0, 0.01, 0.02)),
            "regularization": Distribution(loguniform=(0.01, 10.0)),
            # Fewer features that say the same read better, and can cost 0.002 of AUC.
            "maximum_vif": Distribution(choice=(None, 10.0)),
        },
        trials=6,
    ),
    "logistic": Space({"regularization": Distribution(loguniform=(0.001, 10.0))}, trials=6),
    "random_forest": Space(
        {
            "n_estimators": 200,
            "max_features": Distribution(uniform=(0.2, 0.8)),
            "min_samples_leaf": Distribution(log_integer=(5, 200)),
            "max_depth": Distribution(integer=(6, 14)),
        },
        trials=8,
    ),
    "gradient_boosting": Space(
        {
            "n_estimators": Distribution(integer=(60, 200)),
            "learning_rate": Distribution(loguniform=(0.03, 0.2)),
            "max_depth": Distribution(integer=(2, 5)),
            "min_samples_leaf": Distribution(log_integer=(20, 400)),
            "subsample": Distribution(uniform=(0.5, 1.0)),
            "max_features": Distribution(uniform=(0.2, 1.0)),
        },
        trials=8,
    ),
    "xgboost": Space(
        {
            "num_iterations": Distribution(integer=(80, 400)),
            "learning_rate": Distribution(loguniform=(0.02, 0.15)),
            "max_depth": Distribution(integer=(3, 6)),
            "min_child_weight": Distribution(loguniform=(1.0, 50.0)),
            "reg_lambda": Distribution(loguniform=(0.1, 50.0)),
            "subsample": Distribution(uniform=(0.5, 1.0)),
            "colsample_bytree": Distribution(uniform=(0.4, 1.0)),
        },
        trials=10,
    ),
    "ebm": Space(
        {
            "max_bins": Distribution(choice=(64, 256)),
            "learning_rate": Distribution(loguniform=(0.005, 0.05)),
            "max_leaves": Distribution(integer=(2, 4)),
            "min_samples_leaf": Distribution(log_integer=(4, 100)),
            "interactions": Distribution(choice=(0, 5)),
        },
        trials=4,
    ),
}
