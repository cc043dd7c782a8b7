"""Rejects beside accepts: what a family makes of applicants who were never financed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster.fixed_parameters import fixed_parameters
from cluster.reject_rows import open_to_score
from credit.contract import Contract
from credit.decision.families import family
from credit.errors import DataError
from credit.features import FeatureSpec, FeatureTransform
from credit.metrics import MINIMUM_BADS, FewBadsWarning
from credit.models.base import Labels, Matrix, Model, Weights
from credit.reject_inference import (
    FitRows,
    Method,
    RejectComparison,
    TrainingSet,
    compare_reject_inference,
)
from credit.reject_inference.question import Question
from tune.plan import HOLDOUT_PARTS, split_holdout
from tune.rows import Rows

SEED = 42
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class RejectStudy:
    """A comparison, and what it was made of.

    Attributes
    ----------
    parameters
        Of the family; the same for every fit.
    by_time
        Whether the accepts were split by their dates, the oldest to learn from.
    n_accepts
        All of them.
    n_learning, n_calibration, n_held_out
        Accepts of each part. By time they are fewer together: whoever comes again is used once.
    declined_by_rule
        Rejects that were left out, by the code of each policy rule that declines them; one may be
        declined by several.
    n_left_out
        How many they are.
    comparison
        Holds the accepts-only model alone where nothing is inferred.
    """

    family: str
    method: Method
    parameters: Mapping[str, Any]
    by_time: bool
    n_accepts: int
    n_learning: int
    n_calibration: int
    n_held_out: int
    declined_by_rule: Mapping[str, int]
    n_left_out: int
    comparison: RejectComparison


def study_rejects(
    rows: Rows,
    rejects: Matrix,
    contract: Contract,
    *,
    family_name: str,
    method: Method,
    num_threads: int,
) -> RejectStudy:
    """Fit with and without the rejects, calibrate and measure on accepts.

    Of the accepts three fifths are learned from, one calibrates, one measures: by time where they have
    dates, else at random, and an applicant is never on two sides. Rejects whom a policy rule declines
    whatever they score are left out. Features are fitted on the accepts that are learned from.

    Parameters
    ----------
    rows
        The accepts.
    rejects
        Input columns of the rejects, shape ``(n_rejects, n_inputs)``.

    Raises
    ------
    DataError
        When the accepts are weighted, no reject is left, or the rows cannot be used.
    SettingsInvalid
        When the family needs an extra that is not installed.

    Warns
    -----
    FewBadsWarning
        When the accepts to calibrate or to measure on hold fewer bads than a figure can be trusted with.
    """
    if rows.weights is not None:
        raise DataError(
            f"{contract.product}: expected accepts that count once, the contract has a weight column; "
            "reject inference makes weights of its own, so leave that column out of file and contract"
        )
    by_time = rows.times is not None
    others, held_out = split_holdout(rows, parts=HOLDOUT_PARTS, by_time=by_time)
    learning, calibration = split_holdout(others, parts=HOLDOUT_PARTS - 1, by_time=by_time)
    for part, use in ((calibration, "calibrate"), (held_out, "measure")):
        _warn_of_few_bads(part, use)
    transform = FeatureTransform.fit(contract, learning.raw)
    scored, declined = open_to_score(rejects, contract, transform)
    parameters = fixed_parameters(family_name)
    comparison = _compared(
        _fit_rows(family_name, FeatureSpec.of(contract), parameters, num_threads),
        Question(
            calibration=_observed(calibration, transform),
            held_out=_observed(held_out, transform),
            rejects=transform.matrix(scored),
            cutoff=contract.policy.cutoff,
            level=LEVEL,
        ),
        _observed(learning, transform),
        method,
    )
    return RejectStudy(
        family=family_name,
        method=method,
        parameters=parameters,
        by_time=by_time,
        n_accepts=len(rows),
        n_learning=len(learning),
        n_calibration=len(calibration),
        n_held_out=len(held_out),
        declined_by_rule=declined,
        n_left_out=len(rejects) - len(scored),
        comparison=comparison,
    )


def _warn_of_few_bads(part: Rows, use: str) -> None:
    n_bads = int(part.labels.sum())
    if n_bads < MINIMUM_BADS:
        warnings.warn(
            f"the accepts to {use} on hold {n_bads} bads, fewer than {MINIMUM_BADS}: what rests on them is a guess",
            FewBadsWarning,
            stacklevel=3,
        )


def _observed(rows: Rows, transform: FeatureTransform) -> TrainingSet:
    return TrainingSet.observed(transform.matrix(rows.raw), rows.labels)


def _fit_rows(
    name: str, features: FeatureSpec, parameters: Mapping[str, Any], num_threads: int
) -> FitRows:
    fit = family(name).fit

    def fit_rows(vectors: Matrix, labels: Labels, weights: Weights, /) -> Model:
        return fit(
            vectors,
            labels,
            features=features,
            parameters=parameters,
            seed=SEED,
            num_threads=num_threads,
            weights=weights,
        )

    return fit_rows


def _compared(
    fit: FitRows, asked: Question, learning: TrainingSet, method: Method
) -> RejectComparison:
    if method != "none":
        return compare_reject_inference(
            fit,
            learning=learning,
            calibration=asked.calibration,
            held_out=asked.held_out,
            rejects=asked.rejects,
            cutoff=asked.cutoff,
            method=method,
            level=asked.level,
            seed=SEED,
        )
    alone = fit(learning.vectors, learning.labels, learning.weights)
    return RejectComparison(
        cutoff=asked.cutoff,
        n_rejects=len(asked.rejects),
        accepts_only=asked.figures(alone, asked.calibrator(alone), "none", 1.0),
        inferred=(),
    )
