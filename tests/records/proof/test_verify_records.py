"""Whatever is done to records behind the back of the store, the first wrong one is named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.proof.verify import verify
from tests.records.proof.proven import COVERED, Proven, names, only
from tests.records.samples import destroy_keys, new_record


def flipped(content: bytes, place: int = 0) -> bytes:
    return bytes([*content[:place], content[place] ^ 1, *content[place + 1 :]])


def test_an_untouched_store_is_proven(proven: Proven) -> None:
    before = proven.verify()
    proven.checkpoint()
    after = proven.verify(proven.anchor)

    assert before.ok
    assert (before.n_records, before.n_chains, before.n_checkpoints) == (30, 2, 0)
    assert before.n_not_checkpointed == 30
    assert after.ok
    assert (after.n_checkpoints, after.n_not_checkpointed) == (1, 0)
    assert [(a.n_checkpoints, a.n_behind) for a in after.anchors] == [(1, 0)]


def test_an_empty_store_is_proven(location: Location, keys: LocalKeyFile) -> None:
    with RecordWriter(location, keys):
        pass

    report = verify(location, {}, workers=1)

    assert report.ok
    assert report.n_records == 0


def test_records_behind_the_last_checkpoint_are_counted(proven: Proven) -> None:
    proven.checkpoint()
    proven.fill(4)

    report = proven.verify(proven.anchor)

    assert report.ok
    assert report.n_not_checkpointed == 4


@pytest.mark.parametrize("field", ["clear", "sealed", "hash", "previous_hash"])
def test_a_flipped_bit_is_found_where_it_is(proven: Proven, field: str) -> None:
    proven.checkpoint()
    for row in [row for row in proven.rows() if row.position in (1, 7, 30)]:
        proven.set(row.position, **{field: flipped(getattr(row, field), 3)})

        found = only(proven.verify(proven.anchor))

        assert found.kind == "record-changed"
        assert names(found, row)
        proven.set(row.position, **{field: getattr(row, field)})


def test_every_flipped_bit_is_found_and_the_first_comes_first(proven: Proven) -> None:
    for position in (21, 9, 14):
        proven.set(position, sealed=b"something else")

    report = proven.verify()

    assert report.n_findings == 3
    assert [found.position for found in report.findings] == [9, 14, 21]


@pytest.mark.parametrize("position", [1, 7])
def test_a_removed_record_is_named_by_its_place_in_the_chain(proven: Proven, position: int) -> None:
    proven.checkpoint()
    row = proven.row(position)
    proven.tamper("DELETE FROM records WHERE position = :at", at=position)

    found = only(proven.verify(proven.anchor))

    assert found.kind == "records-missing"
    assert (found.writer, found.sequence, found.decision_id) == (row.writer, row.sequence, None)
    assert found.position == position + 1  # the one that follows on it


def test_several_removed_records_are_one_finding(proven: Proven) -> None:
    [first, *_] = chain = [row for row in proven.rows() if row.writer == proven.row(3).writer][3:12]
    for row in chain:
        proven.tamper("DELETE FROM records WHERE position = :at", at=row.position)

    found = only(proven.verify())

    assert found.kind == "records-missing"
    assert found.sequence == first.sequence
    assert found.message.startswith("9 records are missing in the chain before decision")


@pytest.mark.parametrize(("left", "right"), [(7, 8), (2, 30)])
def test_exchanged_places_are_found(proven: Proven, left: int, right: int) -> None:
    """Only the positions are exchanged, which no hash covers."""
    writer = proven.row(left).writer
    right = max(r.position for r in proven.rows() if r.writer == writer and r.position <= right)
    proven.set(left, position=-1)
    proven.set(right, position=left)
    proven.set(-1, position=right)

    report = proven.verify()

    assert {found.kind for found in report.findings} == {"order-broken"}
    first = report.findings[0]
    assert (first.position, first.decision_id) in [
        (p, proven.row(p).decision_id) for p in (left, left + 1)
    ]


def test_a_reordered_pair_is_found(proven: Proven) -> None:
    """Positions and sequences are exchanged, so that the two lie as if they had been written so."""
    former, latter = proven.row(7), proven.row(8)
    proven.set(7, position=-1, sequence=-1)
    proven.set(8, position=7, sequence=former.sequence)
    proven.set(-1, position=8, sequence=latter.sequence)

    report = proven.verify()

    assert [found.kind for found in report.findings] == ["record-changed"] * 2
    assert report.findings[0].decision_id == latter.decision_id
    assert (report.findings[0].position, report.findings[0].sequence) == (7, former.sequence)


def test_a_pair_that_is_exchanged_with_its_hashes_breaks_the_link_behind_it(
    proven: Proven,
) -> None:
    former, latter, behind = proven.row(7), proven.row(8), proven.row(9)
    proven.set(7, position=-1, sequence=-1)
    proven.set(8, position=7, sequence=former.sequence)
    proven.set(-1, position=8, sequence=latter.sequence)
    intact = behind.previous_hash, behind.hash
    proven.rewrite(former.writer, former.sequence)
    proven.set(9, previous_hash=intact[0], hash=intact[1])

    first = proven.verify().findings[0]

    assert first.kind == "link-broken"
    assert names(first, behind)


def test_an_inserted_record_is_found(proven: Proven) -> None:
    """The others of its chain move up; only the new one gets a hash."""
    victim = proven.row(7)
    chain = [r for r in proven.rows() if r.writer == victim.writer and r.position >= 7]
    for row in sorted(chain, key=lambda row: -row.sequence):
        proven.set(row.position, sequence=row.sequence + 1)
    fields = {name: getattr(victim, name) for name in (*COVERED, "clear", "sealed")}
    proven.add(
        {**fields, "decision_id": "inserted", "position": 1000}
        | {"previous_hash": victim.previous_hash, "hash": victim.hash}
    )

    first = proven.verify().findings[0]

    assert first.kind == "record-changed"
    assert first.position == 7
    assert first.decision_id == victim.decision_id


def test_a_record_that_is_added_at_an_end_without_a_right_hash_is_found(proven: Proven) -> None:
    last = proven.row(30)
    fields = {name: getattr(last, name) for name in (*COVERED, "clear", "sealed")}
    added = {"decision_id": "added", "position": 31, "sequence": last.sequence + 1}
    proven.add({**fields, **added, "previous_hash": last.hash, "hash": bytes(32)})

    first = proven.verify().findings[0]

    assert first.kind == "record-changed"
    assert (first.decision_id, first.position) == ("added", 31)


def test_a_rewritten_chain_is_found_by_the_checkpoint_that_signed_it(proven: Proven) -> None:
    """The control: a chain holds no secret, so without a checkpoint it verifies."""
    row = proven.row(7)
    unsigned = proven.backup()
    proven.checkpoint()
    proven.fill(3)
    proven.checkpoint()
    for place in (unsigned, proven.location):
        forger = proven.at(place)
        forger.set(7, clear=row.clear.replace(b"approve", b"decline"))
        forger.rewrite(row.writer, row.sequence)

    head = [r for r in proven.rows() if r.writer == row.writer][-1]
    found = only(proven.verify(proven.anchor))

    assert found.kind == "chain-rewritten"
    assert names(found, head)
    assert found.number == 1
    assert proven.verify(location=unsigned).ok


@pytest.mark.parametrize("n_cut", [1, 4])
def test_an_end_that_was_cut_off_is_found(proven: Proven, n_cut: int) -> None:
    proven.checkpoint()
    chain = [row for row in proven.rows() if row.writer == proven.row(30).writer]
    for row in chain[-n_cut:]:
        proven.tamper("DELETE FROM records WHERE position = :at", at=row.position)

    found = only(proven.verify(proven.anchor))

    assert found.kind == "tail-missing"
    assert (found.writer, found.sequence) == (chain[-n_cut].writer, chain[-n_cut].sequence)


def test_a_chain_that_was_removed_whole_is_found(proven: Proven) -> None:
    proven.checkpoint()
    writer = proven.row(1).writer
    proven.tamper("DELETE FROM records WHERE writer = :writer", writer=writer)

    found = only(proven.verify(proven.anchor))

    assert found.kind == "tail-missing"
    assert (found.writer, found.sequence) == (writer, 1)


def test_sqlite_misses_an_end_that_no_checkpoint_knows(proven: Proven) -> None:
    """PostgreSQL does not: rolled back transactions leave gaps there, too."""
    proven.tamper("DELETE FROM records WHERE position > 28")

    report = proven.verify()

    if isinstance(proven.location, Path):
        found = only(report)
        assert found.kind == "records-missing"
        assert found.position == 29
    else:
        assert report.ok


def test_a_rolled_back_transaction_leaves_no_gap_that_looks_like_a_removal(
    proven: Proven,
) -> None:
    with RecordWriter(proven.location, proven.keys) as writer:
        proven.tamper("ALTER TABLE subject_keys RENAME TO gone")
        failed = [writer.append(new_record(applicant_id=None)) for _ in range(3)]
        assert all(receipt.exception() is not None for receipt in failed)
        proven.tamper("ALTER TABLE gone RENAME TO subject_keys")
        writer.append(new_record()).result()

    assert proven.verify().ok


# PostgreSQL keeps to the types of its columns.
@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_a_type_that_hashes_alike_is_found_on_sqlite(proven: Proven) -> None:
    """The bytes are the same, but no reader would find them."""
    proven.tamper("UPDATE records SET tenant = CAST(tenant AS BLOB) WHERE position = 7")

    assert only(proven.verify()).position == 7


# PostgreSQL refuses them.
@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_bytes_that_are_no_text_are_found_on_sqlite(proven: Proven) -> None:
    proven.tamper("UPDATE records SET route = CAST(x'ff' AS TEXT) WHERE position = 7")

    assert only(proven.verify()).position == 7


# PostgreSQL keeps to the types of its columns.
@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_a_sequence_that_is_no_number_is_found_on_sqlite(proven: Proven) -> None:
    row = proven.row(7)
    proven.tamper("UPDATE records SET sequence = 'seven' WHERE position = 7")

    first = proven.verify().findings[0]

    assert (first.kind, first.position, first.sequence) == ("record-changed", 7, None)
    assert first.decision_id == row.decision_id


def test_erased_subjects_verify(proven: Proven) -> None:
    proven.checkpoint()
    destroy_keys(proven.location)

    assert proven.verify(proven.anchor).ok


def test_records_that_come_while_it_verifies_are_no_finding(proven: Proven) -> None:
    with RecordWriter(proven.location, proven.keys, max_batch=3) as writer:
        receipts = []
        for _ in range(5):
            receipts += [writer.append(new_record()) for _ in range(20)]
            assert proven.verify(page_size=4).ok
            proven.checkpoint()
        for receipt in receipts:
            receipt.result()
    assert proven.verify(proven.anchor).ok


@given(data=st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_any_field_of_any_record_is_found(
    proven: Proven, data: st.DataObject
) -> None:
    """Except, on PostgreSQL, of the place, where gaps are usual."""
    row = data.draw(st.sampled_from(proven.rows()))
    fields = [*COVERED, "previous_hash", "hash", "clear", "sealed"]
    fields += ["position"] if isinstance(proven.location, Path) else []
    field = data.draw(st.sampled_from(fields))
    value = getattr(row, field)
    if field in ("sequence", "position"):
        # Any that is free: the database itself keeps two records from one place.
        changed: object = data.draw(st.integers(-50, 0) | st.integers(31, 2**40))
    elif isinstance(value, bytes):
        changed = data.draw(
            st.integers(0, len(value) - 1).map(lambda place: flipped(value, place))
            | st.binary(max_size=40)
            | st.integers(0, len(value) - 1).map(lambda end: value[:end])
        )
    else:
        words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9)
        changed = data.draw(words.filter(lambda word: word != value))
    if changed == value:
        return

    proven.set(row.position, **{field: changed})
    report = proven.verify()
    proven.set(changed if field == "position" else row.position, **{field: value})  # type: ignore[arg-type]

    assert not report.ok
    assert proven.verify().ok


@given(page_size=st.integers(1, 40))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_report_does_not_depend_on_how_the_store_is_divided(
    proven: Proven, page_size: int
) -> None:
    if not proven.verify().n_findings:
        _damage(proven)

    whole, divided = proven.verify(), proven.verify(page_size=page_size)

    assert whole.n_findings >= 4
    assert divided.findings == whole.findings
    assert (divided.n_findings, divided.n_records) == (whole.n_findings, whole.n_records)


def test_the_report_does_not_depend_on_the_number_of_processes(proven: Proven) -> None:
    proven.checkpoint()
    _damage(proven)

    alone = proven.verify(proven.anchor, workers=1, page_size=7)
    shared = proven.verify(proven.anchor, workers=2, page_size=7)

    assert alone.n_findings >= 4
    assert msgspec.structs.replace(shared, seconds=alone.seconds) == alone


def _damage(proven: Proven) -> None:
    """A changed record, a removed one, an exchanged pair and a rewritten link."""
    proven.set(4, clear=b"{}")
    proven.tamper("DELETE FROM records WHERE position = 12")
    proven.set(17, position=-1)
    proven.set(18, position=17)
    proven.set(-1, position=18)
    row = proven.row(23)
    proven.set(23, clear=row.clear.replace(b"approve", b"decline"))
    proven.rewrite(row.writer, row.sequence)
    behind = next(r for r in proven.rows() if r.writer == row.writer and r.position > 23)
    proven.set(behind.position, previous_hash=row.hash)
    proven.rewrite(row.writer, behind.sequence + 1)
