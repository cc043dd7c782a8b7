"""What a person watching a sweep wants to know; importable without Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """State of a sweep at one moment.

    Attributes
    ----------
    label
        What is being searched.
    n_ended, n_trials
        Trials that ended, of how many.
    remaining_s
        None until the first trial has ended.
    """

    label: str
    n_ended: int
    n_trials: int
    best_auc: float | None
    elapsed_s: float
    remaining_s: float | None


Listener = Callable[[SweepProgress], None]


def part_of_a_whole(listener: Listener, *, n_before: int, n_whole: int) -> Listener:
    """Tell of one search as a part of a sweep of several."""

    def tell(progress: SweepProgress) -> None:
        n_ended = n_before + progress.n_ended
        remaining = progress.remaining_s
        if remaining is not None and progress.n_ended:
            remaining = progress.elapsed_s / progress.n_ended * (n_whole - n_ended)
        listener(replace(progress, n_ended=n_ended, n_trials=n_whole, remaining_s=remaining))

    return tell
