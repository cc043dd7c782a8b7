"""Refit the winner, calibrate it, verify it on rows that nothing saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.contract import Contract
from credit.decision.assemble import assemble_bundle
from credit.decision.bundle import Bundle
from credit.decision.families import family
from credit.features import FeatureTransform
from credit.metrics import (
    Interval,
    auc_interval,
    brier_interval,
    ece_interval,
)
from credit.models import Calibrator
from tune.folds import make_folds
from tune.rows import Rows

CALIBRATION_FOLDS = 5
"""More folds than the search has: the calibrator sees margins of models close in size to the final one."""


@dataclass(frozen=True)
class Verification:
    """Figures on held-out rows, with their intervals."""

    auc: Interval
    brier: Interval
    ece: Interval
    approval_rate: float


def make_winner(
    train: Rows,
    held_out: Rows,
    contract: Contract,
    *,
    family_name: str,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
) -> tuple[Bundle, Verification]:
    """Turn parameters into a bundle.

    The calibrator learns from out-of-fold margins of the training rows; the model is then refitted
    on all of them, and both are verified on ``held_out``.
    """
    learn = family(family_name).fit
    shared: dict[str, Any] = {
        "feature_names": contract.feature_names,
        "directions": contract.directions,
        "parameters": parameters,
        "seed": seed,
        "num_threads": num_threads,
    }
    out_of_fold = np.empty(len(train))
    for fold in make_folds(train, contract, n_folds=CALIBRATION_FOLDS, seed=seed + 1):
        model = learn(fold.train, fold.train_labels, **shared)
        out_of_fold[fold.rows] = model.margins(fold.validation)
    calibrator = Calibrator.fit(out_of_fold, train.labels)

    transform = FeatureTransform.fit(contract, train.raw)
    model = learn(transform.matrix(train.raw), train.labels, **shared)
    margins = model.margins(transform.matrix(held_out.raw))
    verification = verify(held_out, calibrator.probabilities(margins), contract, seed=seed)
    bundle = assemble_bundle(
        contract=contract,
        transform=transform,
        model=model,
        calibrator=calibrator,
        raw=train.raw,
        labels=train.labels,
        seed=seed,
        parameters=parameters,
        metrics=flat_metrics(verification),
    )
    return bundle, verification


def verify(
    held_out: Rows,
    probabilities: np.ndarray[Any, np.dtype[np.float64]],
    contract: Contract,
    *,
    seed: int,
) -> Verification:
    """Compute figures on held-out rows."""
    labels = held_out.labels
    return Verification(
        auc=auc_interval(labels, probabilities),
        brier=brier_interval(labels, probabilities),
        ece=ece_interval(labels, probabilities, seed=seed),
        approval_rate=float(np.mean(probabilities < contract.policy.cutoff)),
    )


def flat_metrics(verification: Verification) -> dict[str, float]:
    """Name each figure and both ends of its interval, as MLflow and the manifest keep them."""
    flat = {"approval_rate": verification.approval_rate}
    for name in ("auc", "brier", "ece"):
        interval: Interval = getattr(verification, name)
        flat |= {
            name: interval.estimate,
            f"{name}_low": interval.low,
            f"{name}_high": interval.high,
        }
    return flat
