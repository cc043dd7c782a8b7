"""Calibration in two numbers: the line that would put the log-odds of the PDs right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.sample import BoolArray, FloatArray, checked_probabilities

MAX_STEPS = 100
"""Newton's method needs about ten; it ends here only if the arithmetic has failed."""
CLOSE_ENOUGH = 1e-12
"""Squared distance to the maximum in standard errors at which the last step is taken."""
ROUNDING = 1e-10
"""Relative error of a log-likelihood summed over a million rows, generously."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLine:
    """Logistic recalibration of PDs, with Wald intervals.

    Attributes
    ----------
    intercept, slope
        ``logit(true PD) = intercept + slope · logit(PD)``, fitted together. 0 and 1 are calibrated;
        a slope below 1 means that PDs are too extreme, as after overfitting, above 1 too timid.
        The intercept is read at a PD of one half, far from most applicants: do not judge by it alone.
    in_the_large
        Intercept with the slope held at 1: positive when PDs are too low on the whole.
    intercept_error, slope_error, in_the_large_error
        Standard errors.
    """

    intercept: Interval
    slope: Interval
    in_the_large: Interval
    intercept_error: float
    slope_error: float
    in_the_large_error: float


def calibration_line(y: ArrayLike, prob: ArrayLike, level: float = 0.95) -> CalibrationLine:
    """Fit the recalibration of Cox by maximum likelihood, without a penalty.

    Standard errors are those of the inverse information at the maximum; they hold for PDs of a
    model fixed beforehand, on rows that it has not seen.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`; a PD of exactly 0 or 1, which has
        no log-odds; all PDs equal, which have no slope; or PDs that separate the classes, for which
        no finite slope fits best.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45,
    562-565. doi:10.1093/biomet/45.3-4.562

    Van Calster, B., McLernon, D. J., van Smeden, M., Wynants, L., Steyerberg, E. W. (2019).
    Calibration: the Achilles heel of predictive analytics. BMC Medicine 17, 230.
    doi:10.1186/s12916-019-1466-7

    Albert, A., Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10. doi:10.1093/biomet/71.1.1
    """
    z = normal_quantile(level)
    bad, values = checked_probabilities(y, prob)
    n_certain = int(np.count_nonzero((values == 0) | (values == 1)))
    if n_certain:
        raise DataError(
            f"prob: expected PDs within (0, 1), {n_certain} of {values.size} rows are exactly 0"
            " or 1; calibrate within bounds first"
        )
    log_odds: FloatArray = np.log(values) - np.log1p(-values)
    _refuse_what_has_no_slope(bad, log_odds)

    ones = np.ones(values.size)
    both, both_errors = _logistic_fit(np.column_stack((ones, log_odds)), np.zeros_like(ones), bad)
    shift, shift_error = _logistic_fit(ones[:, np.newaxis], log_odds, bad)

    def interval(estimate: float, error: float) -> Interval:
        return Interval(
            estimate=float(estimate),
            low=float(estimate - z * error),
            high=float(estimate + z * error),
            n=int(bad.size),
            n_bads=int(np.count_nonzero(bad)),
            level=level,
        )

    return CalibrationLine(
        intercept=interval(both[0], both_errors[0]),
        slope=interval(both[1], both_errors[1]),
        in_the_large=interval(shift[0], shift_error[0]),
        intercept_error=float(both_errors[0]),
        slope_error=float(both_errors[1]),
        in_the_large_error=float(shift_error[0]),
    )


def observed_expected(y: ArrayLike, prob: ArrayLike, level: float = 0.95) -> Interval:
    """Ratio of bads observed to bads expected, ``O / E = Σ y / Σ PD``, with a log-normal interval.

    1 is calibrated on the whole, above 1 means that PDs are too low. On the log scale the standard
    error is ``√((1 - O/n) / O)``, that of the observed number; the PDs are taken as given.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`; or every PD is 0.

    References
    ----------
    Debray, T. P. A., Damen, J. A. A. G., Snell, K. I. E., and others (2017). A guide to systematic
    review and meta-analysis of prediction model performance. BMJ 356, i6460. doi:10.1136/bmj.i6460
    """
    z = normal_quantile(level)
    bad, values = checked_probabilities(y, prob)
    expected = float(values.sum())
    if expected == 0:
        raise DataError("prob: expected a PD above 0 in at least one row, all are 0")
    observed = int(np.count_nonzero(bad))
    ratio = observed / expected
    spread = math.exp(z * math.sqrt((1 - observed / bad.size) / observed))
    return Interval(
        estimate=ratio,
        low=ratio / spread,
        high=ratio * spread,
        n=int(bad.size),
        n_bads=observed,
        level=level,
    )


def _refuse_what_has_no_slope(bad: BoolArray, log_odds: FloatArray) -> None:
    goods, bads = log_odds[~bad], log_odds[bad]
    if goods.min() == goods.max() == bads.min() == bads.max():
        raise DataError("prob: expected PDs that differ, all are equal and have no slope")
    # Albert and Anderson: with one input a maximum exists where the classes overlap.
    if goods.max() <= bads.min() or bads.max() <= goods.min():
        raise DataError(
            "prob: expected bads and goods that overlap, a cut-off separates them"
            " and no finite slope fits best; judge on more rows"
        )


def _logistic_fit(
    design: FloatArray, offset: FloatArray, bad: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Coefficients and standard errors by Newton's method, each step halved until it does not lose."""
    coefficients: FloatArray = np.zeros(design.shape[1])
    likelihood = _log_likelihood(design @ coefficients + offset, bad)
    for _ in range(MAX_STEPS):
        prob = 0.5 * (1 + np.tanh((design @ coefficients + offset) / 2))
        information = (design * (prob * (1 - prob))[:, np.newaxis]).T @ design
        covariance = np.linalg.inv(information)
        slope = design.T @ (bad - prob)
        step = covariance @ slope
        if float(slope @ step) <= CLOSE_ENOUGH:
            errors: FloatArray = np.sqrt(np.diag(covariance))
            return coefficients + step, errors
        # What is lost by rounding is no reason to halve.
        bound = likelihood - ROUNDING * abs(likelihood)
        moved = _log_likelihood(design @ (coefficients + step) + offset, bad)
        while moved < bound:
            step = step / 2
            moved = _log_likelihood(design @ (coefficients + step) + offset, bad)
        coefficients, likelihood = coefficients + step, moved
    raise DataError(
        f"prob: the recalibration did not converge in {MAX_STEPS} steps;"
        " look for PDs of nearly 0 or 1"
    )


def _log_likelihood(log_odds: FloatArray, bad: BoolArray) -> float:
    return -float(np.logaddexp(0, np.where(bad, -log_odds, log_odds)).sum())
