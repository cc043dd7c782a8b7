"""What is repeated, how often, and how long after.

Requests carry an idempotency key, the client's own or one that is drawn, so it does no harm to repeat one whose
outcome is not known: what was recorded is told again. Pauses double up to a bound and are drawn between nothing and
that (full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that clients that
failed together do not come again together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from credit.errors import SettingsInvalid
from serve_app.client.refusals import PASSING, ServiceRefused, ServiceUnreachable


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long a client tries.

    Attributes
    ----------
    attempts
        At most, the first one included.
    first_pause_s
        Bound of the pause after the first attempt; it doubles with each.
    longest_pause_s
        Where the doubling ends. The service's own Retry-After may be longer, and is kept.
    patience_s
        In all, attempts and pauses together.
    """

    attempts: int = 8
    first_pause_s: float = 0.05
    longest_pause_s: float = 2.0
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or not 0 <= self.first_pause_s <= self.longest_pause_s:
            raise SettingsInvalid(
                "retries: expected at least 1 attempt and 0 <= first_pause_s <= longest_pause_s, got "
                f"{self.attempts}, {self.first_pause_s:g} and {self.longest_pause_s:g}"
            )
        if self.patience_s <= 0:
            raise SettingsInvalid(f"patience_s: expected more than 0, got {self.patience_s:g}")


NO_RETRIES = RetryPolicy(attempts=1)
"""For who counts failures or repeats by rules of their own."""


class Attempts:
    """The attempts of one call.

    Parameters
    ----------
    clock, draw
        Seconds that never run backwards, and a number between two.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._draw = draw
        self._ends_at = clock() + policy.patience_s
        self._n_failed = 0

    @property
    def left_s(self) -> float:
        """Seconds of patience that are left."""
        if not self._n_failed:
            return self._policy.patience_s
        return self._ends_at - self._clock()

    def pause_after(self, error: Exception) -> float | None:
        """Seconds to wait after a failure before the next attempt; None when there is to be none."""
        self._n_failed += 1
        if self._n_failed >= self._policy.attempts or not _passes(error):
            return None
        bound = self._policy.first_pause_s * 2 ** (self._n_failed - 1)
        pause = self._draw(0.0, min(bound, self._policy.longest_pause_s))
        if isinstance(error, ServiceRefused) and error.retry_after_s is not None:
            pause += error.retry_after_s
        return pause if pause < self.left_s else None


def _passes(error: Exception) -> bool:
    if isinstance(error, ServiceRefused):
        return error.status in PASSING
    return isinstance(error, ServiceUnreachable)
