"""What a law demands is kept, and nobody uses it."""

from __future__ import annotations

from datetime import date

import pytest

from credit.errors import RecordErased
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.erasure import load_policy
from tests.records.erasure.conftest import Erase
from tests.records.erasure.policies import policy
from tests.records.samples import clear_part, everything, new_record

DECIDED = "2025-03-01T12:00:00.000001+00:00"
LAST_DAY = date(2027, 4, 1)
"""25 months after it."""


def test_inside_the_floor_the_person_is_restricted_and_after_it_erased(
    writer: RecordWriter, reader: RecordReader, location: Location, erase_now: Erase
) -> None:
    us = load_policy("us")
    writer.append(new_record(clear=clear_part(created_at=DECIDED))).result()
    stored = everything(location)

    done = erase_now(applicant_id="applicant-1", policy=us, today=LAST_DAY)

    assert (done.status, done.day) == ("restricted", LAST_DAY)
    assert f"Restricted until {LAST_DAY}" in done.message
    assert reader.open_many(stored) == [None]
    assert reader.why_closed(stored) == ["restricted"]
    with pytest.raises(RecordErased, match="kept only because a law demands it"):
        reader.open(stored[0])

    done = erase_now(applicant_id="applicant-1", policy=us, today=date(2027, 4, 2))

    assert done.status == "erased"
    assert reader.why_closed(stored) == ["erased"]


def test_a_business_waits_less(writer: RecordWriter, erase_now: Erase) -> None:
    writer.append(new_record(clear=clear_part(created_at=DECIDED))).result()

    done = erase_now(
        applicant_id="applicant-1",
        policy=load_policy("us"),
        today=date(2026, 3, 2),
        product_kind="business",
    )

    assert done.status == "erased"


def test_who_must_show_what_is_kept_can_open_it(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    erase_now(applicant_id="applicant-1", policy=policy(1000))

    with RecordReader(location, keys, restricted=True) as reader:
        [stored] = everything(location)
        assert reader.open(stored).applicant_id == "applicant-1"
        assert reader.why_closed([stored]) == [None]


def test_the_newest_decision_counts(writer: RecordWriter, erase_now: Erase) -> None:
    for created_at in ("2025-06-15T00:00:00.000000+00:00", "2020-01-01T00:00:00.000000+00:00"):
        writer.append(new_record(clear=clear_part(created_at=created_at))).result()

    done = erase_now(applicant_id="applicant-1", policy=policy(12), today=date(2026, 1, 1))

    assert (done.status, done.day, done.n_records) == ("restricted", date(2026, 6, 15), 2)


def test_a_new_decision_on_a_restricted_person_is_restricted_too(
    writer: RecordWriter, reader: RecordReader, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    erase_now(applicant_id="applicant-1", policy=policy(1000))
    writer.append(new_record()).result()

    assert reader.why_closed(everything(location)) == ["restricted", "restricted"]


def test_a_restriction_leaves_no_tombstone(writer: RecordWriter, erase_now: Erase) -> None:
    writer.append(new_record()).result()

    assert erase_now(applicant_id="applicant-1", policy=policy(1000)).tombstone is None


def test_a_repeated_request_is_not_answered_from_what_is_only_kept(
    writer: RecordWriter, erase_now: Erase
) -> None:
    writer.append(new_record(key="k")).result()
    erase_now(applicant_id="applicant-1", policy=policy(1000))

    with pytest.raises(RecordErased, match="has asked for erasure since"):
        writer.append(new_record(key="k")).result()
