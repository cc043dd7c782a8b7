"""Write a batch to SQLite with one statement, which is a transaction of its own.

It inserts into a view that only this connection sees, and a trigger hands each row on to the tables. So
the database is entered once while all other writers wait: with a statement for each table, and one each
for BEGIN and COMMIT, the thread would queue for the interpreter after every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection

from credit.records.append.whole_row import NAMES, SHARES
from credit.records.store.bulk import Row
from credit.records.store.sqlite import raw_cursor

_CREATED = "whole_row"
_NOTHING = (None,) * len(NAMES)
# The key that a row relies on must still be its applicant's, and alive: an erasure may have come first.
_KEY_IS_THERE = """
SELECT RAISE(ABORT, 'a subject key is gone') WHERE NEW.wrapped_key IS NULL AND NOT EXISTS (
  SELECT 1 FROM subjects JOIN subject_keys USING (subject_ref)
  WHERE subjects.applicant_digest = NEW.applicant_digest AND subject_keys.key_id = NEW.key_id
    AND subject_keys.wrapped_key IS NOT NULL);
"""


def create_view(connection: Connection) -> None:
    """Create view and trigger, in memory, once for each connection."""
    if connection.info.get(_CREATED):
        return
    columns = ", ".join(f"NULL AS {name}" for name in NAMES)
    with raw_cursor(connection) as cursor:
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute(f"CREATE TEMP VIEW IF NOT EXISTS whole_row AS SELECT {columns}")
        cursor.execute(
            "CREATE TEMP TRIGGER IF NOT EXISTS write_whole_row INSTEAD OF INSERT ON whole_row "
            f"WHEN NEW.decision_id IS NOT NULL BEGIN {_KEY_IS_THERE}{_inserts()} END"
        )
    connection.info[_CREATED] = True


def write_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Write rows and commit; call it under the file lock, with no transaction open.

    Raises
    ------
    sqlite3.IntegrityError
        A key is taken, or one that a row relies on is gone; nothing was written.
    """
    # Few lengths need few statements; the trigger passes over rows of nothing.
    length = 1 << (len(rows) - 1).bit_length()
    padded = chain(rows, [_NOTHING] * (length - len(rows)))
    with raw_cursor(connection) as cursor:
        cursor.execute(_insert(length), tuple(chain.from_iterable(padded)))


def _inserts() -> str:
    return " ".join(
        f"INSERT INTO {share.table.name} ({', '.join(share.columns)}) "
        f"SELECT {', '.join(f'NEW.{name}' for name in share.columns)} "
        f"WHERE NEW.{share.unless_null} IS NOT NULL;"
        for share in SHARES
    )


@cache
def _insert(n_rows: int) -> str:
    row = f"({', '.join('?' for _ in NAMES)})"
    return f"INSERT INTO temp.whole_row VALUES {', '.join([row] * n_rows)}"  # noqa: S608 - our own names
