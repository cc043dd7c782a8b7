"""Reports come back as they were stored, the newest window first."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from credit.records import begin_write
from drift import DriftReport, FeatureDrift, latest_report, list_reports
from drift.result import DetectorResult, Level, decode_report, encode_report, worst
from drift.store import create_tables, save_report


def report(first_position: int) -> DriftReport:
    found = FeatureDrift(
        feature="income", statistic=0.3, p_value=None, threshold=0.25, level="alarm"
    )
    result = DetectorResult(
        detector="psi",
        level="alarm",
        features=(found,),
        reference_size=2000,
        current_size=9,
        note="",
    )
    return DriftReport(
        first_position=first_position,
        last_position=first_position + 9,
        first_created_at="2025-03-01T12:00:00.000000+00:00",
        last_created_at="2025-03-01T13:00:00.000000+00:00",
        n_decisions=10,
        n_erased=1,
        n_mismatched=0,
        reference="r" * 64,
        bundle="b" * 64,
        n_other_bundles=0,
        level="alarm",
        detectors=(result,),
        created_at="2025-03-01T13:00:01.000000+00:00",
    )


def test_a_report_survives_json() -> None:
    assert decode_report(encode_report(report(1))) == report(1)


def test_reports_are_listed_by_window_for_each_consumer(state: Engine) -> None:
    create_tables(state)
    with begin_write(state) as connection:
        for first_position in (1, 11, 21):
            save_report(connection, "drift", report(first_position))
        save_report(connection, "history", report(1))

    listed = list_reports(state, limit=2, offset=1)

    assert [found.first_position for found in listed] == [11, 1]
    assert latest_report(state) == report(21)
    assert latest_report(state, "history") == report(1)
    assert latest_report(state, "nobody") is None


def test_a_second_report_about_a_window_is_refused(state: Engine) -> None:
    create_tables(state)
    with begin_write(state) as connection:
        save_report(connection, "drift", report(1))

    with pytest.raises(IntegrityError), begin_write(state) as connection:
        save_report(connection, "drift", report(1))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], "none"),
        (["none", "warning"], "warning"),
        (["alarm", "warning", "none"], "alarm"),
    ],
)
def test_the_worst_level_wins(levels: list[Level], expected: Level) -> None:
    assert worst(levels) == expected
