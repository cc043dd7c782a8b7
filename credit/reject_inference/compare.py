"""With and without reject inference, over a grid of assumptions, measured on accepts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.data.split import group_folds, row_groups
from credit.errors import SettingsInvalid
from credit.metrics import auc_interval
from credit.metrics.sample import FloatArray
from credit.models.base import Labels, Matrix
from credit.models.calibration import Calibrator, choose_calibrator
from credit.reject_inference.acceptance import acceptance_probabilities
from credit.reject_inference.comparison import RejectComparison, RejectFigures
from credit.reject_inference.crossfit import FitRows, HasMargins, cross_fitted_margins
from credit.reject_inference.infer import Method, infer_rejects
from credit.reject_inference.training_set import TrainingSet

FACTORS = (1.0, 1.5, 2.0, 3.0)
"""From "no worse than accepts who look alike" to three times as bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Accepts that no model of the comparison learns from, and what is asked of each model."""

    calibration: TrainingSet
    held_out: TrainingSet
    rejects: Matrix
    cutoff: float
    level: float

    def calibrator(self, model: HasMargins) -> Calibrator:
        vectors, labels = self.calibration.require_observed("calibration")
        # Rejects lie beyond most accepts. A straight line on the log-odds carries there; the blocks of
        # isotonic regression say nothing about it.
        return choose_calibrator(model.margins(vectors), labels, method="platt")

    def figures(self, model: HasMargins, method: Method, factor: float) -> RejectFigures:
        vectors, labels = self.held_out.require_observed("metrics")
        prob = self.calibrator(model).probabilities(model.margins(self.rejects))
        return RejectFigures(
            method=method,
            factor=factor,
            auc=auc_interval(labels, model.margins(vectors), self.level),
            mean_pd_of_rejects=float(prob.mean()),
            approval_rate_of_rejects=float(np.mean(prob < self.cutoff)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """What the method is told about the rows; the same for every factor."""

    pd_of_accepts: FloatArray | None = None
    pd_of_rejects: FloatArray | None = None
    acceptance: FloatArray | None = None


def compare_reject_inference(
    fit: FitRows,
    *,
    learning: TrainingSet,
    calibration: TrainingSet,
    held_out: TrainingSet,
    rejects: Matrix,
    cutoff: float,
    method: Method = "fuzzy",
    factors: Sequence[float] = FACTORS,
    level: float = 0.95,
    seed: int = 0,
) -> RejectComparison:
    """Fit on accepts alone and, for each factor, with the rejects inferred; measure all on accepts.

    The accepts-only model, calibrated, gives the PDs that the rejects are inferred from (those of the
    accepts, for the bad rates of parcelling, are cross-fitted). Then every model, inferred or not, is
    calibrated on ``calibration`` and measured on ``held_out``: accepts whose outcome was seen.

    Parameters
    ----------
    fit
        Learns from vectors, labels and weights; the result has ``margins``.
    learning, calibration, held_out
        Accepts with outcomes that were seen, without a row in common: by time, or by
        :func:`split_accepts`.
    rejects
        Feature vectors of the rejects, shape ``(n_rejects, n_features)``. Leave out those who were
        declined for a reason that no score would change, such as a policy rule.
    cutoff
        PD at and above which an application counts as declined.
    method, factors
        As for :func:`~credit.reject_inference.infer.infer_rejects`; the band is the range over
        the factors.
    level
        Coverage of the interval of the AUC.
    seed
        Of folds and draws; the same one for every factor.

    Raises
    ------
    DataError
        When accepts hold inferred or reweighted rows, or rows cannot be used.
    SettingsInvalid
        When there is nothing to compare (method ``none``, no factors, one factor twice), or the
        cut-off is not a PD.

    Examples
    --------
    Income lowers risk, and the old policy accepted mostly those who had it. Any family will do; here
    a logistic regression, to which the labels of rejects matter through its weights.

    >>> import numpy as np
    >>> from credit.features.spec import FeatureSpec
    >>> from credit.models.logistic import fit_logistic
    >>> from credit.reject_inference import compare_reject_inference, infer_rejects, split_accepts
    >>> rng = np.random.default_rng(1)
    >>> applicants = rng.normal(size=(4_000, 2))
    >>> log_odds_of_bad = -2 - applicants[:, 0] + 0.5 * applicants[:, 1]
    >>> bad = (rng.random(4_000) < 1 / (1 + np.exp(-log_odds_of_bad))).astype(np.int8)
    >>> accepted = applicants[:, 0] + rng.normal(size=4_000) > 0

    >>> features = FeatureSpec.numbers(["income", "debt"], directions=[-1, 1])
    >>> def fit(vectors, labels, weights):
    ...     return fit_logistic(
    ...         vectors, labels, features=features, parameters={}, seed=0, num_threads=1, weights=weights
    ...     )

    >>> learning, calibration, held_out = split_accepts(applicants[accepted], bad[accepted], seed=0)
    >>> found = compare_reject_inference(
    ...     fit, learning=learning, calibration=calibration, held_out=held_out,
    ...     rejects=applicants[~accepted], cutoff=1 / 11, method="fuzzy", factors=(1, 2, 3),
    ... )
    >>> [figures.factor for figures in found.inferred]
    [1.0, 2.0, 3.0]
    >>> mean_pd = found.band("mean_pd_of_rejects")
    >>> mean_pd.low < bad[~accepted].mean() < mean_pd.high
    True

    ``print(reject_table(found))`` shows all of it. Whoever then decides for a factor trains on

    >>> vectors, labels = learning.require_observed("PDs of rejects")
    >>> calibrated = fit(vectors, labels, learning.weights)  # and its calibrator, as above
    >>> rows = infer_rejects(
    ...     "fuzzy", vectors, labels, applicants[~accepted], factor=2,
    ...     pd_of_rejects=1 / (1 + np.exp(-calibrated.margins(applicants[~accepted]))),
    ... )
    >>> model = fit(rows.vectors, rows.labels, rows.weights)
    >>> rows.require_observed("calibration")
    Traceback (most recent call last):
    ...
    credit.errors.DataError: calibration: expected accepts whose outcome was seen, ...
    """
    _check(method, factors, cutoff)
    vectors, labels = learning.require_observed("learning")
    asked = _Question(
        calibration=calibration, held_out=held_out, rejects=rejects, cutoff=cutoff, level=level
    )
    alone = fit(vectors, labels, learning.weights)
    accepts_only = asked.figures(alone, "none", 1.0)
    inputs = _inputs(method, fit, vectors, labels, rejects, alone, asked.calibrator(alone), seed)
    inferred = []
    for factor in factors:
        rows = infer_rejects(
            method,
            vectors,
            labels,
            rejects,
            pd_of_accepts=inputs.pd_of_accepts,
            pd_of_rejects=inputs.pd_of_rejects,
            acceptance=inputs.acceptance,
            factor=factor,
            seed=seed,
        )
        model = fit(rows.vectors, rows.labels, rows.weights)
        inferred.append(asked.figures(model, method, float(factor)))
    return RejectComparison(
        cutoff=cutoff,
        n_rejects=len(rejects),
        accepts_only=accepts_only,
        inferred=tuple(inferred),
    )


def split_accepts(
    vectors: Matrix, labels: Labels, *, seed: int
) -> tuple[TrainingSet, TrainingSet, TrainingSet]:
    """Three fifths to learn from, one to calibrate on, one to measure on.

    Goods and bads are spread evenly, and identical rows stay on one side. Where applications have
    dates, or an applicant several of them, split by these instead.

    Raises
    ------
    DataError
        When one class is absent, or has fewer than five distinct rows.
    """
    fifth = group_folds(labels, row_groups(vectors), n_folds=5, seed=seed)
    parts = (fifth >= 2, fifth == 1, fifth == 0)  # noqa: PLR2004 - three of five
    learning, calibration, held_out = (
        TrainingSet.observed(vectors[part], labels[part]) for part in parts
    )
    return learning, calibration, held_out


def _inputs(
    method: Method,
    fit: FitRows,
    accepts: Matrix,
    labels: Labels,
    rejects: Matrix,
    alone: HasMargins,
    calibrator: Calibrator,
    seed: int,
) -> _Inputs:
    if method == "reweighting":
        return _Inputs(acceptance=acceptance_probabilities(fit, accepts, rejects, seed=seed))
    prob = calibrator.probabilities(alone.margins(rejects))
    if method == "fuzzy":
        return _Inputs(pd_of_rejects=prob)
    margins = cross_fitted_margins(fit, accepts, labels, seed=seed)
    return _Inputs(pd_of_accepts=calibrator.probabilities(margins), pd_of_rejects=prob)


def _check(method: Method, factors: Sequence[float], cutoff: float) -> None:
    if method == "none":
        raise SettingsInvalid(
            "method: none is compared with every other method anyway; "
            "choose parcelling, fuzzy or reweighting"
        )
    if not factors or len(set(factors)) != len(factors):
        raise SettingsInvalid(
            f"factors: expected different numbers, at least one, came {list(factors)}"
        )
    if not 0 < cutoff < 1:
        raise SettingsInvalid(f"cutoff: expected a PD within (0, 1), came {cutoff}")
