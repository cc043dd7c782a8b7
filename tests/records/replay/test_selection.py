"""Which records are chosen: a period by ids alone, a sample by positions, always the same for a seed."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from credit.errors import SettingsInvalid
from credit.records import RecordReader, RecordWriter, new_decision_id
from credit.records.lineage.predictions import newest_predictions
from credit.records.reading.selection import (
    Period,
    count_in_period,
    id_at,
    in_period,
    make_period,
    moment,
    newest_in_period,
    period,
    sample,
    whole_log,
)
from tests.records.mostly_sqlite import BOTH
from tests.records.samples import new_record

START = datetime.datetime(2025, 3, 1, tzinfo=datetime.UTC)


def at(minute: int) -> datetime.datetime:
    return START + datetime.timedelta(minutes=minute)


@pytest.fixture
def minutes(writer: RecordWriter) -> list[str]:
    """One decision a minute, written in another order; every third is another tenant's."""
    made = [
        new_decision_id(lambda i=i: int(at(i).timestamp()) * 1_000_000_000)  # type: ignore[misc]
        for i in range(30)
    ]
    waiting = [
        writer.append(new_record(decision_id=id_, tenant="default" if i % 3 else "other"))
        for i, id_ in sorted(enumerate(made), key=lambda item: item[1][::-1])
    ]
    for receipt in waiting:
        receipt.result(10)
    return made


@BOTH
def test_a_period_gives_its_decisions_in_the_order_of_time(
    minutes: list[str], reader: RecordReader
) -> None:
    wanted = Period(at(5), at(12))

    found = [r.decision_id for page in in_period(reader, wanted) for r in page]
    mine = [r.decision_id for page in in_period(reader, wanted, tenant="default") for r in page]

    assert found == minutes[5:12]
    assert mine == [id_ for i, id_ in enumerate(minutes) if 5 <= i < 12 and i % 3]
    assert count_in_period(reader, wanted) == 7
    assert count_in_period(reader, wanted, tenant="other") == 2


@BOTH
def test_the_newest_of_a_tenant_come_page_by_page_newest_first(
    minutes: list[str], reader: RecordReader
) -> None:
    mine = [id_ for i, id_ in enumerate(minutes) if i % 3][::-1]
    found: list[str] = []
    while page := newest_in_period(
        reader, Period(), 7, tenant="default", before=found[-1] if found else None
    ):
        found += [record.decision_id for record in page]
    within = newest_in_period(reader, Period(at(5), at(12)), 100, tenant="default")
    listed = newest_predictions(reader, Period(), 4, tenant="default", opened=False, offset=3)

    assert found == mine
    assert [record.decision_id for record in within] == [
        id_ for id_ in mine if id_ in minutes[5:12]
    ]
    assert [row.decision_id for row in listed] == mine[3:7]


def test_open_ends_take_everything(minutes: list[str], reader: RecordReader) -> None:
    for wanted, expected in (
        (Period(), minutes),
        (Period(since=at(28)), minutes[28:]),
        (Period(until=at(1)), minutes[:1]),
        (Period(until=datetime.datetime(1960, 1, 1, tzinfo=datetime.UTC)), []),
    ):
        assert [r.decision_id for page in in_period(reader, wanted) for r in page] == expected


def test_a_period_uses_the_index_and_scans_nothing(
    minutes: list[str], reader: RecordReader
) -> None:
    statement = (
        "SELECT * FROM records WHERE decision_id >= :a AND decision_id < :b ORDER BY decision_id"
    )
    with reader.reading() as connection:
        assert connection is not None
        plan = connection.execute(
            text(f"EXPLAIN QUERY PLAN {statement}"), {"a": id_at(at(1)), "b": id_at(at(2))}
        )
        assert "USING INDEX" in " ".join(str(row) for row in plan)


@given(st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2200, 1, 1)))
def test_ids_made_from_a_moment_on_are_not_below_its_bound(when: datetime.datetime) -> None:
    utc = when.replace(microsecond=when.microsecond // 1000 * 1000, tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    ns = (utc - epoch) // datetime.timedelta(microseconds=1) * 1000

    assert new_decision_id(lambda: ns) >= id_at(utc)
    assert new_decision_id(lambda: ns - 1) < id_at(utc)


@BOTH
def test_a_sample_is_drawn_without_repetition_and_the_same_for_a_seed(
    minutes: list[str], reader: RecordReader
) -> None:
    def drawn(seed: int, n: int = 8, tenant: str | None = None) -> list[str]:
        pages = sample(reader, n, seed=seed, tenant=tenant)
        return [r.decision_id for page in pages for r in page]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) == 8
    assert sorted(drawn(3, n=1000)) == minutes  # more than there are: all
    assert len(drawn(4, n=1000, tenant="other")) == 10


def test_a_sample_is_uniform_also_where_positions_are_missing(
    minutes: list[str], reader: RecordReader, update: Callable[..., None]
) -> None:
    """The first half of the log is gone but for one record: it must not be drawn more often."""
    update("DELETE FROM records WHERE position BETWEEN 2 AND 15")
    counts = Counter(
        r.decision_id for seed in range(800) for page in sample(reader, 1, seed=seed) for r in page
    )

    assert len(counts) == 16
    # 50 each on average; five standard deviations of a binomial count are 34.
    assert all(16 <= n <= 84 for n in counts.values())


def test_a_store_that_is_not_there_has_nothing_to_choose_from(reader: RecordReader) -> None:
    assert list(sample(reader, 5, seed=1)) == []
    assert list(in_period(reader, Period())) == []
    assert list(whole_log(reader)) == []


def test_times_are_utc_unless_they_say_otherwise() -> None:
    assert moment("2025-03-01") == START
    assert moment("2025-03-01T01:00:00+01:00") == START
    assert period("2025-03-01..") == Period(START, None)
    assert str(period("2025-03-01..2025-03-02")) == (
        "2025-03-01T00:00:00+00:00..2025-03-02T00:00:00+00:00"
    )


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="is no point in time; write a date such as"):
        moment(text)


def test_what_is_no_period_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match=r"is no period; write FROM\.\.TO"):
        period("2025-03-01")
    with pytest.raises(SettingsInvalid, match="ends before it begins"):
        make_period("2025-03-02", "2025-03-01")
