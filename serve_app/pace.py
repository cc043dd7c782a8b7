"""How fast a replica works off those who wait, and how often it is said that it cannot keep up."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

logger = logging.getLogger(__name__)

LONGEST_RETRY_S = 60
LOG_PERIOD_S = 10.0
_WEIGHT = 0.05
"""Of the newest interval in the mean: the last 20 or so count."""


class Pace:
    """Mean time between two that leave while others wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left_at = 0.0
        self._interval_s: float | None = None

    def begin(self) -> None:
        """Note that somebody waits, where nobody did."""
        self._left_at = self._clock()

    def one_left(self) -> None:
        """Note that somebody left while others wait."""
        now = self._clock()
        interval_s = now - self._left_at
        if self._interval_s is None:
            self._interval_s = interval_s
        self._interval_s += _WEIGHT * (interval_s - self._interval_s)
        self._left_at = now

    def retry_after_s(self, n_waiting: int, *, is_waiting: bool) -> int:
        """Seconds until those who wait will have left; at least 1, at most 60.

        While nobody leaves it grows with the time since somebody did.

        Parameters
        ----------
        is_waiting
            Whether anybody stands in line now.
        """
        since = self._clock() - self._left_at if is_waiting else 0.0
        seconds = max((n_waiting + 1) * (self._interval_s or 0.0), since)
        return min(max(math.ceil(seconds), 1), LONGEST_RETRY_S)


class RefusalLog:
    """Says that requests are refused, once in a while: a flood must not flood the log."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said_at = -math.inf
        self._n_unsaid = 0

    def note(self, *, in_flight: int, waiting: int) -> None:
        """Note one refusal."""
        self._n_unsaid += 1
        now = self._clock()
        if now - self._said_at < LOG_PERIOD_S:
            return
        text = "%d requests were refused: %d in flight, %d waiting"
        logger.warning(text, self._n_unsaid, in_flight, waiting)
        self._said_at, self._n_unsaid = now, 0
