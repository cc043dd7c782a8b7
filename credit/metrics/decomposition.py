"""Murphy's parts of the Brier score: what calibration costs, and what ranking earns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval
from credit.metrics.ranks import equal_mass_bins
from credit.metrics.resampling import basic_interval, check_resamples
from credit.metrics.sample import BoolArray, FloatArray, IntArray, checked_probabilities
from credit.metrics.ties import tie_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierDecomposition:
    """Parts of the Brier score, ``brier = reliability - resolution + uncertainty + within_bin``.

    Attributes
    ----------
    brier
        The score that they add up to.
    reliability
        Squared gap between mean PD and bad rate of a bin; 0 is calibrated, lower is better.
    resolution
        Squared gap between the bad rate of a bin and that of the sample; higher is better.
    uncertainty
        ``b (1 - b)`` of the bad rate b of the sample: the score of a model that knows b alone.
    within_bin_variance
        Squared gap between a PD and the mean PD of its bin.
    within_bin_covariance
        Twice the product of that gap and the outcome: what ranking within bins earns.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def within_bin(self) -> float:
        """What binning hides, variance less covariance; 0 where a bin holds one distinct PD."""
        return self.within_bin_variance - self.within_bin_covariance


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierParts:
    """Murphy's three parts with their intervals, as in :class:`BrierDecomposition`."""

    reliability: Interval
    resolution: Interval
    uncertainty: Interval


def brier_decomposition(
    y: ArrayLike, prob: ArrayLike, n_bins: int | None = None
) -> BrierDecomposition:
    """Split the Brier score into reliability, resolution, uncertainty and what bins hide.

    With n_k rows, mean PD p_k and bad rate b_k of bin k, b of all N::

        reliability = Σ n_k (p_k - b_k)² / N        resolution = Σ n_k (b_k - b)² / N
        uncertainty = b (1 - b)
        within-bin variance   = Σ_k Σ_i (p_ki - p_k)² / N
        within-bin covariance = 2 Σ_k Σ_i (p_ki - p_k)(y_ki - b_k) / N

    Murphy's identity of the first three holds for distinct PDs; the last two make it exact for
    bins (Stephenson and others 2008).

    Parameters
    ----------
    y, prob
        Target and PDs, shape ``(n_applicants,)``.
    n_bins
        Bins of equal mass, those of :func:`~credit.metrics.calibration.reliability_table`. None:
        each distinct PD is a bin, as in Murphy's paper. That suits ratings; for continuous PDs, where
        nearly every row is a bin of its own, it says nothing.

    References
    ----------
    Murphy, A. H. (1973). A new vector partition of the probability score. Journal of Applied
    Meteorology 12, 595-600. doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2

    Stephenson, D. B., Coelho, C. A. S., Jolliffe, I. T. (2008). Two extra components in the Brier
    score decomposition. Weather and Forecasting 23, 752-757. doi:10.1175/2007WAF2006116.1
    """
    bad, values = checked_probabilities(y, prob)
    index = _bins(bad, values, n_bins)
    n = np.bincount(index)
    occupied = np.maximum(n, 1)
    mean_prob = np.bincount(index, weights=values) / occupied
    bad_rate = np.bincount(index, weights=bad) / occupied
    reliability, resolution, uncertainty = _murphy(n, mean_prob, bad_rate)
    above_mean = values - mean_prob[index]
    return BrierDecomposition(
        brier=float(np.mean((values - bad) ** 2)),
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bin_variance=float(np.mean(above_mean**2)),
        within_bin_covariance=float(2 * np.mean(above_mean * (bad - bad_rate[index]))),
    )


def brier_parts(
    y: ArrayLike,
    prob: ArrayLike,
    n_bins: int | None = 10,
    level: float = 0.95,
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> BrierParts:
    """Measure reliability, resolution and uncertainty with basic bootstrap intervals.

    Rows are drawn with replacement; each keeps the bin that it has in the sample. Reliability and
    resolution are sums of squares and lie too high in a resample, which
    :func:`~credit.metrics.resampling.basic_interval` takes off. The same seed gives the same bounds.

    Parameters
    ----------
    y, prob, n_bins
        As for :func:`brier_decomposition`.
    """
    check_resamples(n_resamples, level)
    bad, values = checked_probabilities(y, prob)
    index = _bins(bad, values, n_bins)
    n_cells = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    every_row = np.arange(bad.size)

    def parts_of(rows: IntArray) -> tuple[float, float, float]:
        n = np.bincount(index[rows], minlength=n_cells)
        occupied = np.maximum(n, 1)
        mean_prob = np.bincount(index[rows], weights=values[rows], minlength=n_cells) / occupied
        n_bads = np.bincount(index[rows][bad[rows]], minlength=n_cells)
        return _murphy(n, mean_prob, n_bads / occupied)

    found = parts_of(every_row)
    drawn = np.array([parts_of(_drawn(rng, bad.size)) for _ in range(n_resamples)])
    reliability, resolution, uncertainty = (
        basic_interval(found[part], drawn[:, part], bad, level, lowest=0.0, highest=1.0)
        for part in range(3)
    )
    return BrierParts(reliability=reliability, resolution=resolution, uncertainty=uncertainty)


def _bins(bad: BoolArray, values: FloatArray, n_bins: int | None) -> IntArray:
    return tie_runs(bad, values).run if n_bins is None else equal_mass_bins(values, n_bins)


def _drawn(rng: np.random.Generator, n: int) -> IntArray:
    return rng.integers(n, size=n, dtype=np.intp)


def _murphy(n: IntArray, mean_prob: FloatArray, bad_rate: FloatArray) -> tuple[float, float, float]:
    share = n / n.sum()
    overall = float((share * bad_rate).sum())
    reliability = float((share * (mean_prob - bad_rate) ** 2).sum())
    resolution = float((share * (bad_rate - overall) ** 2).sum())
    return reliability, resolution, overall * (1 - overall)
