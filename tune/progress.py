"""What a person watching a sweep wants to know; importable without Ray."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """State of a sweep at one moment.

    ``remaining_s`` is None until the first trial has ended.
    """

    n_ended: int
    n_trials: int
    best_auc: float | None
    elapsed_s: float
    remaining_s: float | None
