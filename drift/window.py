"""Which decisions make a window: by their order in the log only, never by a clock.

A window begins behind the cursor and ends when it holds its number of decisions; the next begins
where it ended. So every reader of one log cuts the same windows, whenever and how often it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from credit.errors import RecordStoreUnavailable

MAX_READ = 1_000
"""Most records in one read: a short read leaves the log to others soon."""


class Positioned(Protocol):
    """Something that has a place in the log."""

    @property
    def position(self) -> int:
        """Place in the order of the log."""


R = TypeVar("R", bound=Positioned)


def n_waiting(cursor: int, last_position: int) -> int:
    """Count the positions that a consumer has not read.

    Never fewer than the records it has not read: positions rise, and may leave gaps.

    Raises
    ------
    RecordStoreUnavailable
        The cursor lies behind the end of the log: whatever is written next would be skipped.
    """
    if cursor > last_position:
        raise RecordStoreUnavailable(
            f"A cursor stands at position {cursor}, but the record log ends at {last_position}; "
            "records and state come from different backups: restore both from the same one."
        )
    return last_position - cursor


def read_window(
    read: Callable[[int, int], Sequence[R]], cursor: int, size: int
) -> tuple[R, ...] | None:
    """Collect the window behind `cursor`, or None while the log does not hold all of it.

    Parameters
    ----------
    read
        Returns records after a position, in order, at most as many as asked; none at the end.
    """
    held: list[R] = []
    while len(held) < size:
        after = held[-1].position if held else cursor
        found = read(after, min(MAX_READ, size - len(held)))
        if not found:
            return None
        held.extend(found)
    return tuple(held)
