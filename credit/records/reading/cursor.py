"""How far a consumer has read.

A consumer reads records behind its cursor, and in one transaction stores its result and moves the
cursor. Either both happen or none, so a restart neither skips a decision nor counts one twice.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from credit.errors import RecordError
from credit.records.store.state import cursors

_POSITION = select(cursors.c.position).where(cursors.c.consumer == bindparam("name"))
_MOVE = (
    update(cursors)
    .where(cursors.c.consumer == bindparam("name"), cursors.c.position == bindparam("expected"))
    .values(position=bindparam("new"), updated_at=bindparam("now"))
)


class CursorMoved(RecordError):
    """Another instance of the consumer moved its cursor: drop the result and read again.

    Attributes
    ----------
    expected, found
        Where the cursor was when the work began, and where it is now.
    """

    def __init__(self, consumer: str, expected: int, found: int) -> None:
        self.consumer = consumer
        self.expected = expected
        self.found = found
        super().__init__(
            f"The cursor of {consumer} was expected at {expected} and is at {found}: another "
            "instance read on; discard this result and read again from there."
        )

    def __reduce__(self) -> tuple[type[CursorMoved], tuple[str, int, int]]:
        """Keep the parts when the error crosses a process boundary."""
        return type(self), (self.consumer, self.expected, self.found)


def read_cursor(engine: Engine, consumer: str) -> int:
    """Read the last position that `consumer` is done with; 0 before its first."""
    with engine.begin() as connection:
        return _read(connection, consumer)


def advance_cursor(connection: Connection, consumer: str, expected: int, new: int) -> None:
    """Move the cursor from `expected` to `new` in the caller's write transaction.

    Call it first in the transaction: an instance that is late then stops before it writes anything.

    Parameters
    ----------
    connection
        From `begin_immediate`; the result of the records up to `new` is stored in it, too.
    new
        Not before `expected`: to read history again, use another consumer name.

    Raises
    ------
    CursorMoved
        The cursor is not at `expected`. Let it roll the transaction back.
    """
    if new < expected:
        raise ValueError(f"new: expected at least {expected}, got {new}; a cursor never goes back")
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    change = {"name": consumer, "expected": expected, "new": new, "now": now}
    if connection.execute(_MOVE, change).rowcount == 1:
        return
    found = connection.execute(_POSITION, {"name": consumer}).scalar_one_or_none()
    if found is not None or expected != 0:
        raise CursorMoved(consumer, expected, found or 0)
    first = insert(cursors).values(consumer=consumer, position=new, updated_at=now)
    connection.execute(first)


def _read(connection: Connection, consumer: str) -> int:
    return connection.execute(_POSITION, {"name": consumer}).scalar_one_or_none() or 0
