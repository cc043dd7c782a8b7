"""What comes of a sweep: candidates, best first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit.decision.bundle import Bundle
from tune.outer import OuterReport
from tune.spec import Candidate
from tune.sweep import TrialResult
from tune.verification import Verification


@dataclass(frozen=True)
class Registered:
    """A model version that holds a bundle."""

    name: str
    version: str
    run_id: str


@dataclass(frozen=True)
class Entry:
    """One candidate on the leaderboard.

    Attributes
    ----------
    board
        Its trials, best AUC first.
    front
        Those that no other beats in both objectives; the best alone where there is one objective.
    verification
        Figures on rows that neither search, model nor calibrator saw.
    outer
        Figures over the outer folds, where the sweep has them.
    """

    candidate: Candidate
    board: tuple[TrialResult, ...]
    front: tuple[TrialResult, ...]
    bundle: Bundle
    folder: Path
    verification: Verification
    outer: OuterReport | None
    registered: Registered

    @property
    def searched_auc(self) -> float:
        """Mean AUC of the winner's inner folds: what candidates are ranked by."""
        return self.board[0].best.auc


@dataclass(frozen=True)
class TuneOutcome:
    """What came of a sweep: candidates, best first.

    They are ranked by their inner folds, so the held-out figures of the best stay honest.

    Attributes
    ----------
    joblib
        Path and SHA-256 of the best as a scikit-learn file, where the sweep asked for it.
    """

    entries: tuple[Entry, ...]
    name: str
    joblib: tuple[Path, str] | None = None

    @property
    def best(self) -> Entry:
        """The winner of winners."""
        return self.entries[0]


def outcome_document(outcome: TuneOutcome) -> dict[str, Any]:
    """The leaderboard for machines: the same in ``--json``, in the workbook and in the model card."""
    return {
        "sweep": outcome.name,
        "leaderboard": [entry_document(entry) for entry in outcome.entries],
        "joblib": None if outcome.joblib is None else str(outcome.joblib[0]),
        "joblib_sha256": None if outcome.joblib is None else outcome.joblib[1],
    }


def entry_document(entry: Entry) -> Mapping[str, Any]:
    """One candidate of the leaderboard for machines."""
    return {
        "candidate": entry.candidate.label,
        "family": entry.candidate.family,
        "bundle": entry.bundle.hash,
        "registered": entry.registered,
        "searched_auc": entry.searched_auc,
        "held_out": entry.verification,
        "outer": entry.outer,
        "trials": entry.board,
        "front": [trial.trial for trial in entry.front],
    }
