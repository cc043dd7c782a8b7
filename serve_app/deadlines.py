"""Time limits of requests, with one timer for all of them.

``asyncio.timeout`` makes two timers a request and costs as much as decoding it twice. Requests are many
and hardly one is ever late, so here one timer looks at all that are under way.
"""

from __future__ import annotations

import asyncio
from typing import Self

PERIOD_S = 0.05
"""How late a limit may be noticed; limits are seconds."""


class DeadlinePassed(Exception):
    """The client's deadline. Not a :class:`CreditError`: only the HTTP edge knows of it."""

    def __init__(self, *, has_begun: bool) -> None:
        self.has_begun = has_begun
        told = (
            "It may have been decided: send the application again with the same Idempotency-Key"
            if has_begun
            else "Nothing was decided: allow more time, or come again later"
        )
        super().__init__(f"there was no answer within X-Request-Timeout-Ms. {told}")


class Deadline:
    """Ends the block that it manages when its time has come, with :class:`TimeoutError`.

    Attributes
    ----------
    at
        Time of the event loop; may be moved while the block runs.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "at", "has_passed")

    def __init__(self, deadlines: Deadlines, at: float) -> None:
        self._deadlines = deadlines
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.at = at
        self.has_passed = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._task is not None:
            self._cancelling = self._task.cancelling()
        self._deadlines.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._deadlines.remove(self)
        if not self.has_passed or kind is not asyncio.CancelledError or self._task is None:
            return
        # As asyncio.timeout does: who was also cancelled from outside stays cancelled.
        if self._task.uncancel() <= self._cancelling:
            raise TimeoutError from None

    @property
    def is_over(self) -> bool:
        """Whether its time has come, noticed by the timer or not yet."""
        return self.at <= asyncio.get_running_loop().time()

    def end(self) -> None:
        """Cancel what runs in the block."""
        self.has_passed = True
        if self._task is not None:
            self._task.cancel()


class ExactDeadline(Deadline):
    """One that rings a timer of its own, for limits that may be shorter than :data:`PERIOD_S`."""

    __slots__ = ("_timer",)

    def __enter__(self) -> Self:
        self._timer = asyncio.get_running_loop().call_at(self.at, self._ring)
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, *about: object) -> None:
        self._timer.cancel()
        super().__exit__(kind, *about)

    def _ring(self) -> None:
        if not self.has_passed:  # the timer of all may have been first
            self._deadlines.remove(self)
            self.end()


class Deadlines:
    """All limits of one event loop."""

    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float) -> Deadline:
        """Limit a block, used with ``with``."""
        return Deadline(self, asyncio.get_running_loop().time() + seconds)

    def exactly(self, seconds: float) -> ExactDeadline:
        """Limit a block to the millisecond."""
        return ExactDeadline(self, asyncio.get_running_loop().time() + seconds)

    def add(self, deadline: Deadline) -> None:
        """Watch a block from now on."""
        self._running.add(deadline)
        if self._timer is None:
            self._wait()

    def remove(self, deadline: Deadline) -> None:
        """Watch it no longer; what has passed is gone already."""
        self._running.discard(deadline)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PERIOD_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        passed = [deadline for deadline in self._running if deadline.at <= now]
        for deadline in passed:
            self._running.discard(deadline)
            deadline.end()
        if self._running:
            self._wait()
