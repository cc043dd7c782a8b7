"""Rows ready to learn from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract import Contract, FrameCheck, check_frame
from credit.data import group_folds, row_groups
from credit.data.split import require_two_classes
from credit.errors import DataError
from credit.metrics import MINIMUM_BADS, FewBadsWarning


@dataclass(frozen=True)
class Rows:
    """Good rows of one data set.

    Attributes
    ----------
    raw
        Input columns in the contract's order, shape (n_rows, n_inputs), NaN for missing.
    labels
        1 = bad, shape (n_rows,).
    groups
        Rows that must stay on one side of a split share a number.
    references
        The lender's reference of each row.
    times
        Proleptic ordinal of the contract's time column, or None where it has none.
    weights
        Positive weight of each row, or None where the contract has no weight column.
    segments
        Values of the protected columns: to measure by group, never to learn from.
    """

    raw: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int8]
    groups: npt.NDArray[np.int64]
    references: npt.NDArray[np.object_]
    times: npt.NDArray[np.float64] | None = None
    weights: npt.NDArray[np.float64] | None = None
    segments: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Select rows by position."""
        return replace(
            self,
            raw=self.raw[rows],
            labels=self.labels[rows],
            groups=self.groups[rows],
            references=self.references[rows],
            times=None if self.times is None else self.times[rows],
            weights=None if self.weights is None else self.weights[rows],
            segments={name: values[rows] for name, values in self.segments.items()},
        )

    def folds(self, n_folds: int, *, seed: int) -> npt.NDArray[np.int64]:
        """Fold number of each row, groups whole."""
        groups = np.unique(self.groups, return_inverse=True)[1].astype(np.int64)
        return group_folds(self.labels, groups, n_folds=n_folds, seed=seed)


def prepare(frame: pd.DataFrame, contract: Contract) -> tuple[Rows, FrameCheck]:
    """Validate a table and keep its good rows.

    Raises
    ------
    ContractError
        When columns are unknown or missing.
    DataError
        When no row is good, the target has one class, or a weight is not positive.

    Warns
    -----
    FewBadsWarning
        When there are fewer bads than any figure can be trusted with.
    """
    check = check_frame(frame, contract, target=True)
    good = check.good
    if good.empty:
        first = "; ".join(str(failure) for failure in check.failures[:3])
        raise DataError(f"no row satisfies contract {contract.product}: {first}")
    labels = good[contract.target.name].to_numpy(dtype=np.int8)
    require_two_classes(labels)
    n_bads = int(labels.sum())
    if n_bads < MINIMUM_BADS:
        warnings.warn(
            f"the data hold {n_bads} bads, fewer than {MINIMUM_BADS}: every figure below is a guess",
            FewBadsWarning,
            stacklevel=2,
        )
    applicants = good["applicant_id"].to_numpy() if "applicant_id" in good else None
    rows = Rows(
        raw=check.raw,
        labels=labels,
        groups=row_groups(check.raw, applicants),
        references=good["application_id"].to_numpy(dtype=object),
        times=_times(good, contract),
        weights=_weights(good, contract),
        segments={
            c.name: good[c.name].to_numpy()
            for c in contract.columns
            if c.role == "protected" and c.name in good
        },
    )
    return rows, check


def _times(good: pd.DataFrame, contract: Contract) -> npt.NDArray[np.float64] | None:
    column = next((c for c in contract.columns if c.role == "time"), None)
    if column is None or column.name not in good:
        return None
    dates = pd.to_datetime(good[column.name])
    return np.array([date.toordinal() for date in dates], dtype=np.float64)


def _weights(good: pd.DataFrame, contract: Contract) -> npt.NDArray[np.float64] | None:
    column = next((c for c in contract.columns if c.role == "weight"), None)
    if column is None or column.name not in good:
        return None
    weights = good[column.name].to_numpy(dtype=np.float64)
    n_wrong = int(np.count_nonzero(~(weights > 0)))
    if n_wrong:
        raise DataError(
            f"{column.name}: expected positive weights, {n_wrong:,} rows have another; leave rows out "
            "that should not count"
        )
    return weights
