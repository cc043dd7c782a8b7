"""Each decision is in one report, whoever reads the log and whatever happens to him."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine

from credit.data.reference import Reference, save_reference
from credit.errors import RecordStoreUnavailable, SettingsInvalid
from credit.records import RecordReader, open_state
from drift import (
    DetectorLevels,
    DetectorResult,
    DriftMonitor,
    DriftReport,
    PsiDetector,
    TabularDriftDetector,
    latest_report,
    list_reports,
)
from drift.detector import Rows
from drift.result import encode_report
from tests.drift.conftest import BOTH

Append = Callable[..., None]
MakeMonitor = Callable[..., DriftMonitor]
Population = Callable[[int], Rows]


def drain(monitor: DriftMonitor) -> list[DriftReport]:
    return list(iter(monitor.step, None))


def bounds(reports: list[DriftReport]) -> list[tuple[int, int]]:
    return [(report.first_position, report.last_position) for report in reports]


def without_time(report: DriftReport) -> DriftReport:
    return msgspec.structs.replace(report, created_at="")


@BOTH
def test_reports_cover_each_decision_once(
    append: Append, population: Population, make_monitor: MakeMonitor, state: Engine
) -> None:
    append(population(105))

    reports = drain(make_monitor(window_size=25))

    assert bounds(reports) == [(1, 25), (26, 50), (51, 75), (76, 100)]
    assert list_reports(state) == reports[::-1]
    assert latest_report(state) == reports[-1]
    assert list_reports(state, limit=2, offset=1) == [reports[2], reports[1]]


@BOTH
def test_an_incomplete_window_waits(
    append: Append, population: Population, make_monitor: MakeMonitor
) -> None:
    monitor = make_monitor(window_size=10)
    assert monitor.step() is None

    append(population(9))
    assert monitor.step() is None
    assert monitor.status().waiting == 9

    append(population(1))
    assert monitor.step() is not None
    assert monitor.status().waiting == 0


def test_a_report_says_what_it_is_about(
    append: Append, population: Population, make_monitor: MakeMonitor, reference: Reference
) -> None:
    append(population(3), bundle="old")
    append(population(7), bundle="new")

    report = make_monitor(window_size=10, now=lambda: datetime(2025, 4, 1, tzinfo=UTC)).step()

    assert report is not None
    assert (report.bundle, report.n_other_bundles) == ("new", 3)
    assert (report.n_decisions, report.n_erased, report.n_mismatched) == (10, 0, 0)
    assert report.reference == reference.sha256
    assert report.first_created_at == "2025-03-01T12:00:00.000000+00:00"
    assert report.created_at == "2025-04-01T00:00:00.000000+00:00"
    assert [result.detector for result in report.detectors] == ["coverage", "psi"]


def test_both_detectors_see_a_shift_and_the_report_takes_the_worst(
    append: Append, population: Population, make_monitor: MakeMonitor, reference: Reference
) -> None:
    append(population(400))
    append(population(400) + np.array([0.0, 0.6]))
    detectors = [
        make(reference.rows, reference.feature_names, DetectorLevels())
        for make in (PsiDetector, TabularDriftDetector)
    ]

    before, after = drain(make_monitor(window_size=400, detectors=detectors))

    assert before.level == "none"
    assert after.level == "alarm"
    for result in after.detectors[1:]:
        assert [found.level for found in result.features] == ["none", "alarm"]


@BOTH
def test_erased_and_mismatched_decisions_are_counted(
    append: Append, population: Population, make_monitor: MakeMonitor, erase: Callable[[int], None]
) -> None:
    append(population(6))
    append(population(1), who="max")
    append([[1.0], [1.0, 2.0, 3.0], [1.0, float("inf")]])
    append([[float("nan"), 1.0]])
    erase(7)

    report = make_monitor(window_size=11).step()

    assert report is not None
    assert (report.n_decisions, report.n_erased, report.n_mismatched) == (11, 1, 3)
    assert [result.current_size for result in report.detectors] == [7, 7]
    assert report.detectors[0].note.startswith("7 of 11 decisions compared")


@pytest.mark.parametrize(("n_fit", "level"), [(0, "warning"), (4, "warning"), (5, "none")])
def test_a_window_that_could_not_be_compared_warns(
    append: Append, population: Population, make_monitor: MakeMonitor, n_fit: int, level: str
) -> None:
    append([[1.0]] * (10 - n_fit))
    append(population(n_fit))

    report = make_monitor(window_size=10).step()

    assert report is not None
    assert report.level == level
    assert [result.detector for result in report.detectors] == ["coverage", "psi"][: 1 + n_fit]


def test_a_report_holds_nothing_of_a_person(append: Append, make_monitor: MakeMonitor) -> None:
    append([[4321.5, 98765.5]] * 10)

    report = make_monitor(window_size=10).step()

    assert report is not None
    body = encode_report(report).decode()
    for personal in ("4321", "98765", "erika"):
        assert personal not in body


def test_a_window_holds_at_least_one_decision(make_monitor: MakeMonitor) -> None:
    with pytest.raises(SettingsInvalid, match="window_size: expected at least 1, came 0"):
        make_monitor(window_size=0)


def test_a_log_older_than_the_cursor_is_refused(
    *,
    append: Append,
    population: Population,
    make_monitor: MakeMonitor,
    state: Engine,
    reference: Reference,
    tmp_path: Path,
) -> None:
    """As after a restore of the records alone: what comes next would never be compared."""
    append(population(10))
    make_monitor(window_size=10).step()
    older = DriftMonitor(RecordReader(tmp_path / "older.db"), state, reference, [])

    with pytest.raises(RecordStoreUnavailable, match=r"at position 10, but .* ends at 0"):
        older.step()


def test_a_restart_continues_behind_the_last_report(
    *,
    append: Append,
    population: Population,
    make_monitor: MakeMonitor,
    state: Engine,
    reader: RecordReader,
    tmp_path: Path,
    reference: Reference,
) -> None:
    append(population(30))
    first = make_monitor(window_size=10).step()
    state.dispose()
    reader.close()
    append(population(5))

    reopened = open_state(tmp_path / "state.db")
    rest = drain(DriftMonitor(reader, reopened, reference, [], window_size=10))
    reopened.dispose()

    assert first is not None
    assert bounds([first, *rest]) == [(1, 10), (11, 20), (21, 30)]


@BOTH
@pytest.mark.parametrize("n_instances", [1, 2, 5])
def test_the_reports_do_not_depend_on_the_number_of_instances(
    append: Append,
    population: Population,
    make_monitor: MakeMonitor,
    state: Engine,
    n_instances: int,
) -> None:
    append(population(200))
    alone = [without_time(report) for report in drain(make_monitor(window_size=20, consumer="a"))]

    instances = [make_monitor(window_size=20) for _ in range(n_instances)]
    with ThreadPoolExecutor(n_instances) as pool:
        # An instance that loses a race gets None once and goes on with its next step.
        rounds = [pool.submit(monitor.step) for _ in range(20) for monitor in instances]
    stored = [report for done in rounds if (report := done.result()) is not None]

    together = [without_time(report) for report in list_reports(state)[::-1]]
    assert together == alone
    assert len(stored) == len(alone)


class Overtaken:
    """A detector during whose work another instance finishes the same window."""

    name = "overtaken"

    def __init__(self, rival: DriftMonitor) -> None:
        self._rival = rival

    def check(self, current: Rows) -> DetectorResult:
        self._rival.step()
        return DetectorResult(
            detector=self.name,
            level="alarm",
            features=(),
            reference_size=1,
            current_size=len(current),
            note="",
        )


@BOTH
def test_the_loser_of_a_race_discards_its_report(
    append: Append, population: Population, make_monitor: MakeMonitor, state: Engine
) -> None:
    append(population(20))
    loser = make_monitor(window_size=10, detectors=[Overtaken(make_monitor(window_size=10))])

    assert loser.step() is None

    [report] = list_reports(state)
    assert [result.detector for result in report.detectors] == ["coverage", "psi"]
    assert loser.status().cursor == 10


_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from credit.records import LocalKeyFile, RecordReader, open_state
from credit.data.reference import load_reference
from drift import DetectorLevels, DriftMonitor, PsiDetector

folder, moment = Path(sys.argv[1]), sys.argv[2]
state = open_state(folder / "state.db")
reference = load_reference(next(folder.glob("*.npz")))
detector = PsiDetector(reference.rows, reference.feature_names, DetectorLevels())
reader = RecordReader(folder / "records.db", LocalKeyFile(folder / "keys.json"))
monitor = DriftMonitor(reader, state, reference, [detector], window_size=10)
assert monitor.step()

reached = []

@event.listens_for(state, "before_cursor_execute")
def die_before_statement(connection, cursor, statement, *_):
    reached.append(statement)
    if statement.startswith(moment):
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(state, "commit")
def die_before_commit(_):
    if moment == "COMMIT" and reached[-1].startswith("INSERT INTO drift_reports"):
        os.kill(os.getpid(), signal.SIGKILL)

monitor.step()
"""


@pytest.mark.parametrize("moment", ["UPDATE cursors", "INSERT INTO drift_reports", "COMMIT"])
def test_a_killed_monitor_neither_skips_a_window_nor_repeats_one(
    *,
    append: Append,
    population: Population,
    make_monitor: MakeMonitor,
    state: Engine,
    reference: Reference,
    tmp_path: Path,
    moment: str,
) -> None:
    append(population(40))
    save_reference(reference, tmp_path)

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path), moment], check=False, timeout=60
    )
    drain(make_monitor(window_size=10))

    assert killed.returncode == -signal.SIGKILL
    assert bounds(list_reports(state)[::-1]) == [(1, 10), (11, 20), (21, 30), (31, 40)]
