"""Refit the winner, calibrate it, verify it on rows that nothing saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.contract import Contract
from credit.decision.assemble import assemble_bundle
from credit.decision.bundle import Bundle
from credit.decision.fallback import fallback_name, withheld_cases
from credit.features import FeatureSpec, FeatureTransform
from credit.models import Calibrator, Model, choose_calibrator
from tune.folds import make_folds
from tune.learning import learn
from tune.plan import plan_folds
from tune.resampling import TrainingRows
from tune.rows import Rows
from tune.spec import Candidate, FoldsSpec
from tune.verification import Verification, flat_metrics, verify


@dataclass(frozen=True)
class Fitted:
    """A model that was refitted on all its training rows, with its calibrator."""

    transform: FeatureTransform
    model: Model
    calibrator: Calibrator

    def probabilities(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """PDs of raw rows."""
        return self.calibrator.probabilities(self.model.margins(self.transform.matrix(raw)))


def fit_calibrated(
    train: Rows,
    contract: Contract,
    candidate: Candidate,
    parameters: Mapping[str, Any],
    *,
    folds: FoldsSpec,
    seed: int,
    num_threads: int,
) -> Fitted:
    """Learn the calibrator from out-of-fold margins, then the model from all rows.

    Resampling stays inside the folds: the margins that the calibrator sees are those of untouched
    rows.
    """
    features = FeatureSpec.of(contract)
    shared: dict[str, Any] = {"seed": seed, "num_threads": num_threads}
    margins, labels, weights = [], [], []
    plan = plan_folds(train, folds, n_folds=folds.calibration, seed=seed + 1)
    for fold in make_folds(train, contract, plan):
        inside = TrainingRows(fold.train, fold.train_labels, fold.train_weights)
        model = learn(inside, candidate, features, parameters, **shared)
        margins.append(model.margins(fold.validation))
        labels.append(fold.validation_labels)
        weights.append(None if train.weights is None else train.weights[fold.rows])
    calibrator = choose_calibrator(
        np.concatenate(margins),
        np.concatenate(labels),
        weights=None
        if train.weights is None
        else np.concatenate([w for w in weights if w is not None]),
    )
    transform = FeatureTransform.fit(contract, train.raw)
    rows = TrainingRows(transform.matrix(train.raw), train.labels, train.weights)
    return Fitted(transform, learn(rows, candidate, features, parameters, **shared), calibrator)


def make_winner(
    train: Rows,
    held_out: Rows,
    contract: Contract,
    candidate: Candidate,
    *,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    folds: FoldsSpec | None = None,
) -> tuple[Bundle, Verification]:
    """Turn parameters into a bundle, verified on ``held_out``.

    Where sources need consent, each set of them that can be withheld gets a model that was fitted
    without them: a fallback, verified in the same way.
    """

    def finish(contract: Contract, fallbacks: Mapping[str, Bundle]) -> tuple[Bundle, Verification]:
        fitted = fit_calibrated(
            train,
            contract,
            candidate,
            parameters,
            folds=folds or FoldsSpec(),
            seed=seed,
            num_threads=num_threads,
        )
        found = fitted.probabilities(held_out.raw)
        verification = verify(held_out.labels, found, contract.policy.cutoff, seed=seed)
        bundle = assemble_bundle(
            contract=contract,
            transform=fitted.transform,
            model=fitted.model,
            calibrator=fitted.calibrator,
            raw=train.raw,
            labels=train.labels,
            seed=seed,
            parameters=dict(parameters) | _choices(candidate),
            metrics=flat_metrics(verification),
            fallbacks=fallbacks,
        )
        return bundle, verification

    fallbacks = {
        fallback_name(case): finish(contract.without(case), {})[0]
        for case in withheld_cases(contract)
    }
    return finish(contract, fallbacks)


def _choices(candidate: Candidate) -> dict[str, Any]:
    """What the candidate did beyond the family's parameters; nothing where it did nothing."""
    plain = Candidate(family=candidate.family)
    names = ("resampling", "impute", "bags")
    return {n: getattr(candidate, n) for n in names if getattr(candidate, n) != getattr(plain, n)}
