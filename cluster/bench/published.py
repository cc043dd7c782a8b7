"""Known data sets, the columns that may be used, and settings that were fixed before they were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit.contract import Contract, load_contract
from credit.contract.variants import all_columns, contract_without_options
from tune.spec import Candidate


@dataclass(frozen=True)
class Setting:
    """A candidate with its parameters, fixed; nothing is searched on the rows that are measured."""

    candidate: Candidate
    parameters: Mapping[str, Any]

    @property
    def model(self) -> str:
        """Name in the table."""
        return self.candidate.label


@dataclass(frozen=True)
class Published:
    """A data set that others have measured.

    Attributes
    ----------
    file
        Below the folder of data sets.
    n_folds, n_repeats
        Stratified folds, shuffled, with identical rows on one side; repeats use other seeds.
    anchor
        What was published, to compare with.
    """

    name: str
    product: str
    file: Path
    n_folds: int
    n_repeats: int
    settings: tuple[Setting, ...]
    anchor: str
    columns: tuple[str, ...] = ("all", "served")

    def contract(self, columns: str) -> Contract:
        """The product's contract with one set of columns."""
        served = load_contract(self.product)
        return COLUMN_SETS[columns](served)


COLUMN_SETS: dict[str, Callable[[Contract], Contract]] = {
    "all": all_columns,
    "served": lambda contract: contract,
    "served_without_age": contract_without_options,
}
"""``all`` holds protected columns and is never served."""


def _boosting(bags: int = 3, **parameters: Any) -> Setting:
    shared = {"bagging_freq": 1, "bagging_fraction": 0.8, "lambda_l2": 10.0}
    return Setting(Candidate(family="lightgbm", bags=bags), {**shared, **parameters})


def _plain(family: str, **parameters: Any) -> Setting:
    return Setting(Candidate(family=family), parameters)


PUBLISHED = (
    Published(
        name="Give Me Some Credit",
        product="give_me_some_credit",
        file=Path("givemesomecredit/cs-training.csv.gz"),
        n_folds=5,
        n_repeats=1,
        settings=(
            _boosting(
                num_iterations=330,
                learning_rate=0.04,
                num_leaves=15,
                max_depth=6,
                min_data_in_leaf=200,
                feature_fraction=0.6,
            ),
            _plain("scorecard"),
            _plain("logistic", regularization=1.0),
        ),
        anchor="tuned XGBoost 0.8665, winner of the competition 0.8696 (private leaderboard)",
        columns=("all", "served", "served_without_age"),
    ),
    Published(
        name="Taiwan",
        product="taiwan",
        file=Path("taiwan/UCI_Credit_Card.csv.gz"),
        n_folds=5,
        n_repeats=1,
        settings=(
            _boosting(
                num_iterations=300,
                learning_rate=0.03,
                num_leaves=15,
                max_depth=6,
                min_data_in_leaf=200,
                feature_fraction=0.5,
            ),
            _plain("scorecard"),
            _plain("logistic", regularization=0.1),
        ),
        anchor="plain LightGBM 0.784",
    ),
    Published(
        name="German",
        product="german",
        file=Path("german/south_german_credit.asc.gz"),
        n_folds=10,
        n_repeats=3,
        settings=(
            _boosting(
                num_iterations=150,
                learning_rate=0.03,
                num_leaves=6,
                max_depth=3,
                min_data_in_leaf=30,
                feature_fraction=0.5,
            ),
            _plain("scorecard", minimum_bin_share=0.05),
            _plain("logistic", regularization=0.1),
        ),
        anchor="0.76 to 0.80",
    ),
)
