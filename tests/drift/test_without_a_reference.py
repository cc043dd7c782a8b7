"""A reference can be erased with the people in it; the service, and the monitor, go on."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from credit.records import RecordReader
from drift import DriftMonitor


def test_reports_say_that_nothing_was_compared(
    reader: RecordReader, state: Engine, append: Callable[..., None]
) -> None:
    append([[0.0, 1.0]] * 20)
    monitor = DriftMonitor(reader, state, None, (), window_size=20)

    report = monitor.step()

    assert report is not None
    assert (report.n_decisions, report.reference, report.level) == (20, "", "warning")
    [coverage] = report.detectors
    assert "drift reference was erased" in coverage.note
    assert monitor.step() is None  # the window is done
