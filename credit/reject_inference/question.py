"""What every model of a comparison is asked, on rows that none of them learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.metrics import auc_interval
from credit.models.base import Matrix
from credit.models.calibration import Calibrator, choose_calibrator
from credit.reject_inference.comparison import RejectFigures
from credit.reject_inference.crossfit import HasMargins
from credit.reject_inference.infer import Method, assumed_pd
from credit.reject_inference.training_set import TrainingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Accepts to calibrate and to measure on, and the rejects whose future is asked for.

    Attributes
    ----------
    calibration, held_out
        Accepts whose outcome was seen; anything else is refused when it is used.
    rejects
        Feature vectors, shape ``(n_rejects, n_features)``.
    cutoff
        PD at and above which an application counts as declined.
    level
        Coverage of the interval of the AUC.
    """

    calibration: TrainingSet
    held_out: TrainingSet
    rejects: Matrix
    cutoff: float
    level: float

    def calibrator(self, model: HasMargins) -> Calibrator:
        """Platt's line through accepts.

        Rejects lie beyond most accepts. A straight line on the log-odds carries there; the blocks of
        isotonic regression say nothing about it.
        """
        vectors, labels = self.calibration.require_observed("calibration")
        return choose_calibrator(model.margins(vectors), labels, method="platt")

    def figures(
        self, model: HasMargins, calibrator: Calibrator, method: Method, factor: float
    ) -> RejectFigures:
        """Measure one model."""
        vectors, labels = self.held_out.require_observed("metrics")
        by_model = calibrator.probabilities(model.margins(self.rejects))
        assumed = assumed_pd(method, by_model, factor)
        return RejectFigures(
            method=method,
            factor=factor,
            auc=auc_interval(labels, model.margins(vectors), self.level),
            mean_pd_of_rejects=float(assumed.mean()),
            approval_rate_of_rejects=float(np.mean(assumed < self.cutoff)),
            approval_rate_as_deployed=float(np.mean(by_model < self.cutoff)),
        )
