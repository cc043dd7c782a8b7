"""Each writer links its records; a change anywhere shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.framing import frame
from credit.records.proof.chain import GENESIS, new_chain, record_hash
from tests.records.samples import broken_links, destroy_keys, everything, new_record, tamper

FIELDS: dict[str, Any] = {
    "tenant": "default",
    "route": "/v1/score",
    "decision_id": "d",
    "writer": "w",
    "sequence": 1,
    "subject_ref": "s",
    "key_id": "k",
    "created_at": "2025-03-01T12:00:00.000000+00:00",
    "clear": b"{}",
    "sealed": b"sealed",
}


def test_a_chain_links_from_genesis_and_counts_from_one(
    writer: RecordWriter, location: Location
) -> None:
    for receipt in [writer.append(new_record()) for _ in range(20)]:
        receipt.result()

    stored = everything(location)

    assert stored[0].previous_hash == GENESIS
    assert [record.sequence for record in stored] == list(range(1, 21))
    assert len({record.writer for record in stored}) == 1
    assert broken_links(stored) == []


def test_every_start_begins_its_own_chain(location: Location, keys: LocalKeyFile) -> None:
    for _ in range(3):
        with RecordWriter(location, keys) as writer:
            writer.append(new_record()).result()
            writer.append(new_record()).result()

    stored = everything(location)

    assert len({record.writer for record in stored}) == 3
    assert broken_links(stored) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE records SET sealed = :sealed WHERE position = 2",
        "UPDATE records SET clear = :clear WHERE position = 2",
        "UPDATE records SET tenant = 'other' WHERE position = 2",
        "UPDATE records SET created_at = '2020' WHERE position = 2",
        "DELETE FROM records WHERE position = 2",
    ],
)
def test_a_change_behind_the_back_of_the_store_breaks_the_chain(
    writer: RecordWriter, location: Location, change: str
) -> None:
    for _ in range(3):
        writer.append(new_record()).result()
    assert broken_links(everything(location)) == []

    second = everything(location)[1]
    values = {
        "sealed": bytes(len(second.sealed)),
        "clear": second.clear_bytes.replace(b"LOW", b"LAW"),
    }
    tamper(location, change, **{name: v for name, v in values.items() if f":{name}" in change})

    assert broken_links(everything(location)) != []


def test_the_chain_survives_an_erasure(writer: RecordWriter, location: Location) -> None:
    for _ in range(3):
        writer.append(new_record()).result()

    destroy_keys(location)

    assert broken_links(everything(location)) == []


@pytest.mark.parametrize("name", FIELDS)
def test_the_hash_covers_every_field(name: str) -> None:
    value = FIELDS[name]
    changed = {**FIELDS, name: value + (1 if isinstance(value, int) else value[:1])}

    assert record_hash(GENESIS, **changed) != record_hash(GENESIS, **FIELDS)


def test_the_hash_covers_the_link() -> None:
    assert record_hash(bytes([1] * 32), **FIELDS) != record_hash(GENESIS, **FIELDS)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_different_lists_of_parts_never_frame_alike(left: list[bytes], right: list[bytes]) -> None:
    assert (frame(*left) == frame(*right)) == (left == right)


def test_bytes_cannot_move_to_a_neighbouring_field() -> None:
    """Control: plain concatenation lets them."""
    assert b"ab" + b"c" == b"a" + b"bc"
    assert frame(b"ab", b"c") != frame(b"a", b"bc")


def test_no_two_chains_share_an_identity() -> None:
    assert len({new_chain().writer for _ in range(1000)}) == 1000
