"""Known data sets, the columns that may be used, and the settings that are measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from credit.contract import Contract, load_contract
from credit.contract.feature import Feature
from credit.contract.variants import BENCHMARK_REASON, all_columns, contract_without_options
from tune.spec import Candidate


@dataclass(frozen=True)
class Setting:
    """A candidate with its parameters; a run of the bench searches nothing.

    ``columns`` restricts it to some column sets; without any it is measured on all of them.
    """

    candidate: Candidate
    parameters: Mapping[str, Any]
    columns: tuple[str, ...] = ()

    def suits(self, columns: str) -> bool:
        """Whether it is measured on a set of columns."""
        return not self.columns or columns in self.columns

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
    columns
        ``all`` holds protected columns and is never served; ``served`` is the contract as it is.
    benchmark_features
        Made of protected columns, for ``all`` alone.
    """

    name: str
    product: str
    file: Path
    n_folds: int
    n_repeats: int
    settings: tuple[Setting, ...]
    anchor: str
    columns: tuple[str, ...] = ("all", "served")
    benchmark_features: tuple[Feature, ...] = ()

    def contract(self, columns: str) -> Contract:
        """The product's contract with one set of columns."""
        served = load_contract(self.product)
        if columns == "all":
            return all_columns(served, self.benchmark_features)
        return contract_without_options(served) if columns == "served_without_age" else served


def _boosting(bags: int = 3, **parameters: Any) -> Setting:
    shared = {"bagging_freq": 1, "bagging_fraction": 0.8, "lambda_l2": 10.0}
    return Setting(Candidate(family="lightgbm", bags=bags), {**shared, **parameters})


def _plain(family: str, **parameters: Any) -> Setting:
    return Setting(Candidate(family=family), parameters)


def _per_year(column: str) -> Feature:
    return _ratio(column, "age", plus=0.0)


def _per_line(column: str) -> Feature:
    return _ratio(column, "open_credit_lines", plus=1.0)


def _as_told(column: str, *, keep_codes: bool = False) -> Feature:
    return Feature(
        name=f"{column}_as_told",
        op="value",
        columns=(column,),
        keep_codes=keep_codes,
        reason=BENCHMARK_REASON,
    )


def _ratio(column: str, by: str, *, plus: float) -> Feature:
    name, columns = f"{column}_per_{by}", (column, by)
    return Feature(name=name, op="ratio", columns=columns, plus=plus, reason=BENCHMARK_REASON)


PUBLISHED = (
    Published(
        name="Give Me Some Credit",
        product="give_me_some_credit",
        file=Path("givemesomecredit/cs-training.csv.gz"),
        n_folds=5,
        n_repeats=1,
        settings=(
            replace(
                _boosting(
                    bags=3,
                    extra_trees=True,
                    num_iterations=700,
                    learning_rate=0.03,
                    num_leaves=12,
                    max_depth=5,
                    min_data_in_leaf=100,
                ),
                columns=("all",),
            ),
            replace(
                _boosting(
                    num_iterations=250,
                    learning_rate=0.05,
                    num_leaves=12,
                    max_depth=5,
                    min_data_in_leaf=300,
                    feature_fraction=0.5,
                ),
                columns=("served", "served_without_age"),
            ),
            _plain(
                "scorecard",
                max_bins=12,
                minimum_bin_share=0.005,
                minimum_iv=0.0,
                maximum_vif=None,
            ),
            replace(_plain("logistic", regularization=1.0), columns=("served",)),
        ),
        anchor="tuned XGBoost 0.8665, winner of the competition 0.8696 (private leaderboard)",
        columns=("all", "served", "served_without_age"),
        benchmark_features=(
            _per_year("revolving_utilization"),
            _per_year("monthly_income"),
            _per_year("debt_ratio"),
            *(_per_line(f"past_due_{kind}") for kind in ("30_59", "60_89", "90")),
            # What the served features cap, decode or leave out, as the file tells it.
            *(_as_told(c) for c in ("revolving_utilization", "debt_ratio", "monthly_income")),
            *(_as_told(f"past_due_{kind}", keep_codes=True) for kind in ("30_59", "60_89", "90")),
            Feature(
                name="weighted_lateness",
                op="sum",
                columns=("past_due_30_59", *["past_due_60_89"] * 2, *["past_due_90"] * 3),
                reason=BENCHMARK_REASON,
            ),
        ),
    ),
    Published(
        name="Taiwan",
        product="taiwan",
        file=Path("taiwan/UCI_Credit_Card.csv.gz"),
        n_folds=5,
        n_repeats=1,
        settings=(
            _boosting(
                bags=3,
                num_iterations=400,
                learning_rate=0.02,
                num_leaves=16,
                max_depth=6,
                min_data_in_leaf=100,
                feature_fraction=0.4,
                bagging_fraction=0.7,
                lambda_l2=20.0,
            ),
            _plain("scorecard", minimum_iv=0.0),
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
