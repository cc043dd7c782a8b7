"""Reports of Ray Tune, told to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ray.tune

from tune.progress import SweepProgress


def _nobody(progress: SweepProgress) -> None:
    """Listen to nothing."""


class ProgressCallback(ray.tune.Callback):  # type: ignore[misc]
    """Tells a listener about every report of every trial."""

    def __init__(self, n_trials: int, listener: Callable[[SweepProgress], None]) -> None:
        self._n_trials = n_trials
        self._listener = listener
        self._started = time.monotonic()
        self._best: float | None = None
        self._n_ended = 0

    def __getstate__(self) -> dict[str, Any]:
        """Leave the listener out of the sweep's saved state: a terminal cannot be saved."""
        return {**self.__dict__, "_listener": _nobody}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Keep the best AUC so far."""
        self._best = max(result["auc"], self._best or 0.0)
        self._tell()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Count a trial that ended, early or not."""
        self._n_ended += 1
        self._tell()

    def _tell(self) -> None:
        elapsed = time.monotonic() - self._started
        left = self._n_trials - self._n_ended
        remaining = elapsed / self._n_ended * left if self._n_ended else None
        self._listener(SweepProgress(self._n_ended, self._n_trials, self._best, elapsed, remaining))
