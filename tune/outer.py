"""Nested validation: the whole search repeated in each outer fold, and reported together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.metrics import Interval, auc, brier_score, fold_interval
from tune.verification import Verification, verify


@dataclass(frozen=True)
class OuterFold:
    """What a searched, refitted and calibrated model said of rows outside its search."""

    labels: npt.NDArray[np.int8]
    probabilities: npt.NDArray[np.float64]
    n_train: int


@dataclass(frozen=True)
class OuterReport:
    """Figures over outer folds.

    Attributes
    ----------
    auc, brier
        Means over the folds, with the interval of Nadeau and Bengio (2003): folds share rows.
    fold_aucs
        One per fold.
    pooled
        Figures over the rows of all folds together.
    """

    auc: Interval
    brier: Interval
    fold_aucs: tuple[float, ...]
    pooled: Verification


def report_outer(folds: Sequence[OuterFold], cutoff: float, *, seed: int) -> OuterReport:
    """Join the outer folds."""
    aucs = [auc(fold.labels, fold.probabilities) for fold in folds]
    briers = [brier_score(fold.labels, fold.probabilities) for fold in folds]
    labels = np.concatenate([fold.labels for fold in folds])
    probabilities = np.concatenate([fold.probabilities for fold in folds])
    n_train = int(np.mean([fold.n_train for fold in folds]))
    n_test = int(np.mean([len(fold.labels) for fold in folds]))
    n_bads = int(labels.sum())
    return OuterReport(
        auc=fold_interval(aucs, n_train, n_test, n_bads=n_bads),
        brier=fold_interval(briers, n_train, n_test, n_bads=n_bads),
        fold_aucs=tuple(aucs),
        pooled=verify(labels, probabilities, cutoff, seed=seed),
    )
