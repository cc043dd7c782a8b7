"""Classifiers of scikit-learn in forms of our own, with the same answers: no pickle, and sums where they are."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from credit.models.additive import AdditiveModel
from credit.models.base import Model
from credit.models.encoding import Encoding
from credit.models.grown import tree_of_sklearn
from credit.models.joblib_contents import Contents
from credit.models.terms import Line
from credit.models.tree_model import TreeModel
from credit.models.trees import Tree, TreeTable
from credit.models.voting import VotingModel

PLAIN = Encoding((), ())


@dataclass(frozen=True)
class Columns:
    """Where the columns of an estimator come from.

    Attributes
    ----------
    places
        Place in the vector of each column.
    fill
        What stands for a missing value of each; None where there is none.
    bad_class
        Which of the estimator's two classes means bad, by its place.
    """

    n_features: int
    places: tuple[int, ...]
    fill: tuple[float | None, ...]
    bad_class: int


def converted(contents: Contents, columns: Columns) -> Model | None:
    """Rebuild the classifier, or return None when it is of no kind that we can hold exactly.

    Known are ``LogisticRegression`` behind a scaler or not, ``RandomForestClassifier`` and
    ``GradientBoostingClassifier`` with log loss, each alone or in a ``Pipeline`` with a
    ``SimpleImputer`` in front.
    """
    steps = [step for _, step in getattr(contents.estimator, "steps", [("", contents.estimator)])]
    fill = list(columns.fill)
    if type(steps[0]).__name__ == "SimpleImputer":
        statistics = _statistics(steps.pop(0), len(fill))
        if statistics is None:
            return None
        # What the caller says stands for a missing value comes before the pipeline sees it.
        fill = [s if f is None else f for f, s in zip(fill, statistics, strict=True)]
    if not steps:
        return None
    *before, last = steps
    kind = type(last).__name__
    if kind == "LogisticRegression":
        return _logistic(last, before, contents, columns, fill)
    if before or contents.scaler is not None:
        return None
    if kind == "RandomForestClassifier":
        return _forest(last, columns, fill)
    if kind == "GradientBoostingClassifier":
        return _boosting(last, columns, fill)
    return None


def _statistics(imputer: Any, n_columns: int) -> list[float] | None:
    numbers = np.asarray(imputer.statistics_)
    is_plain = (
        imputer.indicator_ is None
        and isinstance(imputer.missing_values, float)
        and math.isnan(imputer.missing_values)
        and numbers.dtype.kind == "f"
        and len(numbers) == n_columns
        and bool(np.isfinite(numbers).all())
    )
    return numbers.tolist() if is_plain else None


def _logistic(
    last: Any, before: Sequence[Any], contents: Contents, columns: Columns, fill: list[float | None]
) -> Model | None:
    scalers = [*([contents.scaler] if contents.scaler is not None else []), *before]
    if len(scalers) > 1 or last.coef_.shape[0] != 1:
        return None
    scales: list[tuple[float, float]] = [(0.0, 1.0)] * len(columns.places)
    if scalers:
        found = _shift_and_scale(scalers[0])
        if found is None:
            return None
        names = contents.names
        if contents.scaler is not None:
            by_name = dict(zip(contents.scaled, zip(*found, strict=True), strict=True))
            scales = [by_name.get(name, (0.0, 1.0)) for name in names]
        else:
            scales = list(zip(*found, strict=True))
    sign = 1.0 if columns.bad_class == 1 else -1.0
    terms = []
    for place, instead, coefficient, (mean, scale) in zip(
        columns.places, fill, last.coef_[0].tolist(), scales, strict=True
    ):
        # The contract never lets a value without a stand-in be missing; a mean adds nothing.
        missing = mean if instead is None else instead
        slope = sign * coefficient
        terms.append(
            Line(
                place=place,
                low=-sys.float_info.max,
                high=sys.float_info.max,
                mean=mean,
                scale=scale,
                coefficient=slope,
                missing=slope * ((missing - mean) / scale),
            )
        )
    intercept = sign * float(np.ravel(last.intercept_)[0])
    return AdditiveModel(
        "logistic", n_features=columns.n_features, intercept=intercept, terms=terms
    )


def _shift_and_scale(scaler: Any) -> tuple[list[float], list[float]] | None:
    """Shift and divisor per column of the scalers that have them."""
    kind = type(scaler).__name__
    if kind == "StandardScaler":
        n = scaler.n_features_in_
        shift = np.zeros(n) if scaler.mean_ is None else scaler.mean_
        divide = np.ones(n) if scaler.scale_ is None else scaler.scale_
    elif kind == "MinMaxScaler" and not scaler.clip:
        shift, divide = -scaler.min_ / scaler.scale_, 1 / scaler.scale_
    else:
        return None
    return np.asarray(shift).tolist(), np.asarray(divide).tolist()


def _forest(last: Any, columns: Columns, fill: list[float | None]) -> Model:
    n_trees = len(last.estimators_)
    bad_is_last = columns.bad_class == 1

    def leaf(share: float) -> float:
        return (share if bad_is_last else 1 - share) / n_trees

    trees = [_placed(member.tree_, leaf, columns, fill) for member in last.estimators_]
    return VotingModel(TreeTable(columns.n_features, 0.0, tuple(trees)))


def _boosting(last: Any, columns: Columns, fill: list[float | None]) -> Model | None:
    start = getattr(last.init_, "class_prior_", None)
    if last.loss != "log_loss" or start is None or len(start) != 2:  # noqa: PLR2004 - two classes
        return None
    sign = 1.0 if columns.bad_class == 1 else -1.0
    rate = sign * float(last.learning_rate)
    trees = [
        _placed(stage[0].tree_, lambda value: rate * value, columns, fill)
        for stage in last.estimators_
    ]
    base = sign * math.log(float(start[1]) / float(start[0]))
    return TreeModel("gradient_boosting", TreeTable(columns.n_features, base, tuple(trees)), PLAIN)


def _placed(
    grown: Any, leaf: Callable[[float], float], columns: Columns, fill: list[float | None]
) -> Tree:
    """Read a tree whose columns stand elsewhere in our vector."""
    tree = tree_of_sklearn(grown, leaf, fill)
    return msgspec.structs.replace(
        tree, feature=tuple(columns.places[feature] for feature in tree.feature)
    )
