"""How many large bodies one replica holds, so that its memory has a bound that does not depend on who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from serve_app.admission import Overloaded
from serve_app.requests import MAXIMUM_BODY_BYTES


class LargeBodies:
    """Room for bodies above 64 KiB, of one event loop. Smaller ones are bounded by the door.

    Parameters
    ----------
    maximum
        How many are held at a time.
    retry_after_s
        When to come again.
    """

    def __init__(self, maximum: int, retry_after_s: Callable[[], int]) -> None:
        self._maximum = maximum
        self._held = 0
        self._retry_after_s = retry_after_s

    def take(self) -> None:
        """Take the room of one body.

        Raises
        ------
        Overloaded
            When there is none.
        """
        if self._held >= self._maximum:
            raise Overloaded(
                f"{self._held} large bodies are being worked on already; nothing was decided. Try again after "
                "Retry-After",
                self._retry_after_s(),
            )
        self._held += 1

    def give_back(self) -> None:
        """Make room for another one."""
        self._held -= 1


class HeldBody:
    """The body of one request, until the request has ended."""

    def __init__(self, room: LargeBodies) -> None:
        self._room = room
        self._is_large = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_large:
            self._is_large = False
            self._room.give_back()

    def grow(self, n_bytes: int) -> None:
        """Note how long it is, or will be.

        Raises
        ------
        Overloaded
            When it is large, and there is no room for another large one.
        """
        if n_bytes > MAXIMUM_BODY_BYTES and not self._is_large:
            self._room.take()
            self._is_large = True
