"""Rows of the store as the driver gives them, at the least cost: no ORM, no decoding of text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from credit.errors import RecordStoreUnavailable
from credit.records.proof.chain import HASHED_FIELDS
from credit.records.store.engine import cause_of, is_sqlite, open_engine
from credit.records.store.location import Location, name_of

_TEXT = HASHED_FIELDS[:-2]
# SQLite takes any type in any column: text turned into bytes would hash alike, and not be found again.
# It orders numbers before text and text before bytes, so two comparisons tell the types of all columns.
_SOUND = (
    f"typeof(max({', '.join(_TEXT)})) = 'text' "
    "AND typeof(min(previous_hash, hash, clear, sealed)) = 'blob'"
)
_RECORDS = {
    True: f"SELECT {_SOUND}, 0, position, sequence, previous_hash, hash, {', '.join(HASHED_FIELDS)} "  # noqa: S608
    "FROM records WHERE position BETWEEN ? AND ? ORDER BY position",
    False: "SELECT true, commit_xid, position, sequence, previous_hash, hash, "  # noqa: S608
    + f"{', '.join(HASHED_FIELDS)} FROM records WHERE position BETWEEN %s AND %s ORDER BY position",
}
_AT = {
    True: "SELECT hash, position, decision_id FROM records WHERE writer = ? AND sequence = ?",
    False: "SELECT records.hash, position, decision_id, wanted.place FROM "
    "unnest(%s::text[], %s::int8[], %s::int8[]) AS wanted (writer, sequence, place) "
    "JOIN records ON records.writer = wanted.writer AND records.sequence = wanted.sequence",
}

XID, POSITION, SEQUENCE, PREVIOUS_HASH, HASH, FIELDS = range(1, 7)
"""Columns of a row of `RawReader.records`; the first says whether all types are as written."""
DECISION_ID, WRITER = (FIELDS + HASHED_FIELDS.index(name) for name in ("decision_id", "writer"))

Head = tuple[str, int, str]


class RawReader:
    """Reads one store in short statements, each with a snapshot of its own. Close it.

    Text comes as UTF-8 bytes: that is what is hashed, and what somebody changed may be no text.
    """

    def __init__(self, location: Location) -> None:
        self._name = name_of(location)
        self.engine = open_engine(location, read_only=True)
        self._sqlite = is_sqlite(self.engine)
        self._raw = self.engine.raw_connection()
        driver: Any = self._raw.driver_connection
        if self._sqlite:
            driver.text_factory = bytes
            self._cursor = driver.cursor()
            self._errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
        else:
            from psycopg import Error
            from psycopg.types.string import ByteaBinaryLoader

            driver.autocommit = True
            driver.execute("SET client_encoding TO 'UTF8'")
            for kind in ("text", "varchar"):
                driver.adapters.register_loader(kind, ByteaBinaryLoader)
            self._cursor = driver.cursor(binary=True)
            self._errors = (Error, OSError)

    def close(self) -> None:
        """Close the connections."""
        self._cursor.close()
        self._raw.invalidate()  # it was changed, so the pool must not give it out again
        self.engine.dispose()

    def records(self, first: int, last: int) -> Iterator[Any]:
        """Read the records from one position to another, both included, in order."""
        return self._query(_RECORDS[self._sqlite], (first, last))

    def heads(self, heads: Sequence[Head]) -> Iterator[tuple[Head, bytes, int, bytes]]:
        """Look up writer and sequence of signed heads: hash, position and decision id of those there."""
        if self._sqlite:
            for head in heads:
                for hash_, position, decision_id in self._query(_AT[True], head[:2]):
                    yield head, hash_, position, decision_id
            return
        columns = ([h[0] for h in heads], [h[1] for h in heads], list(range(len(heads))))
        for hash_, position, decision_id, place in self._query(_AT[False], columns):
            yield heads[place], hash_, position, decision_id

    def unreadable(self, error: Exception) -> RecordStoreUnavailable:
        """Say that the store cannot be read, and why."""
        return RecordStoreUnavailable(
            f"The record store {self._name} cannot be read ({cause_of(error)}); check that the database runs "
            "and that its disk is well."
        )

    def _query(self, statement: str, values: Sequence[object]) -> Iterator[Any]:
        try:
            self._cursor.execute(statement, values)
            yield from self._cursor
        except self._errors as error:
            raise self.unreadable(error) from error
