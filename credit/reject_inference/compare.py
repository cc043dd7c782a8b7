"""With and without reject inference, over a grid of assumptions, measured on accepts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit.errors import SettingsInvalid
from credit.metrics.sample import FloatArray
from credit.models.base import Labels, Matrix
from credit.models.calibration import Calibrator
from credit.reject_inference.acceptance import acceptance_probabilities
from credit.reject_inference.checks import check_factor, check_rows
from credit.reject_inference.comparison import RejectComparison
from credit.reject_inference.crossfit import FitRows, HasMargins, cross_fitted_margins
from credit.reject_inference.infer import Method, infer_rejects
from credit.reject_inference.question import Question
from credit.reject_inference.training_set import TrainingSet

FACTORS = (1.0, 1.5, 2.0, 3.0)
"""From "no worse than accepts who look alike" to three times as bad."""


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

    That calibration takes the level of the inferred labels out again; what they leave is another
    ranking. So the PDs of rejects are the model's times the factor (its odds, for ``reweighting``):
    without it the band would be narrow whatever is assumed. On the simulated book of the tests, whose
    lender saw more than the features say, rejects default at 0.298; the accepts-only model says 0.166,
    fuzzy models of all default factors say 0.166 by themselves, and 0.166 to 0.479 with the factor.

    Parameters
    ----------
    fit
        Learns from vectors, labels and weights; the result has ``margins``.
    learning, calibration, held_out
        Accepts with outcomes that were seen, without a row in common: by time, or by
        :func:`~credit.reject_inference.split.split_accepts`.
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
        cut-off is not a PD or a factor not above 0.

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

    >>> from credit.models.calibration import choose_calibrator
    >>> alone = fit(learning.vectors, learning.labels, learning.weights)
    >>> known, outcomes = calibration.require_observed("calibration")
    >>> calibrator = choose_calibrator(alone.margins(known), outcomes, method="platt")
    >>> rows = infer_rejects(
    ...     "fuzzy", learning.vectors, learning.labels, applicants[~accepted], factor=2,
    ...     pd_of_rejects=calibrator.probabilities(alone.margins(applicants[~accepted])),
    ... )
    >>> model = fit(rows.vectors, rows.labels, rows.weights)

    and calibrates and measures on accepts as before. The inferred rows are of no use there:

    >>> rows.require_observed("calibration")
    Traceback (most recent call last):
    ...
    credit.errors.DataError: calibration: expected accepts whose outcome was seen, ...
    """
    _check(method, factors, cutoff)
    vectors, labels = learning.require_observed("learning")
    check_rows(vectors, labels, rejects)
    asked = Question(
        calibration=calibration, held_out=held_out, rejects=rejects, cutoff=cutoff, level=level
    )
    alone = fit(vectors, labels, learning.weights)
    calibrator = asked.calibrator(alone)
    accepts_only = asked.figures(alone, calibrator, "none", 1.0)
    inputs = _inputs(method, fit, vectors, labels, rejects, alone, calibrator, seed)
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
        inferred.append(asked.figures(model, asked.calibrator(model), method, float(factor)))
    return RejectComparison(
        cutoff=cutoff,
        n_rejects=len(rejects),
        accepts_only=accepts_only,
        inferred=tuple(inferred),
    )


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
    if method not in ("parcelling", "fuzzy", "reweighting"):
        raise SettingsInvalid(
            f"nothing to hold against accepts only by {method!r}; "
            f"choose parcelling, fuzzy or reweighting"
        )
    if len(factors) == 0 or len(set(factors)) != len(factors):
        raise SettingsInvalid(
            f"factors: expected different numbers, at least one, came {list(factors)}"
        )
    for factor in factors:
        check_factor(factor)
    if not 0 < cutoff < 1:
        raise SettingsInvalid(f"cutoff: expected a PD within (0, 1), came {cutoff}")
