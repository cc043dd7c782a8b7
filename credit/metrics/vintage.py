"""Vintages: how the loans of one cohort went bad, month by month on book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit.errors import DataError, SettingsInvalid
from credit.metrics.interval import normal_quantile
from credit.metrics.proportion import wilson_interval
from credit.metrics.sample import BoolArray, FloatArray, IntArray, as_numbers

if TYPE_CHECKING:
    import pandas as pd

Cohort = Literal["month", "quarter"]

MONTHS_OF_A_QUARTER = 3


@dataclass(frozen=True, slots=True, eq=False)
class VintageTable:
    """Cumulative bad rates, one row per cohort and one column per month on book.

    Attributes
    ----------
    cohorts
        ``"2023-01"`` or ``"2023Q1"``, in order of time, length n_cohorts.
    n
        Loans of each cohort, shape ``(n_cohorts,)``.
    n_bads
        Bads up to the end of each month on book, shape ``(n_cohorts, n_months)``; column j is month
        j + 1. Whole numbers as floats: NaN where the cell is not fully observed.
    rate, low, high
        ``n_bads / n`` with its Wilson interval, same shape, NaN in the same cells.
    """

    cohorts: tuple[str, ...]
    n: IntArray
    n_bads: FloatArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray

    def frame(self) -> pd.DataFrame:
        """Rates as a table: cohorts down, months on book (1, 2, ...) across, NaN if unobserved."""
        import pandas as pd

        months = pd.Index(range(1, self.rate.shape[1] + 1), name="months_on_book")
        return pd.DataFrame(self.rate, index=pd.Index(self.cohorts, name="cohort"), columns=months)


def vintage_table(
    opened: ArrayLike,
    observed_months: ArrayLike,
    defaulted_month: ArrayLike,
    *,
    cohort: Cohort = "month",
    max_months: int | None = None,
    level: float = 0.95,
) -> VintageTable:
    """Cumulative bad rate of each cohort by months on book, in fully observed cells only.

    A cell is filled where the fate of every loan of the cohort is known at the end of that month:
    it was observed so long, or went bad before. One loan too young leaves the cell empty; otherwise
    the youngest loans, which had the least time to go bad, would flatter it. Rates of a row never
    fall.

    Parameters
    ----------
    opened
        Date on which each loan was opened, shape ``(n_loans,)``: dates, ISO text or datetime64.
    observed_months
        Full months from then to the end of observation, whole numbers from 0. For a loan repaid
        early count on to the end of observation: it can no longer go bad, which is known.
    defaulted_month
        Month on book in which it went bad, from 1 (the first month), NaN where it did not; at most
        its ``observed_months``.
    cohort
        Loans are gathered by month or by calendar quarter of opening.
    max_months
        Columns of the table; the longest observation when None.

    Raises
    ------
    DataError
        No loan, lengths that differ, a date that is none, a month that is no whole number in its
        range, a default after the end of observation, or no full month observed of any loan.
    SettingsInvalid
        ``max_months`` is below 1, ``cohort`` is neither, or ``level`` is outside (0, 1).
    """
    normal_quantile(level)
    if cohort not in ("month", "quarter"):
        raise SettingsInvalid(f"cohort: expected month or quarter, came {cohort}")
    month = _months(opened)
    observed = as_numbers(observed_months, "observed_months")
    defaulted = as_numbers(defaulted_month, "defaulted_month")
    _check_loans(month.size, observed, defaulted)
    n_months = int(observed.max()) if max_months is None else max_months
    if max_months is not None and max_months < 1:
        raise SettingsInvalid(f"max_months: expected at least 1, came {max_months}")
    if n_months < 1:
        raise DataError("observed_months: expected a full month of at least one loan, all are 0")

    period = month if cohort == "month" else month // MONTHS_OF_A_QUARTER
    periods, row = np.unique(period, return_inverse=True)
    n = np.bincount(row)
    cumulative = _cumulative_bads(row, defaulted, periods.size, n_months)
    known = np.arange(1, n_months + 1) <= _horizon(row, observed, defaulted, periods.size)[:, None]
    n_bads, rate, low, high = (np.full(cumulative.shape, np.nan) for _ in range(4))
    for i, j in zip(*np.nonzero(known), strict=True):
        interval = wilson_interval(int(cumulative[i, j]), int(n[i]), level)
        n_bads[i, j] = interval.n_bads
        rate[i, j], low[i, j], high[i, j] = interval.estimate, interval.low, interval.high
    labels = tuple(_label(int(each), cohort) for each in periods)
    return VintageTable(cohorts=labels, n=n, n_bads=n_bads, rate=rate, low=low, high=high)


def _cumulative_bads(row: IntArray, defaulted: FloatArray, n_rows: int, n_months: int) -> IntArray:
    in_table = defaulted <= n_months
    cell = row[in_table] * n_months + defaulted[in_table].astype(np.intp) - 1
    per_month = np.bincount(cell, minlength=n_rows * n_months).reshape(n_rows, n_months)
    cumulative: IntArray = np.cumsum(per_month, axis=1)
    return cumulative


def _horizon(row: IntArray, observed: FloatArray, defaulted: FloatArray, n_rows: int) -> FloatArray:
    """Months up to which the fate of every loan is known: the shortest observation of a loan not bad."""
    horizon: FloatArray = np.full(n_rows, np.inf)
    survives = np.isnan(defaulted)
    np.minimum.at(horizon, row[survives], observed[survives])
    return horizon


def _months(opened: ArrayLike) -> NDArray[np.int64]:
    """Months since January 1970."""
    try:
        dates = np.asarray(opened).astype("datetime64[M]")
    except (TypeError, ValueError) as error:
        raise DataError("opened: expected dates, such as 2023-01-31") from error
    if dates.ndim != 1 or dates.size == 0:
        raise DataError(f"opened: expected one date per loan, came shape {dates.shape}")
    n_missing = int(np.count_nonzero(np.isnat(dates)))
    if n_missing:
        raise DataError(f"opened: {n_missing} of {dates.size} loans have no date; drop them")
    return dates.astype(np.int64)


def _check_loans(n_loans: int, observed: FloatArray, defaulted: FloatArray) -> None:
    for name, values in (("observed_months", observed), ("defaulted_month", defaulted)):
        if values.size != n_loans:
            raise DataError(
                f"{name}: expected one number per loan, came {values.size} for {n_loans} loans"
            )
    n_other = int(np.count_nonzero(~_whole_from(0, observed)))
    if n_other:
        raise DataError(
            f"observed_months: expected whole numbers from 0, {n_other} of {n_loans} loans have none"
        )
    went_bad = defaulted[~np.isnan(defaulted)]
    n_other = int(np.count_nonzero(~_whole_from(1, went_bad)))
    if n_other:
        raise DataError(
            "defaulted_month: expected whole numbers from 1, or NaN where it did not go bad,"
            f" {n_other} of {n_loans} loans have another"
        )
    n_late = int(np.count_nonzero(defaulted > observed))
    if n_late:
        raise DataError(
            "defaulted_month: expected a month within observed_months,"
            f" {n_late} of {n_loans} loans went bad after it"
        )


def _whole_from(least: int, months: FloatArray) -> BoolArray:
    whole: BoolArray = np.isfinite(months) & (months >= least) & (months == np.floor(months))
    return whole


def _label(period: int, cohort: Cohort) -> str:
    if cohort == "month":
        return f"{1970 + period // 12:04d}-{period % 12 + 1:02d}"
    return f"{1970 + period // 4:04d}Q{period % 4 + 1}"
