"""Which decisions make a window: by their order in the log only, never by a clock.

A window begins behind the cursor and ends when it holds its number of decisions; the next begins
where it ended. So every reader of one log cuts the same windows, whenever and how often it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from credit.errors import RecordStoreUnavailable
from credit.records import Cursor

MAX_READ = 1_000
"""Most records in one read: a short read leaves the log to others soon."""


class Placed(Protocol):
    """Something that has a place in the log."""

    @property
    def cursor(self) -> Cursor:
        """Place in the order of the log."""


R = TypeVar("R", bound=Placed)


def check_place(cursor: Cursor, end: Cursor) -> None:
    """Refuse a cursor that the log does not reach.

    Raises
    ------
    RecordStoreUnavailable
        The cursor lies behind the end of the log: whatever is written next would be skipped.
    """
    if cursor > end:
        raise RecordStoreUnavailable(
            f"A cursor stands at position {cursor.position}, but the record log ends at {end.position}; "
            "records and state come from different backups: restore both from the same one."
        )


def is_short(cursor: Cursor, end: Cursor, size: int) -> bool:
    """Tell from places alone that no window is complete yet; False when only reading can tell.

    A monitor looks twice a second, and would read what it cannot use yet again and again.
    """
    # Of one transaction (on SQLite, where the order is by position, all count as one) positions only rise.
    return end.commit_xid == cursor.commit_xid and end.position - cursor.position < size


def read_window(
    read: Callable[[Cursor, int], Sequence[R]], cursor: Cursor, size: int
) -> tuple[R, ...] | None:
    """Collect the window behind `cursor`, or None while the log does not hold all of it.

    Parameters
    ----------
    read
        Returns records behind a cursor, in order, at most as many as asked; none at the end.
    """
    held: list[R] = []
    while len(held) < size:
        after = held[-1].cursor if held else cursor
        found = read(after, min(MAX_READ, size - len(held)))
        if not found:
            return None
        held.extend(found)
    return tuple(held)
