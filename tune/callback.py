"""Reports of Ray Tune, told to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray.tune

from tune.progress import Listener, SweepProgress

_LISTENERS: dict[str, Listener] = {}
"""By search: a callback is saved with its search, and a terminal cannot be."""


@contextmanager
def listening(search: str, listener: Listener) -> Iterator[None]:
    """Be told of a search while it runs here, also when it goes on from a saved state."""
    _LISTENERS[search] = listener
    try:
        yield
    finally:
        del _LISTENERS[search]


class ProgressCallback(ray.tune.Callback):  # type: ignore[misc]
    """Tells the listener of a search about every report of every trial."""

    def __init__(self, search: str, label: str, n_trials: int) -> None:
        self._search = search
        self._label = label
        self._n_trials = n_trials
        self._begin()

    def _begin(self) -> None:
        self._started = time.monotonic()
        self._best: float | None = None
        self._n_ended = 0

    def __getstate__(self) -> dict[str, Any]:
        """Keep only what the search is: a clock means nothing in another process."""
        names = ("_search", "_label", "_n_trials")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew."""
        self.__dict__.update(state)
        self._begin()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Keep the best AUC so far."""
        self._best = max(result["auc"], self._best or 0.0)
        self._tell(trials)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Count the trials that ended, early or not, in an earlier session too."""
        # The trial itself is told of before it counts as finished.
        self._n_ended = sum(one is trial or one.is_finished() for one in trials)
        self._tell(trials)

    def _tell(self, trials: list[Any]) -> None:
        listener = _LISTENERS.get(self._search)
        if listener is None:
            return
        elapsed = time.monotonic() - self._started
        left = self._n_trials - self._n_ended
        remaining = elapsed / self._n_ended * left if self._n_ended else None
        listener(
            SweepProgress(
                self._label, self._n_ended, self._n_trials, self._best, elapsed, remaining
            )
        )
