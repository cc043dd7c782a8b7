"""The same request is decided once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from credit.errors import IdempotencyConflict, RecordErased, RecordError
from credit.records import LocalKeyFile, Location, Receipt, RecordWriter
from tests.records.samples import broken_links, destroy_keys, everything, new_record, writers_wait


def test_a_repeat_gets_the_stored_bytes(writer: RecordWriter, location: Location) -> None:
    first = writer.append(new_record(key="k", answer=b"first answer")).result()

    again = writer.append(new_record(key="k", answer=b"another answer")).result()

    assert again == Receipt(decision_id=first.decision_id, answer=b"first answer", replayed=True)
    assert len(everything(location)) == 1


def test_a_repeat_after_a_restart_gets_the_stored_bytes(
    location: Location, keys: LocalKeyFile
) -> None:
    with RecordWriter(location, keys) as writer:
        first = writer.append(new_record(key="k", answer=b"first answer")).result()

    with RecordWriter(location, keys) as writer:
        again = writer.append(new_record(key="k")).result()

    assert (again.decision_id, again.answer, again.replayed) == (
        first.decision_id,
        b"first answer",
        True,
    )


def test_repeats_within_one_batch_are_decided_once(
    writer: RecordWriter, location: Location
) -> None:
    with writers_wait(location):
        writer.append(new_record())  # keeps the thread waiting while the others gather
        receipts = [writer.append(new_record(key="k", answer=b"%d" % i)) for i in range(5)]
        conflict = writer.append(new_record(key="k", body=b"other"))

    told = [receipt.result() for receipt in receipts]

    assert [receipt.answer for receipt in told] == [b"0"] * 5
    assert [receipt.replayed for receipt in told] == [False] + [True] * 4
    with pytest.raises(IdempotencyConflict):
        conflict.result()
    assert len(everything(location)) == 2


def test_the_very_same_record_offered_again_is_a_repeat(
    writer: RecordWriter, location: Location
) -> None:
    """As after a failure whose outcome is unknown: the decision id is stored already, too."""
    record = new_record(key="k")
    with writers_wait(location):
        receipts = [writer.append(record), writer.append(record)]
    later = writer.append(record)

    assert [r.result().replayed for r in (*receipts, later)] == [False, True, True]
    assert len(everything(location)) == 1


@pytest.mark.parametrize("n_requests", [200, pytest.param(10_000, marks=pytest.mark.full)])
def test_concurrent_repeats_over_two_writers_are_one_decision(
    location: Location, keys: LocalKeyFile, n_requests: int
) -> None:
    with (
        RecordWriter(location, keys, max_batch=8) as one,
        RecordWriter(location, keys, max_batch=8) as other,
        ThreadPoolExecutor(8) as callers,
    ):

        def ask(number: int) -> Receipt:
            writer = one if number % 2 else other
            return writer.append(new_record(key="k", answer=b"%d" % number)).result()

        told = list(callers.map(ask, range(n_requests)))

    assert sum(not receipt.replayed for receipt in told) == 1
    assert len({receipt.answer for receipt in told}) == 1
    assert len({receipt.decision_id for receipt in told}) == 1
    stored = everything(location)
    assert len(stored) == 1
    assert broken_links(stored) == []


def test_the_key_for_another_body_is_a_conflict(writer: RecordWriter, location: Location) -> None:
    writer.append(new_record(key="k", body=b"one")).result()

    with pytest.raises(IdempotencyConflict, match="/v1/score for another application"):
        writer.append(new_record(key="k", body=b"two")).result()

    assert len(everything(location)) == 1


def test_a_key_is_scoped_by_tenant_and_route(writer: RecordWriter, location: Location) -> None:
    for tenant, route in [("a", "/v1/score"), ("b", "/v1/score"), ("a", "/predict")]:
        receipt = writer.append(new_record(key="k", tenant=tenant, route=route)).result()
        assert not receipt.replayed

    assert len(everything(location)) == 3


def test_without_a_key_nothing_is_deduplicated(writer: RecordWriter, location: Location) -> None:
    for _ in range(3):
        assert not writer.append(new_record(key=None)).result().replayed

    assert len(everything(location)) == 3


def test_a_repeat_after_erasure_says_so(writer: RecordWriter, location: Location) -> None:
    first = writer.append(new_record(key="k")).result()
    destroy_keys(location)

    with pytest.raises(RecordErased, match=f"{first.decision_id} .* erased"):
        writer.append(new_record(key="k")).result()


def test_a_record_after_an_erasure_is_sealed_under_a_new_key(
    writer: RecordWriter, location: Location
) -> None:
    """The writer still remembers the destroyed key; it must not use it."""
    writer.append(new_record()).result()
    destroy_keys(location)

    writer.append(new_record()).result()

    first, second = everything(location)
    assert first.key_id != second.key_id
    assert first.subject_ref == second.subject_ref


def test_a_stored_decision_id_under_a_new_key_is_refused(
    writer: RecordWriter, location: Location
) -> None:
    record = writer.append(new_record(key="k")).result()

    with pytest.raises(RecordError, match="already in the store"):
        writer.append(new_record(key="new", decision_id=record.decision_id)).result()

    # and the new key is still free
    assert not writer.append(new_record(key="new")).result().replayed
