"""Choose records: a period, a seeded sample, or the whole log, page by page.

A period needs no scan, because decision ids sort by time (`credit.records.ids`).
"""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from credit.errors import SettingsInvalid
from credit.records.order import START
from credit.records.reading.order import STORED
from credit.records.reading.reader import RecordReader, stored_record
from credit.records.record import StoredRecord
from credit.records.store.schema import records

PAGE = 500
"""Records in memory at once, and how long a read keeps the log from being trimmed."""

_VERSION, _VARIANT = 0x7, 0b10


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` up to, and not including, `until`; None leaves an end open."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def __str__(self) -> str:
        return f"{self.since.isoformat() if self.since else ''}..{self.until.isoformat() if self.until else ''}"


def moment(text: str) -> datetime.datetime:
    """Read a point in time: an ISO date, which begins at midnight, or date and time; UTC unless it says otherwise.

    Raises
    ------
    SettingsInvalid
        It is neither.
    """
    try:
        read = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsInvalid(
            f"{text!r} is no point in time; write a date such as 2026-01-31, or 2026-01-31T14:05:00+00:00"
        ) from error
    return read.astimezone(datetime.UTC) if read.tzinfo else read.replace(tzinfo=datetime.UTC)


def period(text: str) -> Period:
    """Read ``FROM..TO``; either may be left out.

    Raises
    ------
    SettingsInvalid
        It is something else, or ends before it begins.
    """
    since, dots, until = text.partition("..")
    if not dots:
        raise SettingsInvalid(
            f"{text!r} is no period; write FROM..TO, such as 2026-01-01..2026-02-01"
        )
    return make_period(since or None, until or None)


def make_period(since: str | None, until: str | None) -> Period:
    """Read both ends of a period.

    Raises
    ------
    SettingsInvalid
        One cannot be read, or the period ends before it begins.
    """
    read = Period(moment(since) if since else None, moment(until) if until else None)
    if read.since and read.until and read.until <= read.since:
        raise SettingsInvalid(
            f"the period {read} ends before it begins; write the earlier time first"
        )
    return read


def id_at(when: datetime.datetime) -> str:
    """Smallest decision id of a millisecond: ids made from then on are not below it."""
    milliseconds = (when - _EPOCH) // datetime.timedelta(milliseconds=1)
    if milliseconds < 0:
        return str(uuid.UUID(int=0))
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION << 76 | _VARIANT << 62))


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def in_period(
    reader: RecordReader, wanted: Period, *, tenant: str | None = None
) -> Iterator[list[StoredRecord]]:
    """Read the decisions of a period in the order of their ids, in pages; `tenant` None takes all."""
    conditions = conditions_of(wanted, tenant)
    last = ""
    while True:
        statement = STORED.where(*conditions, records.c.decision_id > last)
        page = _read(reader, statement.order_by(records.c.decision_id).limit(PAGE))
        if not page:
            return
        yield page
        last = page[-1].decision_id


def newest_in_period(
    reader: RecordReader, wanted: Period, n: int, *, tenant: str, before: str | None = None
) -> list[StoredRecord]:
    """Read the newest `n` decisions of a tenant in a period, newest first.

    Parameters
    ----------
    before
        Only those whose id sorts before this one: the last of the page that was read before.
    """
    conditions = conditions_of(wanted, tenant)
    if before is not None:
        conditions.append(records.c.decision_id < before)
    statement = STORED.where(*conditions).order_by(records.c.decision_id.desc()).limit(n)
    return _read(reader, statement)


def count_in_period(reader: RecordReader, wanted: Period, *, tenant: str | None = None) -> int:
    """Count the decisions of a period; reads an index, so for a progress bar, not for a hot path."""
    statement = select(func.count()).select_from(records).where(*conditions_of(wanted, tenant))
    with reader.reading() as connection:
        return 0 if connection is None else connection.execute(statement).scalar_one()


def conditions_of(wanted: Period, tenant: str | None) -> list[ColumnElement[bool]]:
    """Conditions on the records that lie in a period."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(records.c.decision_id >= id_at(wanted.since))
    if wanted.until is not None:
        conditions.append(records.c.decision_id < id_at(wanted.until))
    if tenant is not None:
        conditions.append(records.c.tenant == tenant)
    return conditions


def whole_log(reader: RecordReader, *, tenant: str | None = None) -> Iterator[list[StoredRecord]]:
    """Read every record in the order of the store, in pages; `tenant` None takes all."""
    cursor = START
    while page := reader.after(cursor, PAGE):
        cursor = page[-1].cursor
        yield page if tenant is None else [r for r in page if r.tenant == tenant]


def sample(
    reader: RecordReader, n: int, *, seed: int, tenant: str | None = None
) -> Iterator[list[StoredRecord]]:
    """Draw `n` records uniformly and without repetition, or all when there are fewer.

    Draws positions and leaves out those that hold no record (of the tenant), which keeps the draw
    uniform and reads no more than it needs. Same log, same seed: same records.
    """
    first, last = _bounds(reader)
    found = 0
    for positions in _shuffled(first, last, random.Random(seed)):  # noqa: S311 - a sample, no secret
        statement = STORED.where(records.c.position.in_(positions))
        by_position = {record.position: record for record in _read(reader, statement)}
        drawn = [by_position[p] for p in positions if p in by_position]
        page = [r for r in drawn if tenant is None or r.tenant == tenant][: n - found]
        found += len(page)
        yield page
        if found >= n:
            return


def _shuffled(first: int, last: int, generator: random.Random) -> Iterator[list[int]]:
    """Go through all positions once, in random order, in pages, without a list of all of them at first."""
    size = max(0, last - first + 1)
    seen: set[int] = set()
    while len(seen) * 2 < size:
        page: list[int] = []
        while len(page) < min(PAGE, size):
            position = generator.randint(first, last)
            if position not in seen:
                seen.add(position)
                page.append(position)
        yield page
    # Most are drawn: from here on it is cheaper to shuffle what is left.
    rest = [position for position in range(first, last + 1) if position not in seen]
    generator.shuffle(rest)
    yield from (rest[i : i + PAGE] for i in range(0, len(rest), PAGE))


def _bounds(reader: RecordReader) -> tuple[int, int]:
    """First and last position, two looks at an index: SQLite walks all of it for both in one statement."""
    with reader.reading() as connection:
        if connection is None:
            return 1, 0
        first = connection.execute(select(func.min(records.c.position))).scalar_one()
        last = connection.execute(select(func.max(records.c.position))).scalar_one()
    return (1, 0) if first is None else (first, last)


def _read(reader: RecordReader, statement: Select[Any]) -> list[StoredRecord]:
    with reader.reading() as connection:
        rows = [] if connection is None else connection.execute(statement).all()
    return [stored_record(row) for row in rows]
