"""The total order of records, in which no record appears behind one that was already read.

On SQLite writers queue, so positions are given out in the order of commits. On PostgreSQL they are
not: of two transactions the one with the higher position may commit first, and a reader that went
by positions would never see the other. Records are therefore ordered by the transaction that wrote
them, and read only below the oldest one still open: whatever commits later lies behind.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    tuple_,
)

from credit.records.order import START, Cursor
from credit.records.store.engine import is_sqlite
from credit.records.store.schema import records

COLUMNS = [column for column in records.c if column is not records.c.commit_xid]
_commit_xid = func.coalesce(records.c.commit_xid, START.commit_xid).label("commit_xid")
STORED: Select[Any] = select(*COLUMNS, _commit_xid)
"""Every column of a record, with the transaction that wrote it."""

# The oldest transaction still open: its records, and those of younger ones, may yet appear.
_settled = records.c.commit_xid < cast(
    cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger
)
_behind_sqlite = records.c.position > bindparam("position")
_behind_postgres = tuple_(records.c.commit_xid, records.c.position) > tuple_(
    bindparam("commit_xid", type_=BigInteger), bindparam("position", type_=BigInteger)
)

_AFTER = {
    True: STORED.where(_behind_sqlite).order_by(records.c.position),
    False: STORED.where(_behind_postgres, _settled).order_by(
        records.c.commit_xid, records.c.position
    ),
}
_END = {
    True: select(literal(0), records.c.position).order_by(records.c.position.desc()).limit(1),
    False: select(records.c.commit_xid, records.c.position)
    .where(_settled)
    .order_by(records.c.commit_xid.desc(), records.c.position.desc())
    .limit(1),
}
_COUNT_AFTER = {
    True: select(func.count()).select_from(records).where(_behind_sqlite),
    False: select(func.count()).select_from(records).where(_behind_postgres, _settled),
}


def records_after(connection: Connection) -> Select[Any]:
    """Statement for the records behind ``commit_xid`` and ``position``, in order."""
    return _AFTER[is_sqlite(connection)]


def end_of_records(connection: Connection) -> Cursor:
    """Place of the last record that a consumer may read now; `START` when there is none."""
    row = connection.execute(_END[is_sqlite(connection)]).one_or_none()
    return START if row is None else Cursor(*row)


def count_after(connection: Connection, cursor: Cursor) -> int:
    """Count the records behind a cursor that may be read now."""
    statement = _COUNT_AFTER[is_sqlite(connection)]
    return connection.execute(statement, cursor._asdict()).scalar_one()
