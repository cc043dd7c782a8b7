"""What vouches for the records is verified, too: checkpoints, signatures, tombstones, anchors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from credit.errors import AnchorUnavailable, RecordStoreUnavailable
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.file_anchor import FileAnchor
from credit.records.proof.public_keys import read_public_keys
from credit.records.proof.signed import FIRST_PREVIOUS, canonical_json, sign_entry
from credit.records.proof.signing import LocalSigningKey
from credit.records.proof.verify import verify
from tests.records.proof.proven import Proven, only


def erase(proven: Proven, position: int, number: int, previous: str = FIRST_PREVIOUS) -> str:
    """Erase the subject of a record as an erasure does; returns the hash of the tombstone."""
    subject_ref = proven.row(position).subject_ref
    body = {
        "format": "credit-tombstone/1",
        "number": number,
        "previous": previous,
        "subject_ref": subject_ref,
        "erased_at": "2025-03-01T12:00:00.000000+00:00",
    }
    entry = sign_entry(number, "credit-tombstone/1", canonical_json(body), proven.signer)
    proven.tamper(
        "INSERT INTO tombstones VALUES (:number, :ref, :body, :hash, :signature, :key)",
        number=number,
        ref=subject_ref,
        body=entry.body,
        hash=entry.hash,
        signature=entry.signature,
        key=entry.signing_key_id,
    )
    proven.tamper(
        "UPDATE subject_keys SET wrapped_key = NULL WHERE subject_ref = :ref", ref=subject_ref
    )
    proven.tamper(
        "UPDATE subjects SET erased_at = '2025' WHERE subject_ref = :ref", ref=subject_ref
    )
    return entry.hash.hex()


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("UPDATE checkpoints SET body = :bytes WHERE number = 2", ["checkpoint-changed"]),
        (
            "UPDATE checkpoints SET hash = :bytes WHERE number = 2",
            ["checkpoint-changed", "signature-wrong"],
        ),
        ("UPDATE checkpoints SET signature = :bytes WHERE number = 2", ["signature-wrong"]),
        ("UPDATE checkpoints SET signing_key_id = 'nobody' WHERE number = 2", ["key-unknown"]),
        (
            "UPDATE checkpoints SET number = 9 WHERE number = 3",
            ["checkpoint-missing", "checkpoint-changed"],
        ),
        ("DELETE FROM checkpoints WHERE number = 2", ["checkpoint-missing"]),
        ("DELETE FROM checkpoints WHERE number = 1", ["checkpoint-missing"]),
    ],
)
def test_a_changed_checkpoint_is_named(signed: Proven, change: str, kinds: list[str]) -> None:
    values: dict[str, object] = {"bytes": b"x" * 32} if ":bytes" in change else {}
    signed.tamper(change, **values)

    report = signed.verify()

    assert [found.kind for found in report.findings] == kinds
    assert {found.number for found in report.findings} <= {1, 2, 3, 9}


def test_removed_last_checkpoints_are_found_by_the_anchor(signed: Proven) -> None:
    signed.tamper("DELETE FROM checkpoints WHERE number > 1")

    found = only(signed.verify(signed.anchor))

    assert signed.verify().ok  # the control
    assert found.kind == "store-behind-anchor"
    assert "knows checkpoint 3, the store ends with 1" in found.message


def test_a_restored_old_backup_is_found_by_the_anchor(signed: Proven) -> None:
    backup = signed.backup()
    signed.fill(4)
    signed.checkpoint()

    found = only(signed.verify(signed.anchor, location=backup))

    assert signed.verify(location=backup).ok  # the control
    assert (found.kind, found.number) == ("store-behind-anchor", 4)
    assert "knows checkpoint 4, the store ends with 3" in found.message


def test_a_signature_by_another_key_is_a_finding_and_no_crash(
    proven: Proven, tmp_path: Path
) -> None:
    proven.signer.sign(b"")  # so that there is a key of the owner
    thief = LocalSigningKey(tmp_path / "thief.json", tmp_path / "thief-public.json")
    proven.checkpointer(signer=thief).step()

    found = only(proven.verify())

    assert (found.kind, found.number) == ("key-unknown", 1)


def test_what_an_older_key_signed_verifies_after_a_rotation(signed: Proven) -> None:
    signed.signer.rotate()
    signed.fill(2)
    signed.checkpoint()

    report = signed.verify(signed.anchor)

    assert report.ok
    assert len({row.signing_key_id for row in signed.rows("SELECT * FROM checkpoints")}) == 2


def test_a_history_that_the_key_holder_replaced_is_found_by_the_anchor(signed: Proven) -> None:
    """The control: without an anchor, database and signing key together are enough."""
    row = signed.row(7)
    signed.set(7, clear=row.clear.replace(b"approve", b"decline"))
    signed.rewrite(row.writer, row.sequence)
    signed.tamper("DELETE FROM checkpoints")
    forged = FileAnchor(signed.public_path.parent / "forged.jsonl")
    Checkpointer(signed.location, signed.signer, [forged]).step()

    report = signed.verify(signed.anchor)

    assert signed.verify().ok
    assert signed.verify(forged).ok
    assert [found.kind for found in report.findings] == ["fork", "store-behind-anchor"]
    assert report.findings[0].number == 1


def test_a_signed_checkpoint_that_does_not_add_up_is_found(signed: Proven) -> None:
    body: dict[str, Any] = json.loads(
        signed.rows("SELECT * FROM checkpoints WHERE number = 3")[0].body
    )
    for change in ({"root": "00" * 32}, {"n_records": 1}, {"n_chains": 7}):
        entry = sign_entry(
            3, "credit-checkpoint/1", canonical_json({**body, **change}), signed.signer
        )
        signed.tamper(
            "UPDATE checkpoints SET body = :body, hash = :hash, signature = :signature WHERE number = 3",
            body=entry.body,
            hash=entry.hash,
            signature=entry.signature,
        )

        assert (only(signed.verify()).kind, only(signed.verify()).number) == ("checkpoint-wrong", 3)


def test_a_changed_anchor_is_named(signed: Proven) -> None:
    path = Path(signed.anchor.name)
    lines = path.read_text().splitlines(keepends=True)

    path.write_text(lines[0] + lines[1].replace("n_records", "n_recordz") + lines[2])
    changed = only(signed.verify(signed.anchor))
    path.write_text(lines[0] + lines[2])
    incomplete = only(signed.verify(signed.anchor))
    path.write_text(lines[0] + "no json\n" + lines[2])
    broken = only(signed.verify(signed.anchor))

    assert (changed.kind, changed.number) == ("anchor-changed", 2)
    assert (incomplete.kind, incomplete.number) == ("anchor-incomplete", 2)
    assert broken.kind == "anchor-changed"


def test_a_changed_checkpoint_is_not_reported_again_for_the_anchor(signed: Proven) -> None:
    signed.tamper("UPDATE checkpoints SET body = :body WHERE number = 2", body=b"{}")

    found = only(signed.verify(signed.anchor))

    assert (found.kind, found.number) == ("checkpoint-changed", 2)


def test_an_anchor_that_cannot_be_read_stops_the_verification(
    signed: Proven, tmp_path: Path
) -> None:
    with pytest.raises(AnchorUnavailable, match="Is a directory"):
        signed.verify(FileAnchor(tmp_path))


def test_erased_subjects_verify_with_their_tombstones(signed: Proven) -> None:
    second = erase(signed, 3, 2, erase(signed, 2, 1))
    assert second
    signed.checkpoint()

    report = signed.verify(signed.anchor)

    assert report.ok
    assert (report.n_erased_subjects, report.n_tombstones, report.n_checkpoints) == (2, 2, 4)


@pytest.mark.parametrize(
    ("change", "kind", "number"),
    [
        ("UPDATE tombstones SET body = :bytes WHERE number = 1", "tombstone-changed", 1),
        ("UPDATE tombstones SET signature = :bytes WHERE number = 2", "signature-wrong", 2),
        ("UPDATE tombstones SET signing_key_id = 'nobody' WHERE number = 2", "key-unknown", 2),
        ("UPDATE subject_keys SET wrapped_key = :bytes", "erasure-undone", 1),
    ],
)
def test_a_changed_tombstone_is_named(signed: Proven, change: str, kind: str, number: int) -> None:
    erase(signed, 3, 2, erase(signed, 2, 1))
    signed.checkpoint()
    values: dict[str, object] = {"bytes": b"x" * 32} if ":bytes" in change else {}
    signed.tamper(change, **values)

    found = only(signed.verify())

    assert (found.kind, found.number) == (kind, number)


@pytest.mark.parametrize("number", [1, 2])
def test_a_removed_tombstone_is_found(signed: Proven, number: int) -> None:
    erase(signed, 3, 2, erase(signed, 2, 1))
    signed.checkpoint()
    signed.tamper("DELETE FROM tombstones WHERE number = :number", number=number)

    kinds = [found.kind for found in signed.verify().findings]

    assert "tombstone-missing" in kinds
    assert "erasure-unproven" in kinds


def test_tombstones_of_two_subjects_cannot_be_exchanged(signed: Proven) -> None:
    erase(signed, 3, 2, erase(signed, 2, 1))
    other = signed.row(4).subject_ref
    signed.tamper("UPDATE tombstones SET subject_ref = :ref WHERE number = 1", ref=other)

    assert signed.verify().findings[0].kind == "tombstone-changed"


def test_a_store_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordStoreUnavailable, match="There is no record store at"):
        verify(tmp_path / "none.db", {}, [])


def test_progress_counts_up_to_all_records(signed: Proven) -> None:
    told: list[tuple[int, int]] = []

    verify(
        signed.location,
        read_public_keys(signed.public_path),
        workers=1,
        page_size=10,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[-1] == (36, 36)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
