"""Positions on SQLite: given out without gaps, so an empty one shows that a record was removed.

A transaction that is rolled back gives its positions back there, with the counter. PostgreSQL keeps
them, so gaps are usual and say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from credit.records.proof.findings import RECORDS, STORE, Finding, Order, Placed
from credit.records.store.engine import is_sqlite

_BOUNDS = text("SELECT min(position), max(position) FROM records")
_COUNTER = text("SELECT seq FROM sqlite_sequence WHERE name = 'records'")
_AT = text("SELECT decision_id, writer, sequence FROM records WHERE position = :position")
_NEXT = text("SELECT min(position) FROM records WHERE position > :position")
_FIRST_EMPTY = text(
    """
    SELECT min(position) + 1 FROM (SELECT 0 AS position UNION ALL SELECT position FROM records) AS given
    WHERE position >= 0
    AND NOT EXISTS (SELECT 1 FROM records AS next WHERE next.position = given.position + 1)
    """
)


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of a store at one moment.

    Attributes
    ----------
    first, last
        The lowest and the highest; 1 and 0 for an empty store.
    counter
        The last one given out, on SQLite; None on PostgreSQL.
    """

    first: int
    last: int
    counter: int | None


def read_positions(connection: Connection) -> Positions:
    """Read the bounds, and the counter of SQLite."""
    first, last = connection.execute(_BOUNDS).one()
    counter = None
    if is_sqlite(connection):
        found: Any = connection.execute(_COUNTER).scalar_one_or_none()
        counter = found if isinstance(found, int) else 0
    return Positions(1 if first is None else first, last or 0, counter)


def stretches(connection: Connection, positions: Positions, size: int) -> list[tuple[int, int]]:
    """Divide the positions into stretches of at most `size`, leaving out what is empty between."""
    found, last = [], positions.first - 1
    while last < positions.last:
        first = connection.execute(_NEXT, {"position": last}).scalar_one()
        last = min(first + size - 1, positions.last)
        found.append((first, last))
    return found


def check_positions(
    connection: Connection, positions: Positions, n_records: int, n_missing: int
) -> list[Placed]:
    """Find records at places that were never given out, and records that nothing else misses.

    Parameters
    ----------
    n_records
        How many records there are up to the last position.
    n_missing
        How many are known to be missing, from chains and checkpoints.
    """
    if positions.counter is None:
        return []
    findings = []
    for position in {positions.first, positions.last} if n_records else ():
        if not 1 <= position <= positions.counter:
            decision_id, writer, sequence = connection.execute(_AT, {"position": position}).one()
            finding = Finding(
                kind="order-broken",
                message=f"It lies at position {position}, which was never given out (the last one was "
                f"{positions.counter}): it was moved or added.",
                decision_id=decision_id,
                position=position,
                writer=writer,
                sequence=sequence,
            )
            findings.append((Order(RECORDS, position), finding))
    n_empty = positions.counter - n_records
    if not findings and n_empty > n_missing:
        first = connection.execute(_FIRST_EMPTY).scalar_one()
        message = (
            f"{n_empty:,} positions are empty, the first is {first}, and chains and checkpoints miss only "
            f"{n_missing:,} records: whole chains, or ends that no checkpoint knows, were removed."
        )
        finding = Finding(kind="records-missing", message=message, position=first)
        findings.append((Order(STORE, first), finding))
    return findings
