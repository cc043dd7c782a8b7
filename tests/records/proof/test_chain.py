"""Each writer links its records; a change anywhere shows."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.framing import frame
from credit.records.proof.chain import (
    GENESIS,
    content_hash,
    hash_holds,
    link_hash,
    new_chain,
    record_hash,
)
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
PARTS = (
    *(b"default", b"/v1/score", b"d", b"w", b"s", b"k", b"2025-03-01T12:00:00.000000+00:00"),
    *(b"{}", b"sealed"),
)
"""`FIELDS` without the sequence, as they are hashed."""


def by_hand(*parts: bytes) -> bytes:
    """SHA-256 of parts, each behind its length: 8 bytes, the highest first."""
    return hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()


ONE = b"\x00\x00\x00\x00\x00\x00\x00\x01"
IN_FIRST_FORMAT = by_hand(b"credit-decision-record/1", GENESIS, ONE, *PARTS)


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


def test_a_record_is_hashed_as_the_format_says() -> None:
    content = by_hand(b"credit-record-content/2", *PARTS)

    assert content_hash(*PARTS) == content
    assert link_hash(GENESIS, 1, content) == by_hand(
        b"credit-decision-record/2", GENESIS, ONE, content
    )
    assert record_hash(GENESIS, **FIELDS) == link_hash(GENESIS, 1, content)


@given(st.integers(0, 3 * 2047))
def test_long_content_is_hashed_in_pieces_as_if_it_were_not(size: int) -> None:
    parts = (*PARTS[:-1], bytes(i % 251 for i in range(size)))

    assert content_hash(*parts) == by_hand(b"credit-record-content/2", *parts)


def test_hashes_of_today_and_of_the_first_version_hold() -> None:
    assert hash_holds(record_hash(GENESIS, **FIELDS), GENESIS, 1, *PARTS)
    assert hash_holds(IN_FIRST_FORMAT, GENESIS, 1, *PARTS)


@pytest.mark.parametrize("hash_", [record_hash(GENESIS, **FIELDS), IN_FIRST_FORMAT])
def test_a_change_holds_in_neither_format(hash_: bytes) -> None:
    for place in range(len(PARTS)):
        changed = (*PARTS[:place], PARTS[place] + b"x", *PARTS[place + 1 :])
        assert not hash_holds(hash_, GENESIS, 1, *changed)
    assert not hash_holds(hash_, bytes([1] * 32), 1, *PARTS)
    assert not hash_holds(hash_, GENESIS, 2, *PARTS)
    assert not hash_holds(hash_[::-1], GENESIS, 1, *PARTS)


@pytest.mark.parametrize(
    ("sequence", "part"), [(-1, b"d"), (2**64, b"d"), ("1", b"d"), (None, b"d"), (1, "d"), (1, 7)]
)
def test_what_no_writer_stores_does_not_hold(sequence: Any, part: Any) -> None:
    """A database takes what its owner puts into it, and SQLite any type."""
    parts = (*PARTS[:2], part, *PARTS[3:])

    assert not hash_holds(record_hash(GENESIS, **FIELDS), GENESIS, sequence, *parts)


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
