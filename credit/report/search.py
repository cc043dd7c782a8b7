"""The search that a bundle came from, read from the workbook of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit.errors import DataError


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One trial.

    Attributes
    ----------
    auc, auc_spread, log_loss
        Mean and range of the AUC over the inner folds, and mean log loss before calibration.
    """

    trial: str
    auc: float
    auc_spread: float
    log_loss: float
    steps: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SearchLog:
    """How a candidate was searched.

    Attributes
    ----------
    rank
        Place among the candidates of the sweep, from 1.
    trials
        Best AUC first.
    outer_auc
        Mean and bounds over the outer folds, or None where the sweep had none.
    """

    sweep: str
    candidate: str
    rank: int
    n_candidates: int
    trials: tuple[TrialRow, ...]
    outer_auc: tuple[float, float, float] | None


def search_log(outcome: Mapping[str, Any], bundle: str) -> SearchLog | None:
    """Read the outcome of a sweep, as its workbook and ``credit tune --json`` hold it.

    Parameters
    ----------
    outcome
        ``{"sweep": ..., "leaderboard": [...]}``.
    bundle
        Hash of the bundle.

    Returns
    -------
    None when the sweep made other bundles.

    Raises
    ------
    DataError
        When it is no outcome of a sweep.
    """
    try:
        board = outcome["leaderboard"]
        for rank, entry in enumerate(board, start=1):
            if entry["bundle"] == bundle:
                return SearchLog(
                    sweep=str(outcome["sweep"]),
                    candidate=str(entry["candidate"]),
                    rank=rank,
                    n_candidates=len(board),
                    trials=tuple(_trial(trial) for trial in entry["trials"]),
                    outer_auc=_outer(entry.get("outer")),
                )
    except (KeyError, TypeError) as error:
        raise DataError(
            f"the outcome of a sweep cannot be read, {error} is missing or of another kind; "
            "run the sweep again, or remove its folder"
        ) from error
    return None


def _trial(trial: Mapping[str, Any]) -> TrialRow:
    best = trial["best"]
    return TrialRow(
        trial=str(trial["trial"]),
        auc=float(best["auc"]),
        auc_spread=float(best["auc_spread"]),
        log_loss=float(best["log_loss"]),
        steps=int(trial["steps"]),
        parameters=dict(best["parameters"]),
    )


def _outer(outer: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    if outer is None:
        return None
    found = outer["auc"]
    return float(found["estimate"]), float(found["low"]), float(found["high"])
