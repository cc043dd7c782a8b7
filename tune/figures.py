"""What a set of parameters is judged by: figures over the validation folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from credit.errors import DataError
from credit.metrics import auc, demographic_parity_gap, expected_calibration_error, log_loss
from credit.models import Platt
from tune.folds import Fold
from tune.spec import Objective

Margins = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StepResult:
    """Figures of one step.

    Attributes
    ----------
    auc, log_loss
        Means over the validation folds; the log loss is that of the uncalibrated model.
    auc_spread
        Range of the AUC over the folds.
    parameters
        What would give this model again.
    calibration
        Expected calibration error of PDs, each fold calibrated on the others; only where it is an
        objective.
    fairness
        Largest difference of approval rates between groups, at the policy's cut-off; likewise.
    """

    auc: float
    auc_spread: float
    log_loss: float
    parameters: dict[str, Any]
    calibration: float | None = None
    fairness: float | None = None


@dataclass(frozen=True)
class Judge:
    """Turns margins of the validation folds into figures."""

    objectives: tuple[Objective, ...]
    cutoff: float

    def judge(
        self, folds: Sequence[Fold], margins: Sequence[Margins], parameters: dict[str, Any]
    ) -> StepResult:
        """Figures of one model per fold."""
        aucs = [auc(f.validation_labels, m) for f, m in zip(folds, margins, strict=True)]
        losses = [
            log_loss(f.validation_labels, expit(m)) for f, m in zip(folds, margins, strict=True)
        ]
        calibration = fairness = None
        if len(self.objectives) > 1:
            calibration, fairness = self._second(folds, margins)
        return StepResult(
            auc=float(np.mean(aucs)),
            auc_spread=float(np.ptp(aucs)),
            log_loss=float(np.mean(losses)),
            parameters=dict(parameters),
            calibration=calibration,
            fairness=fairness,
        )

    def _second(
        self, folds: Sequence[Fold], margins: Sequence[Margins]
    ) -> tuple[float | None, float | None]:
        """Calibration or fairness, the worst possible where a model ranks the wrong way."""
        for_calibration = "calibration" in self.objectives
        try:
            prob = np.concatenate(cross_calibrated(folds, margins))
        except DataError:
            return (WORST, None) if for_calibration else (None, WORST)
        if for_calibration:
            labels = np.concatenate([fold.validation_labels for fold in folds])
            return expected_calibration_error(labels, prob), None
        segments = np.concatenate([fold.segments for fold in folds])
        return None, _approval_gap(segments, prob < self.cutoff)


WORST = 1.0
"""An error or a gap of everything."""


def _approval_gap(segments: npt.NDArray[np.object_], approved: npt.NDArray[np.bool_]) -> float:
    found = demographic_parity_gap(segments.astype(str), approved)
    if found.gap is None:
        raise DataError(
            f"fairness: fewer than two groups hold {found.minimum} validation rows, so there is no gap to "
            "measure; bring more rows or leave the objective out"
        )
    return found.gap.estimate


def cross_calibrated(folds: Sequence[Fold], margins: Sequence[Margins]) -> list[Margins]:
    """PDs of each fold by a calibrator that learned from the other folds."""
    found = []
    for k, own in enumerate(margins):
        others = [i for i in range(len(folds)) if i != k]
        calibrator = Platt.fit(
            np.concatenate([margins[i] for i in others]),
            np.concatenate([folds[i].validation_labels for i in others]),
        )
        found.append(calibrator.probabilities(own))
    return found
