"""CSI: which characteristics of a population have moved, the most first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.interval import Interval
from credit.metrics.resampling import check_resamples
from credit.metrics.sample import FloatArray, IntArray
from credit.metrics.stability import divergence, quantile_edges, rows_per_bin


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacteristicStability:
    """How far one column has moved.

    Attributes
    ----------
    name
        The column.
    index
        Its PSI with a bootstrap interval; ``n`` is the number of current rows.
    by_chance
        PSI that two samples of one population of these sizes exceed with probability 1 - level
        only. An index below it is no evidence of a move.
    n_bins
        Bins that hold any row, of either sample, missing included.
    missing_reference, missing_current
        Share of rows without a value.
    """

    name: str
    index: Interval
    by_chance: float
    n_bins: int
    missing_reference: float
    missing_current: float


def characteristic_stability(
    reference: ArrayLike,
    current: ArrayLike,
    names: Sequence[str],
    *,
    categories: Collection[str] = (),
    n_bins: int = 10,
    level: float = 0.95,
    n_resamples: int = 500,
    seed: int = 0,
) -> tuple[CharacteristicStability, ...]:
    """PSI of each named column between two matrices, sorted by index, the largest first.

    A number is cut at the quantiles of the reference; a category has one bin for each code that
    either matrix holds, so a code never seen before shows. Missing (NaN) is a bin of its own.

    The interval is a basic bootstrap one: both samples are drawn again by bin, and as PSI is never
    negative and lies too high in a resample, percentiles are reflected at the estimate, cut at 0 and
    widened where needed to hold it. Under no move ``PSI / (1/n + 1/m)`` is about chi-squared with
    as many degrees of freedom as bins less one; ``by_chance`` is its quantile.

    Parameters
    ----------
    reference, current
        Shape ``(n_rows, n_columns)`` and ``(m_rows, n_columns)``; a category holds the index of its
        code.
    names
        One per column.
    categories
        Names of the columns that are categories.
    n_bins
        Quantile bins of a number, at least 2.

    Raises
    ------
    DataError
        A matrix is none, is empty, or does not have one column per name; or names repeat.
    SettingsInvalid
        A category that is no column, fewer than two bins, a level outside (0, 1), or too few
        resamples for it.

    References
    ----------
    Yurdakul, B., Naranjo, J. (2020). Statistical properties of the population stability index.
    Journal of Risk Model Validation 14. doi:10.21314/JRMV.2020.227
    """
    check_resamples(n_resamples, level)
    _check_names(names, categories)
    before = _matrix(reference, "reference", len(names))
    after = _matrix(current, "current", len(names))
    # A generator per column, so that the bounds of one do not depend on which others are asked for.
    rows = [
        _column_stability(
            name,
            *_counts(before[:, j], after[:, j], None if name in categories else n_bins),
            level=level,
            n_resamples=n_resamples,
            rng=np.random.default_rng(seed),
        )
        for j, name in enumerate(names)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.index.estimate, row.name)))


def _column_stability(
    name: str,
    before: IntArray,
    after: IntArray,
    *,
    level: float,
    n_resamples: int,
    rng: np.random.Generator,
) -> CharacteristicStability:
    from scipy.special import chdtri

    n, m = int(before.sum()), int(after.sum())
    estimate = float(divergence(before / n, after / m))
    drawn = divergence(
        rng.multinomial(n, before / n, size=n_resamples) / n,
        rng.multinomial(m, after / m, size=n_resamples) / m,
    )
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    n_held = int(np.count_nonzero(before + after))
    chance = float(chdtri(n_held - 1, 1 - level)) * (1 / n + 1 / m) if n_held > 1 else 0.0
    return CharacteristicStability(
        name=name,
        index=Interval(
            estimate=estimate,
            low=min(estimate, max(0.0, 2 * estimate - float(upper))),
            high=max(estimate, 2 * estimate - float(lower)),
            n=m,
            n_bads=0,
            level=level,
        ),
        by_chance=chance,
        n_bins=n_held,
        missing_reference=float(before[-1]) / n,
        missing_current=float(after[-1]) / m,
    )


def _counts(before: FloatArray, after: FloatArray, n_bins: int | None) -> tuple[IntArray, IntArray]:
    """Rows in each bin, missing last; quantile bins, or one per code without ``n_bins``."""
    if n_bins is None:
        either = np.concatenate((before, after))
        edges = np.unique(either[~np.isnan(either)])
    else:
        edges = quantile_edges(before, n_bins)
    return rows_per_bin(before, edges), rows_per_bin(after, edges)


def _matrix(values: ArrayLike, name: str, n_columns: int) -> FloatArray:
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected a matrix of numbers only") from error
    expected = 2
    if matrix.ndim != expected or matrix.shape[1] != n_columns or matrix.shape[0] == 0:
        raise DataError(
            f"{name}: expected at least one row and {n_columns} columns, one per name,"
            f" came shape {matrix.shape}"
        )
    return matrix


def _check_names(names: Sequence[str], categories: Collection[str]) -> None:
    if len(set(names)) != len(names):
        raise DataError("names: expected each column once, one is repeated")
    unknown = sorted(set(categories) - set(names))
    if unknown:
        raise SettingsInvalid(
            f"categories: expected names of columns, {', '.join(unknown)} is none"
        )
