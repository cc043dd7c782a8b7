"""The bootstrap, fast: the sample is sorted once, and a resample is only new counts of its rows.

What depends on the order of risks alone is a function of the goods and the bads at each distinct
risk. A draw of rows changes these counts and not the order, so nothing is sorted again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from credit.errors import SettingsInvalid
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.sample import BoolArray, FloatArray, IntArray
from credit.metrics.ties import TieRuns, tie_runs

Statistic = Callable[[IntArray, IntArray], float]
"""A figure from the goods and the bads at each distinct risk, both of shape ``(n_runs,)``, safest first.

A resample may leave a risk without rows.
"""


def check_resamples(n_resamples: int, level: float) -> None:
    """Refuse fewer resamples than let one lie beyond each bound: 40 at a level of 0.95."""
    normal_quantile(level)
    least = math.ceil(round(2 / (1 - level), 6))
    if n_resamples < least:
        raise SettingsInvalid(
            f"n_resamples: expected at least {least} at a level of {level:g}, came {n_resamples}"
        )


def stratified_draws(
    bad: BoolArray, runs: TieRuns, n_resamples: int, seed: int
) -> Iterator[tuple[IntArray, IntArray]]:
    """Goods and bads at each distinct risk, for draws of goods and of bads apart.

    Each class is drawn with replacement to its own size, so the bad rate of every resample is that
    of the sample.
    """
    rng = np.random.default_rng(seed)
    of_goods, of_bads = runs.run[~bad], runs.run[bad]
    for _ in range(n_resamples):
        yield _redrawn(of_goods, runs.values.size, rng), _redrawn(of_bads, runs.values.size, rng)


def row_draws(
    bad: BoolArray, runs: TieRuns, n_resamples: int, seed: int
) -> Iterator[tuple[IntArray, IntArray]]:
    """Goods and bads at each distinct risk, for draws of whole rows: the bad rate varies too."""
    rng = np.random.default_rng(seed)
    n_runs = runs.values.size
    cell = runs.run + n_runs * bad
    for _ in range(n_resamples):
        counts = _redrawn(cell, 2 * n_runs, rng)
        yield counts[:n_runs], counts[n_runs:]


def percentile_interval(
    bad: BoolArray,
    values: FloatArray,
    statistic: Statistic,
    level: float,
    *,
    n_resamples: int,
    seed: int,
) -> Interval:
    """Bounds between which the middle ``level`` of stratified resamples lies.

    For a figure that a resample does not inflate. The interval is widened where needed to hold the
    estimate that it is printed with.
    """
    check_resamples(n_resamples, level)
    runs = tie_runs(bad, values)
    estimate = statistic(runs.goods, runs.bads)
    drawn = [statistic(*counts) for counts in stratified_draws(bad, runs, n_resamples, seed)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        estimate=estimate,
        low=min(estimate, float(low)),
        high=max(estimate, float(high)),
        n=int(bad.size),
        n_bads=int(np.count_nonzero(bad)),
        level=level,
    )


def reflected_interval(
    bad: BoolArray,
    values: FloatArray,
    statistic: Statistic,
    level: float,
    *,
    n_resamples: int,
    seed: int,
) -> Interval:
    """Return the basic interval of stratified resamples, for a figure in [0, 1] that they inflate.

    KS and H take the best of many cut-offs. In a resample, whose chance they fit a second time,
    they lie too high; :func:`basic_interval` takes that off.
    """
    check_resamples(n_resamples, level)
    runs = tie_runs(bad, values)
    drawn = [statistic(*counts) for counts in stratified_draws(bad, runs, n_resamples, seed)]
    estimate = statistic(runs.goods, runs.bads)
    return basic_interval(estimate, np.array(drawn), bad, level, lowest=0.0, highest=1.0)


def basic_interval(
    estimate: float,
    drawn: FloatArray,
    bad: BoolArray,
    level: float,
    *,
    lowest: float,
    highest: float,
) -> Interval:
    """Percentiles of resamples reflected at the estimate, cut to ``[lowest, highest]``.

    With e the estimate, q the quantiles of the resamples and a = (1 - level) / 2, the interval is
    ``[2e - q(1 - a), 2e - q(a)]``, widened where needed to hold e.

    References
    ----------
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 5.2.
    Cambridge University Press. doi:10.1017/CBO9780511802843
    """
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        estimate=estimate,
        low=min(estimate, max(lowest, 2 * estimate - float(upper))),
        high=max(estimate, min(highest, 2 * estimate - float(lower))),
        n=int(bad.size),
        n_bads=int(np.count_nonzero(bad)),
        level=level,
    )


def _redrawn(cells: IntArray, n_cells: int, rng: np.random.Generator) -> IntArray:
    # 32-bit draws cost half as much, and no sample has 2**31 rows.
    rows = rng.integers(cells.size, size=cells.size, dtype=np.int32)
    return np.bincount(cells[rows], minlength=n_cells)
