"""Whether predicted PDs mean what they say: Brier score, log loss and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval
from credit.metrics.means import mean_interval
from credit.metrics.proportion import wilson_interval
from credit.metrics.ranks import equal_mass_bins
from credit.metrics.resampling import basic_interval, check_resamples
from credit.metrics.sample import BoolArray, FloatArray, IntArray, checked_probabilities


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of a reliability table.

    Attributes
    ----------
    n
        Rows in the bin.
    mean_predicted
        Mean PD of these rows.
    observed
        Their bad rate with its Wilson interval.
    """

    n: int
    mean_predicted: float
    observed: Interval


def brier_score(y: ArrayLike, prob: ArrayLike) -> float:
    """Mean squared error of the PD, ``mean((p - y)²)``: 0 is perfect, lower is better.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly
    Weather Review 78, 1-3. doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    bad, values = checked_probabilities(y, prob)
    return float(np.mean((values - bad) ** 2))


def brier_interval(y: ArrayLike, prob: ArrayLike, level: float = 0.95) -> Interval:
    """Brier score with a normal interval, cut to [0, 1].

    The score is a mean of independent terms ``(p_i - y_i)²``, so its standard error is their
    standard deviation over √n. It holds for a model fixed beforehand: the spread over training
    samples is not in it.
    """
    bad, values = checked_probabilities(y, prob)
    return mean_interval((values - bad) ** 2, bad, level, lowest=0.0, highest=1.0)


def log_loss(y: ArrayLike, prob: ArrayLike) -> float:
    """Mean negative log-likelihood in nats, ``-mean(y ln p + (1 - y) ln(1 - p))``; lower is better.

    Nothing is clipped: a PD of exactly 0 for a bad, or 1 for a good, costs infinity, which is what
    such a certainty deserves and what a report should show.

    References
    ----------
    Good, I. J. (1952). Rational decisions. Journal of the Royal Statistical Society B 14, 107-114.
    doi:10.1111/j.2517-6161.1952.tb00104.x
    """
    bad, values = checked_probabilities(y, prob)
    return float(_surprise(bad, values).mean())


def log_loss_interval(y: ArrayLike, prob: ArrayLike, level: float = 0.95) -> Interval:
    """Log loss with a normal interval, not below 0.

    As :func:`brier_interval`, a mean of independent terms. Where one term is infinite, so is the
    loss in the population that it was drawn from, and both bounds are infinite.
    """
    bad, values = checked_probabilities(y, prob)
    return mean_interval(_surprise(bad, values), bad, level, lowest=0.0)


def reliability_table(
    y: ArrayLike, prob: ArrayLike, n_bins: int = 10, level: float = 0.95
) -> tuple[ReliabilityBin, ...]:
    """Predicted against observed, in bins of equal mass, from the safest to the riskiest.

    Equal predictions are never split: all of them go to the bin in which the middle of their ranks
    falls. Bins may therefore differ in size, and a model with few distinct PDs has fewer bins than
    asked for.
    """
    bad, values = checked_probabilities(y, prob)
    index = equal_mass_bins(values, n_bins)
    n, predicted, n_bads = _bin_sums(index, values, bad, n_bins)
    return tuple(
        ReliabilityBin(
            n=int(n[k]),
            mean_predicted=float(predicted[k] / n[k]),
            observed=wilson_interval(int(n_bads[k]), int(n[k]), level),
        )
        for k in np.flatnonzero(n)
    )


def expected_calibration_error(y: ArrayLike, prob: ArrayLike, n_bins: int = 10) -> float:
    """Mean absolute gap between predicted PD and bad rate over bins of equal mass.

    ``ECE = Σ_k (n_k / n) |mean p_k - bad rate_k|``, with the bins of :func:`reliability_table`.

    ECE is biased upward: a perfectly calibrated model has bins that miss their rate by chance, by
    about √(p(1-p)/n_k), and the absolute value lets nothing cancel. Compare it only between samples
    of like size, and read a small one as "no more than".

    References
    ----------
    Naeini, M. P., Cooper, G. F., Hauskrecht, M. (2015). Obtaining well calibrated probabilities
    using Bayesian binning. AAAI 29, 2901-2907. doi:10.1609/aaai.v29i1.9602

    Roelofs, R., Cain, N., Shlens, J., Mozer, M. C. (2022). Mitigating bias in calibration error
    estimation. AISTATS 25, PMLR 151, 4036-4054.
    """
    bad, values = checked_probabilities(y, prob)
    index = equal_mass_bins(values, n_bins)
    return _calibration_error(index, values, bad, n_bins)


def ece_interval(
    y: ArrayLike,
    prob: ArrayLike,
    n_bins: int = 10,
    level: float = 0.95,
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """Measure the expected calibration error with a basic bootstrap interval.

    Rows are drawn with replacement; each keeps the bin that it has in the sample. With e the
    estimate, q the quantiles of the resampled errors and a = (1 - level) / 2, the interval is
    ``[2e - q(1 - a), 2e - q(a)]``. A resample has the upward bias of ECE a second time, so the
    plain percentiles would lie too high; reflecting them at e takes one bias off. The interval is
    cut to [0, 1] and widened where needed to hold the estimate that it is printed with. Near
    perfect calibration it still lies somewhat high.

    The same seed gives the same interval.

    References
    ----------
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 5.2.
    Cambridge University Press. doi:10.1017/CBO9780511802843
    """
    check_resamples(n_resamples, level)
    bad, values = checked_probabilities(y, prob)
    index = equal_mass_bins(values, n_bins)
    estimate = _calibration_error(index, values, bad, n_bins)
    rng = np.random.default_rng(seed)
    resampled = np.empty(n_resamples)
    for draw in range(n_resamples):
        rows = rng.integers(bad.size, size=bad.size)
        resampled[draw] = _calibration_error(index[rows], values[rows], bad[rows], n_bins)
    return basic_interval(estimate, resampled, bad, level, lowest=0.0, highest=1.0)


def _surprise(bad: BoolArray, values: FloatArray) -> FloatArray:
    """``-ln`` of the probability that the model gave to what happened."""
    with np.errstate(divide="ignore"):
        surprise: FloatArray = -np.log(np.where(bad, values, 1 - values))
    return surprise


def _bin_sums(
    index: IntArray, values: FloatArray, bad: BoolArray, n_bins: int
) -> tuple[IntArray, FloatArray, IntArray]:
    """Rows, summed PD and bads of each bin."""
    n = np.bincount(index, minlength=n_bins)
    predicted = np.bincount(index, weights=values, minlength=n_bins).astype(np.float64, copy=False)
    n_bads = np.bincount(index[bad], minlength=n_bins)
    return n, predicted, n_bads


def _calibration_error(index: IntArray, values: FloatArray, bad: BoolArray, n_bins: int) -> float:
    _, predicted, n_bads = _bin_sums(index, values, bad, n_bins)
    # (n_k / n) |predicted_k / n_k - n_bads_k / n_k|: the rows of the bin cancel, also where there
    # are none.
    return float(np.abs(predicted - n_bads).sum() / values.size)
