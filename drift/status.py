"""How far a monitor is, and what it said last; readable without a monitor."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine

from credit.records import RecordReader, read_cursor
from drift.result import DriftReport
from drift.store import latest_report
from drift.window import check_place


class MonitorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where a monitor stands.

    Attributes
    ----------
    cursor
        Last position that a report covers.
    last_position
        End of the record log.
    waiting
        Records behind the cursor, which no report covers yet.
    latest
        The newest report, None before the first.
    """

    consumer: str
    cursor: int
    last_position: int
    waiting: int
    latest: DriftReport | None


def read_status(reader: RecordReader, state: Engine, consumer: str = "drift") -> MonitorStatus:
    """Ask the two databases, in any process; needs no keys, and the table of reports to exist.

    Raises
    ------
    RecordStoreUnavailable
        The cursor lies behind the end of the log (see `drift.window.check_place`).
    """
    # The cursor first: read the other way round, it may overtake the end that was seen.
    cursor = read_cursor(state, consumer)
    end = reader.end()
    check_place(cursor, end)
    return MonitorStatus(
        consumer=consumer,
        cursor=cursor.position,
        last_position=end.position,
        waiting=reader.count_after(cursor),
        latest=latest_report(state, consumer),
    )
