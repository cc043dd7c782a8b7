"""Folds as a sweep would make them."""

from __future__ import annotations

from credit.contract import Contract
from tune.folds import Fold, make_folds
from tune.plan import plan_folds
from tune.rows import Rows
from tune.spec import FoldsSpec


def folds_of(rows: Rows, contract: Contract, *, n_folds: int, seed: int) -> list[Fold]:
    """Shuffled folds, transformed."""
    plan = plan_folds(rows, FoldsSpec(), n_folds=n_folds, seed=seed)
    return list(make_folds(rows, contract, plan))
