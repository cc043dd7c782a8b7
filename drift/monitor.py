"""The consumer that compares each window of decisions with the reference."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import Engine

from credit.data.reference import Reference
from credit.errors import SettingsInvalid
from credit.records import (
    Cursor,
    CursorMoved,
    RecordReader,
    StoredRecord,
    advance_cursor,
    begin_write,
    read_cursor,
)
from drift.coverage import coverage, no_reference
from drift.detector import Detector
from drift.result import DetectorResult, DriftReport, worst
from drift.rows import OpenedRows, open_rows
from drift.status import MonitorStatus, read_status
from drift.store import create_tables, save_report
from drift.window import check_place, is_short, read_window

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DriftMonitor:
    """Reports on every window of the record log once, however many instances run.

    A report and the move of the cursor are one transaction: after a crash neither or both are
    there, and of two instances that compared the same window only one can store its report.

    Parameters
    ----------
    reader
        With keys: the vectors are sealed.
    state
        The state database; the table of reports is created in it.
    reference
        None when the bundle's was erased: windows are counted, and their reports say that nothing was
        compared.
    detectors
        Made with the rows of `reference`.
    window_size
        Decisions in a window. 500 see a shift of a third of a standard deviation in one of 14
        features (`drift.detector.DetectorLevels`); all instances should use the same.
    consumer
        Name of the cursor. Another name reads history again, from its beginning.
    now
        Time for `DriftReport.created_at`; nothing else depends on it.
    """

    def __init__(
        self,
        reader: RecordReader,
        state: Engine,
        reference: Reference | None,
        detectors: Sequence[Detector],
        *,
        window_size: int = 500,
        consumer: str = "drift",
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if window_size < 1:
            raise SettingsInvalid(f"window_size: expected at least 1, came {window_size}")
        self._reader = reader
        self._state = state
        self._reference = reference
        self._detectors = tuple(detectors)
        self._window_size = window_size
        self._consumer = consumer
        self._now = now
        create_tables(state)

    def step(self) -> DriftReport | None:
        """Compare the next window and store the report; blocking.

        Returns
        -------
        The stored report, or None: the window is not complete, or another instance was faster.
        """
        cursor = read_cursor(self._state, self._consumer)
        end = self._reader.end()
        check_place(cursor, end)
        if is_short(cursor, end, self._window_size):
            return None
        records = read_window(self._reader.after, cursor, self._window_size)
        if records is None:
            return None
        report = self._compare(records)
        return report if self._store(report, cursor, records[-1].cursor) else None

    def status(self) -> MonitorStatus:
        """Tell how far the reports are."""
        return read_status(self._reader, self._state, self._consumer)

    def _compare(self, records: Sequence[StoredRecord]) -> DriftReport:
        if self._reference is None:
            return make_report(
                records,
                OpenedRows(rows=np.empty((0, 0)), n_erased=0, n_mismatched=0),
                reference="",
                results=(no_reference(len(records)),),
                created_at=self._now().isoformat(timespec="microseconds"),
            )
        opened = open_rows(self._reader, records, len(self._reference.feature_names))
        return make_report(
            records,
            opened,
            reference=self._reference.sha256,
            results=(
                coverage(
                    n_decisions=len(records),
                    n_compared=len(opened.rows),
                    reference_size=len(self._reference.rows),
                ),
                *self._check(opened),
            ),
            created_at=self._now().isoformat(timespec="microseconds"),
        )

    def _check(self, opened: OpenedRows) -> list[DetectorResult]:
        # Nothing can be said about no rows; `coverage` says that there were none.
        if len(opened.rows) == 0:
            return []
        return [detector.check(opened.rows) for detector in self._detectors]

    def _store(self, report: DriftReport, cursor: Cursor, end: Cursor) -> bool:
        try:
            with begin_write(self._state) as connection:
                advance_cursor(connection, self._consumer, cursor, end)
                save_report(connection, self._consumer, report)
        except CursorMoved as moved:
            # The winner stored this same report; nothing is lost.
            logger.debug("report discarded: %s", moved)
            return False
        logger.info(
            "drift level %s at positions %d to %d",
            report.level,
            report.first_position,
            report.last_position,
        )
        return True


def make_report(
    records: Sequence[StoredRecord],
    opened: OpenedRows,
    *,
    reference: str,
    results: tuple[DetectorResult, ...],
    created_at: str,
) -> DriftReport:
    """Put together what is known about one window of at least one record."""
    first, last = records[0], records[-1]
    bundle, n_of_bundle = _most_frequent([record.clear.bundle for record in records])
    return DriftReport(
        first_position=first.position,
        last_position=last.position,
        first_created_at=first.created_at,
        last_created_at=last.created_at,
        n_decisions=len(records),
        n_erased=opened.n_erased,
        n_mismatched=opened.n_mismatched,
        reference=reference,
        bundle=bundle,
        n_other_bundles=len(records) - n_of_bundle,
        level=worst(result.level for result in results),
        detectors=results,
        created_at=created_at,
    )


def _most_frequent(names: Sequence[str]) -> tuple[str, int]:
    """Return the most frequent name and its count; of equals the one seen first."""
    return Counter(names).most_common(1)[0]
