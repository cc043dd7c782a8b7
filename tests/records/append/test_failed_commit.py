"""A transaction that fails tells everyone in it, and leaves no trace."""

from __future__ import annotations

import logging

import pytest

from credit.errors import KeyUnavailable, RecordStoreUnavailable
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.store.location import name_of
from tests.records.samples import (
    broken_links,
    everything,
    fail_route,
    mend_route,
    new_record,
    tamper,
    writers_wait,
)


def test_a_failed_transaction_fails_its_batch_and_the_next_one_works(
    writer: RecordWriter, location: Location, reader: RecordReader, caplog: pytest.LogCaptureFixture
) -> None:
    writer.append(new_record(key="before")).result()
    fail_route(location)

    failing = writer.append(new_record(key="k", route="/fails", applicant_id="new"))
    with (
        caplog.at_level(logging.CRITICAL),
        pytest.raises(RecordStoreUnavailable, match="the disk is on fire") as failure,
    ):
        failing.result()
    after = writer.append(new_record(key="after")).result()

    assert name_of(location) in str(failure.value)
    assert "check the database and the free space" in str(failure.value)
    assert failure.value.__cause__ is not None
    stored = everything(location)
    assert len(stored) == 2
    assert stored[1].decision_id == after.decision_id
    assert stored[0].writer != stored[1].writer  # the failed identity is retired
    assert broken_links(stored) == []
    assert reader.count() == 2


def test_everyone_in_a_failed_transaction_is_told(location: Location, keys: LocalKeyFile) -> None:
    with RecordWriter(location, keys, max_batch=4) as writer:
        fail_route(location)
        with writers_wait(location):
            writer.append(new_record())
            receipts = [writer.append(new_record(route="/fails")) for _ in range(8)]

        errors = [receipt.exception() for receipt in receipts]

    assert all(isinstance(error, RecordStoreUnavailable) for error in errors)
    assert len({id(error) for error in errors}) == len(errors)


def test_a_key_of_a_failed_transaction_is_free_again(
    writer: RecordWriter, location: Location
) -> None:
    fail_route(location)
    with pytest.raises(RecordStoreUnavailable):
        writer.append(new_record(key="k", route="/fails")).result()
    mend_route(location)

    assert not writer.append(new_record(key="k", route="/fails")).result().replayed


def test_no_personal_value_is_in_the_error_or_the_log(
    writer: RecordWriter, location: Location, caplog: pytest.LogCaptureFixture
) -> None:
    fail_route(location)
    record = new_record(route="/fails", key="key-marker", applicant_id="applicant-marker")

    error = writer.append(record).exception()

    assert error is not None
    assert "marker" not in f"{error!r}{error.__cause__}{caplog.text}"
    assert "the disk is on fire" in caplog.text
    assert "approve" not in f"{record!r}{record.sealed!r}"


def test_a_store_that_vanished_is_unavailable_until_it_is_back(
    writer: RecordWriter, location: Location
) -> None:
    writer.append(new_record()).result()
    tamper(location, "ALTER TABLE records RENAME TO elsewhere")

    for _ in range(2):
        with pytest.raises(RecordStoreUnavailable, match="no such table|does not exist"):
            writer.append(new_record()).result()

    tamper(location, "ALTER TABLE elsewhere RENAME TO records")
    writer.append(new_record()).result()
    assert len(everything(location)) == 2


def test_a_store_that_comes_back_with_other_keys_is_refused(
    writer: RecordWriter, location: Location
) -> None:
    fail_route(location)
    with pytest.raises(RecordStoreUnavailable):
        writer.append(new_record(route="/fails")).result()
    tamper(location, "UPDATE store_info SET lookup_check = :other", other=bytes(32))

    error = writer.append(new_record()).exception()

    assert isinstance(error, RecordStoreUnavailable)
    assert isinstance(error.__cause__, KeyUnavailable)


def test_a_subject_key_that_does_not_open_fails_its_record_alone(
    location: Location, keys: LocalKeyFile
) -> None:
    with RecordWriter(location, keys) as writer:
        writer.append(new_record()).result()
    tamper(location, "UPDATE subject_keys SET wrapped_key = :other", other=bytes(60))

    with RecordWriter(location, keys) as writer:
        with writers_wait(location):
            broken = writer.append(new_record())
            fine = writer.append(new_record(applicant_id="applicant-2"))
        with pytest.raises(KeyUnavailable, match="does not open a stored subject key"):
            broken.result()
        assert fine.result().decision_id == everything(location)[1].decision_id
