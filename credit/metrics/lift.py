"""Lift: how many times more bads a band of risk holds than its size would say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import SettingsInvalid
from credit.metrics.interval import Interval
from credit.metrics.proportion import wilson_interval
from credit.metrics.ranks import equal_mass_bins
from credit.metrics.resampling import percentile_interval
from credit.metrics.sample import IntArray, checked_pair
from credit.metrics.ties import tie_runs


@dataclass(frozen=True, slots=True)
class LiftBand:
    """One band of a lift table.

    Attributes
    ----------
    n, n_bads
        Rows of the band and bads among them.
    bad_rate
        Their bad rate with its Wilson interval.
    lift
        Bad rate of the band over that of the sample; 1 is no better than chance. The interval
        takes the size of the band as given: Wilson's, of the share of all bads that fall into it.
    capture
        Share of all bads in this band and the riskier ones, with its Wilson interval.
    """

    n: int
    n_bads: int
    bad_rate: Interval
    lift: Interval
    capture: Interval


def lift_table(
    y: ArrayLike, risk: ArrayLike, n_bands: int = 10, level: float = 0.95
) -> tuple[LiftBand, ...]:
    """Lift in bands of about equal mass, from the riskiest to the safest.

    Equal risks are never split, as in
    :func:`~credit.metrics.calibration.reliability_table`, so bands may differ in size and a risk
    with few distinct values has fewer bands than asked for. The capture of the last band is 1.

    Raises
    ------
    SettingsInvalid
        ``n_bands`` is below 1.
    """
    if n_bands < 1:
        raise SettingsInvalid(f"n_bands: expected at least 1, came {n_bands}")
    bad, values = checked_pair(y, risk, "risk")
    band = equal_mass_bins(values, n_bands)
    n = np.bincount(band, minlength=n_bands)
    n_bads = np.bincount(band[bad], minlength=n_bands)
    total_bads = int(n_bads.sum())
    captured = np.cumsum(n_bads[::-1])[::-1]
    return tuple(
        LiftBand(
            n=int(n[k]),
            n_bads=int(n_bads[k]),
            bad_rate=wilson_interval(int(n_bads[k]), int(n[k]), level),
            lift=_lift(int(n_bads[k]), total_bads, int(n[k]), bad.size, level),
            capture=wilson_interval(int(captured[k]), total_bads, level),
        )
        for k in np.flatnonzero(n)[::-1]
    )


def lift_at(y: ArrayLike, risk: ArrayLike, share: float) -> float:
    """Bad rate of the riskiest share of applicants over the bad rate of all.

    Where the border falls among equal risks, the band takes of their bads in proportion: what it
    would hold on average if ties were broken by lot. The order of rows plays no part.

    Parameters
    ----------
    y, risk
        As for :func:`~credit.metrics.discrimination.auc`.
    share
        Within (0, 1]: 0.1 for the riskiest tenth; at 1 the lift is 1.

    Raises
    ------
    SettingsInvalid
        ``share`` is outside (0, 1].
    """
    _check_share(share)
    runs = tie_runs(*checked_pair(y, risk, "risk"))
    return _lift_of_counts(runs.goods, runs.bads, share=share)


def lift_at_interval(
    y: ArrayLike,
    risk: ArrayLike,
    share: float,
    level: float = 0.95,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """:func:`lift_at` with the percentile interval of a stratified bootstrap; same seed, same bounds."""
    _check_share(share)
    bad, values = checked_pair(y, risk, "risk")
    statistic = partial(_lift_of_counts, share=share)
    return percentile_interval(bad, values, statistic, level, n_resamples=n_resamples, seed=seed)


def _lift(n_bads: int, total_bads: int, n: int, total: int, level: float) -> Interval:
    of_all_bads = wilson_interval(n_bads, total_bads, level)
    of_all_rows = n / total
    return replace(
        of_all_bads,
        estimate=of_all_bads.estimate / of_all_rows,
        low=of_all_bads.low / of_all_rows,
        high=of_all_bads.high / of_all_rows,
        n=n,
        n_bads=n_bads,
    )


def _lift_of_counts(goods: IntArray, bads: IntArray, *, share: float) -> float:
    bads_above = np.concatenate(([0], np.cumsum(bads[::-1])))
    rows_above = np.concatenate(([0], np.cumsum((goods + bads)[::-1])))
    captured = np.interp(share * rows_above[-1], rows_above, bads_above)
    return float(captured / bads_above[-1] / share)


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise SettingsInvalid(f"share: expected within (0, 1], came {share}")
