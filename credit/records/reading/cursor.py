"""How far a consumer has read.

A consumer reads records behind its cursor, and in one transaction stores its result and moves the
cursor. Either both happen or none, so a restart neither skips a decision nor counts one twice.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, bindparam, select, update

from credit.errors import RecordError
from credit.records.order import START, Cursor
from credit.records.store.engine import insert_into
from credit.records.store.state import cursors

_FIND = select(cursors.c.commit_xid, cursors.c.position).where(
    cursors.c.consumer == bindparam("name")
)
_MOVE = (
    update(cursors)
    .where(
        cursors.c.consumer == bindparam("name"),
        cursors.c.commit_xid == bindparam("expected_xid"),
        cursors.c.position == bindparam("expected_position"),
    )
    .values(
        commit_xid=bindparam("new_xid"),
        position=bindparam("new_position"),
        updated_at=bindparam("now"),
    )
)


class CursorMoved(RecordError):
    """Another instance of the consumer moved its cursor: drop the result and read again.

    Attributes
    ----------
    expected, found
        Where the cursor was when the work began, and where it is now.
    """

    def __init__(self, consumer: str, expected: Cursor, found: Cursor) -> None:
        self.consumer = consumer
        self.expected = expected
        self.found = found
        super().__init__(
            f"The cursor of {consumer} was expected at {expected.position} and is at "
            f"{found.position}: another instance read on; discard this result and read again from there."
        )

    def __reduce__(self) -> tuple[type[CursorMoved], tuple[str, Cursor, Cursor]]:
        """Keep the parts when the error crosses a process boundary."""
        return type(self), (self.consumer, self.expected, self.found)


def read_cursor(engine: Engine, consumer: str) -> Cursor:
    """Read the last place that `consumer` is done with; `START` before its first."""
    with engine.begin() as connection:
        return _read(connection, consumer) or START


def advance_cursor(connection: Connection, consumer: str, expected: Cursor, new: Cursor) -> None:
    """Move the cursor from `expected` to `new` in the caller's write transaction.

    Call it first in the transaction: an instance that is late then stops before it writes anything.

    Parameters
    ----------
    connection
        From `begin_write`; the result of the records up to `new` is stored in it, too.
    new
        Not before `expected`: `rebuild` begins anew.

    Raises
    ------
    CursorMoved
        The cursor is not at `expected`. Let it roll the transaction back.
    """
    if new < expected:
        raise ValueError(
            f"new: expected at least {expected.position}, got {new.position}; a cursor never goes back"
        )
    if not (
        _move(connection, consumer, expected, new) or _begin(connection, consumer, expected, new)
    ):
        raise CursorMoved(consumer, expected, _read(connection, consumer) or START)


def rebuild(connection: Connection, consumer: str) -> None:
    """Put the cursor before the first record, in the transaction that drops the consumer's results."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    connection.execute(
        update(cursors)
        .where(cursors.c.consumer == consumer)
        .values(commit_xid=START.commit_xid, position=START.position, updated_at=now)
    )


def _move(connection: Connection, consumer: str, expected: Cursor, new: Cursor) -> bool:
    change = {
        "name": consumer,
        "expected_xid": expected.commit_xid,
        "expected_position": expected.position,
        "new_xid": new.commit_xid,
        "new_position": new.position,
        "now": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    return connection.execute(_MOVE, change).rowcount == 1


def _begin(connection: Connection, consumer: str, expected: Cursor, new: Cursor) -> bool:
    """Write the first row of a cursor; of two instances that try, the database lets one."""
    if expected != START:
        return False
    row = {
        "consumer": consumer,
        "commit_xid": new.commit_xid,
        "position": new.position,
        "updated_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    statement = insert_into(connection, cursors).values(row).on_conflict_do_nothing()
    written = statement.returning(cursors.c.consumer)
    return connection.execute(written).one_or_none() is not None


def _read(connection: Connection, consumer: str) -> Cursor | None:
    row = connection.execute(_FIND, {"name": consumer}).one_or_none()
    return None if row is None else Cursor(row.commit_xid, row.position)
