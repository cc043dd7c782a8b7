"""The check of the fault tests sees each way in which a store can break its promise."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from credit.records import LocalKeyFile, Location, Receipt, RecordWriter, new_decision_id
from tests.faults.ledger import Ledger, complaints, untold
from tests.faults.load import offer
from tests.records.samples import tamper


@pytest.fixture
def told(location: Location, keys: LocalKeyFile, ledger: Ledger) -> Ledger:
    """What clients were told of three records."""
    with RecordWriter(location, keys) as writer:
        for number in range(3):
            said = writer.append(offer(number)).result()
            ledger.note(f"key-{number}", said.decision_id, said.answer)
    return ledger


def test_a_store_that_keeps_its_promise_has_no_complaint(
    location: Location, keys: LocalKeyFile, told: Ledger
) -> None:
    assert complaints(location, keys, told) == []
    assert untold(location, told) == set()


def test_a_lost_record_is_seen(location: Location, keys: LocalKeyFile, told: Ledger) -> None:
    tamper(location, "DELETE FROM records WHERE sequence = 2")

    said = complaints(location, keys, told)

    assert "key-1: no decision in the store" in said
    assert any("breaks its chain" in one for one in said)


def test_a_lost_end_is_seen(location: Location, keys: LocalKeyFile, told: Ledger) -> None:
    """What no chain shows: the last records are gone."""
    tamper(location, "DELETE FROM records WHERE sequence = 3")

    assert "key-2: no decision in the store" in complaints(location, keys, told)


def test_a_changed_record_is_seen(location: Location, keys: LocalKeyFile, told: Ledger) -> None:
    tamper(location, "UPDATE records SET hash = previous_hash WHERE sequence = 2")

    said = complaints(location, keys, told)

    assert any("breaks its chain" in one for one in said)
    assert any(one.startswith("verification: ") for one in said)


def test_another_answer_than_the_stored_one_is_seen(
    location: Location, keys: LocalKeyFile, told: Ledger
) -> None:
    decision_id, _ = told.told["key-1"]
    told.told["key-1"] = (decision_id, b"something else")

    assert complaints(location, keys, told) == ["key-1: other bytes in the store"]


def test_two_answers_under_one_key_are_seen(
    location: Location, keys: LocalKeyFile, told: Ledger
) -> None:
    told.note("key-1", new_decision_id(), b"{}")

    assert complaints(location, keys, told) == ["key-1 was answered in two ways"]


def test_two_decisions_for_one_key_are_seen(
    location: Location, keys: LocalKeyFile, told: Ledger
) -> None:
    tamper(location, "DELETE FROM idempotency_keys")
    with RecordWriter(location, keys) as writer:
        writer.append(offer(1)).result()

    assert complaints(location, keys, told) == ["key-1 is decided 2 times"]
    assert len(untold(location, told)) == 1


def test_a_receipt_comes_after_the_commit(
    location: Location, keys: LocalKeyFile, ledger: Ledger
) -> None:
    """Another connection must see the record at the moment the receipt is there."""
    seen: list[list[str]] = []

    def look(done: Future[Receipt]) -> None:
        said = done.result()
        ledger.note(f"key-{len(seen)}", said.decision_id, said.answer)
        seen.append(complaints(location, keys, ledger))

    with RecordWriter(location, keys) as writer:
        for number in range(20):
            receipt = writer.append(offer(number))
            receipt.add_done_callback(look)
            receipt.result()

    assert seen == [[]] * 20
