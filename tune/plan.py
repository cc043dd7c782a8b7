"""Which rows train and which validate, fold by fold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from credit.errors import DataError
from tune.rows import Rows
from tune.spec import FoldsSpec

HOLDOUT_PARTS = 5
"""One fifth of the rows verifies; nothing else ever sees it."""

SPLIT_SEED = 42
"""One split for every sweep of a data set, so that models are compared on the same held-out rows."""

Positions = npt.NDArray[np.int64]


class Split(NamedTuple):
    """Positions of one fold's rows."""

    train: Positions
    validation: Positions


def plan_folds(rows: Rows, spec: FoldsSpec, *, n_folds: int, seed: int) -> list[Split]:
    """Split rows as the sweep says.

    Raises
    ------
    DataError
        When rows do not carry what the split needs, or a fold would lack goods or bads.
    """
    if spec.kind == "kfold":
        fold = rows.folds(n_folds, seed=seed)
        return [Split(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]
    return [
        _checked(split, rows)
        for split in _rolling(rows, n_folds=n_folds, embargo_days=spec.embargo_days)
    ]


def split_holdout(
    rows: Rows, *, parts: int = HOLDOUT_PARTS, by_time: bool = False, embargo_days: int = 0
) -> tuple[Rows, Rows]:
    """Split into training rows and held-out rows, always in the same way.

    By time, the last of ``parts`` is held out, and what lies within the embargo before it is left
    out.
    """
    if by_time:
        split = _checked(_rolling(rows, n_folds=parts - 1, embargo_days=embargo_days)[-1], rows)
        return rows.take(split.train), rows.take(split.validation)
    fold = rows.folds(parts, seed=SPLIT_SEED)
    return rows.take(np.flatnonzero(fold != 0)), rows.take(np.flatnonzero(fold == 0))


def _rolling(rows: Rows, *, n_folds: int, embargo_days: int) -> list[Split]:
    """Rolling origin: train on periods up to k, validate on period k + 1.

    A group that is in the training rows leaves the validation rows: the same person may not be on
    both sides, at another time either.

    References
    ----------
    Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy. International Journal of
    Forecasting 16(4), 437-450. doi:10.1016/S0169-2070(00)00065-0
    """
    times = _known_times(rows)
    # Rows of one day stay together, so that no day is both past and future.
    edges = np.quantile(times, np.arange(1, n_folds + 1) / (n_folds + 1), method="lower")
    period = np.searchsorted(edges, times, side="left")
    splits = []
    for k in range(n_folds):
        validation = np.flatnonzero(period == k + 1)
        if len(validation) == 0:
            raise DataError(
                f"period {k + 2} of {n_folds + 1} holds no rows: too many rows share one date; use fewer folds"
            )
        begins = times[validation].min()
        train = np.flatnonzero((period <= k) & (times < begins - embargo_days))
        apart = ~np.isin(rows.groups[validation], rows.groups[train])
        splits.append(Split(train, validation[apart]))
    return splits


def _known_times(rows: Rows) -> npt.NDArray[np.float64]:
    if rows.times is None:
        raise DataError(
            "a rolling split needs dates: give the contract a column of role time and type date"
        )
    return rows.times


def _checked(split: Split, rows: Rows) -> Split:
    for kind, positions in split._asdict().items():
        classes = np.unique(rows.labels[positions])
        if len(classes) < 2:  # noqa: PLR2004 - goods and bads
            raise DataError(
                f"the {kind} rows of a rolling fold hold {len(positions):,} rows and not both outcomes; use "
                "fewer folds or a shorter embargo"
            )
    return split
