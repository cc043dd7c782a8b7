"""The consumer that scores, unseen, what others answered."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from credit.decision.bundle import Bundle
from credit.errors import RecordStoreUnavailable
from credit.records import (
    Cursor,
    CursorMoved,
    Lease,
    RecordReader,
    StoredRecord,
    advance_cursor,
    begin_write,
    read_cursor,
    rebuild,
)
from credit.records.reading.selection import Period, count_in_period
from credit.shadow.score import DigestOf, score_records
from credit.shadow.store import (
    ShadowRun,
    begin_run,
    create_tables,
    drop_rows,
    list_runs,
    read_run,
    restart,
    save_page,
)

logger = logging.getLogger(__name__)

PAGE = 1_000
"""Records of one step: what is in memory, and what is scored again after a crash."""


def cursor_of(name: str, bundle: str) -> str:
    """Name of the cursor: with another bundle, a shadow begins anew."""
    return f"shadow/{name}/{bundle}"


def stamp(when: datetime.datetime | None) -> str | None:
    """Write a time as records do, so that text compares as time."""
    return (
        None if when is None else when.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    )


class ShadowConsumer:
    """Scores each record once with one bundle, however many instances run; nothing of it is answered.

    Scores and the move of the cursor are one transaction: after a crash both are there or neither.

    Parameters
    ----------
    reader
        With keys: applications are sealed.
    state
        The state database; the tables are created in it.
    name
        Of the shadow. Another bundle under the same name begins anew, and keeps what was there.
    since
        Records made earlier are passed over. Part of what the run is: going on with another one is
        refused, going on without it keeps the one it was begun with.
    until
        Stop before the first record made then or later; a later instance may go on from there.
    digest_of
        As for :func:`~credit.shadow.score.score_records`.
    anew
        Forget what was scored with this bundle under this name, and begin with the first record.

    Raises
    ------
    SettingsInvalid
        When it was begun with another `since`.
    """

    def __init__(
        self,
        reader: RecordReader,
        state: sa.Engine,
        bundle: Bundle,
        name: str,
        *,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        digest_of: DigestOf = lambda hash_: None,
        anew: bool = False,
    ) -> None:
        self._reader = reader
        self._state = state
        self._bundle = bundle
        self._until = stamp(until)
        self._digest_of = digest_of
        self.cursor_name = cursor_of(name, bundle.hash)
        self._lease = Lease(state, self.cursor_name)
        create_tables(state)
        if anew:
            self._forget(name, stamp(since))
        self._run = begin_run(state, name, bundle.hash, bundle.contract.product, stamp(since))
        self._since = self._run.since

    def step(self) -> bool:
        """Score the next records, at most 1,000; blocking.

        Each step that found some commits, and syncs a disk that answers wait for as well: it is for the
        caller to let records gather.

        Returns
        -------
        Whether more are waiting. False, too, while another instance is at work.

        Raises
        ------
        RecordStoreUnavailable
            Records cannot be read, or the log ends before the cursor.
        KeyUnavailable
            The keys are not those of the store.
        """
        if not self._lease.hold():
            return False
        cursor = read_cursor(self._state, self.cursor_name)
        found = self._reader.after(cursor, PAGE)
        if not found:
            self._require_place(cursor)
        records = self._in_time(found)
        if not records:
            return False
        wanted = [r for r in records if self._since is None or r.created_at >= self._since]
        page = score_records(self._reader, self._bundle, wanted, self._digest_of)
        try:
            with begin_write(self._state) as connection:
                advance_cursor(connection, self.cursor_name, cursor, records[-1].cursor)
                save_page(connection, self._run.id, page, len(records) - len(wanted))
        except CursorMoved as moved:
            # The other instance stored the same scores; nothing is lost.
            logger.debug("shadow scores discarded: %s", moved)
            return False
        return len(records) == PAGE

    def is_ours(self) -> bool:
        """Tell whether this instance may work; False while another one is at it."""
        return self._lease.hold()

    def waiting(self) -> int:
        """Count the records that are still to be read; reads an index."""
        n_behind = self._reader.count_after(read_cursor(self._state, self.cursor_name))
        if self._until is None:
            return n_behind
        late = Period(since=datetime.datetime.fromisoformat(self._until))
        return max(0, n_behind - count_in_period(self._reader, late))

    def status(self) -> ShadowRun:
        """Tell how far it is."""
        return read_run(self._state, self._run.id)

    def rebuild(self) -> None:
        """Forget all scores and begin with the first record."""
        with begin_write(self._state) as connection:
            rebuild(connection, self.cursor_name)
            drop_rows(connection, self._run.id)

    def close(self) -> None:
        """Give the lease back, so that the next instance need not wait for it to run out."""
        self._lease.release()

    def _require_place(self, cursor: Cursor) -> None:
        """Refuse a cursor that the log does not reach: what is written next would be skipped."""
        end = self._reader.end()
        if cursor > end:
            raise RecordStoreUnavailable(
                f"The cursor {self.cursor_name[:40]} stands at position {cursor.position}, but the record log "
                f"ends at {end.position}; records and state come from different backups: restore both from "
                "the same one."
            )

    def _in_time(self, records: Sequence[StoredRecord]) -> Sequence[StoredRecord]:
        if self._until is None:
            return records
        late = (i for i, record in enumerate(records) if record.created_at >= self._until)
        return records[: next(late, len(records))]

    def _forget(self, name: str, since: str | None) -> None:
        for run in list_runs(self._state):
            if (run.name, run.bundle) == (name, self._bundle.hash):
                with begin_write(self._state) as connection:
                    rebuild(connection, self.cursor_name)
                    drop_rows(connection, run.id)
                    restart(connection, run.id, since)
