"""Rows ready to learn from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract import Contract, FrameCheck, check_frame
from credit.data import group_folds, row_groups
from credit.data.split import require_two_classes
from credit.errors import DataError
from credit.metrics import MINIMUM_BADS, FewBadsWarning

HOLDOUT_PARTS = 5
"""One fifth of the rows verifies; nothing else ever sees it."""

SPLIT_SEED = 42
"""One split for every sweep of a data set, so that models are compared on the same held-out rows."""


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
    """

    raw: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int8]
    groups: npt.NDArray[np.int64]
    references: npt.NDArray[np.object_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Select rows by position."""
        return Rows(self.raw[rows], self.labels[rows], self.groups[rows], self.references[rows])

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
        When no row is good, or the target has one class.

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
    raw = np.ascontiguousarray(good[[c.name for c in contract.inputs]].to_numpy(dtype=np.float64))
    applicants = good["applicant_id"].to_numpy() if "applicant_id" in good else None
    references = good["application_id"].to_numpy(dtype=object)
    return Rows(raw, labels, row_groups(raw, applicants), references), check


def split_holdout(rows: Rows) -> tuple[Rows, Rows]:
    """Split into training rows and held-out rows, always in the same way."""
    fold = rows.folds(HOLDOUT_PARTS, seed=SPLIT_SEED)
    return rows.take(np.flatnonzero(fold != 0)), rows.take(np.flatnonzero(fold == 0))
