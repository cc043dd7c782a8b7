"""Checkpoints: what they sign, when they are made, and what they refuse to sign."""

from __future__ import annotations

import hashlib
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from credit.errors import AnchorUnavailable, RecordsNotProven
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.file_anchor import FileAnchor
from credit.records.proof.heads import read_heads
from credit.records.proof.public_keys import read_public_keys
from credit.records.proof.signed import SignedEntry
from tests.records.proof.proven import Proven
from tests.records.proof.test_merkle import by_definition
from tests.records.samples import foreign_engine

ZEROS = "00" * 32


def framed(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">Q", len(part)) + part for part in parts)


class Unreachable(FileAnchor):
    """A place that does not answer."""

    down = True

    def publish(self, checkpoint: SignedEntry) -> None:
        if self.down:
            raise AnchorUnavailable("the network is gone")
        super().publish(checkpoint)


def body(checkpoint: SignedEntry | None) -> dict[str, object]:
    assert checkpoint is not None
    found: dict[str, object] = json.loads(checkpoint.body)
    return found


def heads(proven: Proven) -> dict[str, tuple[int, bytes]]:
    """The ends of all chains, by the whole table."""
    return {row.writer: (row.sequence, row.hash) for row in proven.rows()}


def test_a_checkpoint_signs_the_ends_of_all_chains(proven: Proven) -> None:
    moment = datetime(2025, 3, 1, 12, tzinfo=UTC)
    made = Checkpointer(proven.location, proven.signer, [], clock=lambda: moment).step()

    ends = heads(proven)
    leaves = [
        framed(b"chain", writer.encode(), struct.pack(">Q", sequence), hash_)
        for writer, (sequence, hash_) in sorted(ends.items())
    ]
    leaves.append(framed(b"tombstones", struct.pack(">Q", 0), bytes(32)))
    assert made is not None
    assert json.loads(made.body) == {
        "format": "credit-checkpoint/1",
        "number": 1,
        "created_at": "2025-03-01T12:00:00.000000+00:00",
        "previous": ZEROS,
        "changed": [[w, sequence, hash_.hex()] for w, (sequence, hash_) in sorted(ends.items())],
        "n_chains": 2,
        "n_records": 30,
        "tombstones": [0, ZEROS],
        "root": by_definition(leaves).hex(),
    }
    assert (
        made.body
        == json.dumps(json.loads(made.body), sort_keys=True, separators=(",", ":")).encode()
    )
    assert made.hash == hashlib.sha256(framed(b"credit-checkpoint/1", made.body)).digest()
    raw = read_public_keys(proven.public_path)[made.signing_key_id]
    Ed25519PublicKey.from_public_bytes(raw).verify(made.signature, made.hash)


def test_only_chains_that_went_on_are_listed_and_the_root_covers_all(proven: Proven) -> None:
    first = proven.checkpoint()
    known = heads(proven)
    proven.fill(7)

    second = body(proven.checkpoint())

    assert first is not None
    [new] = set(heads(proven)) - set(known)
    assert second["changed"] == [[new, 7, heads(proven)[new][1].hex()]]
    assert (second["number"], second["previous"]) == (2, first.hash.hex())
    assert (second["n_chains"], second["n_records"]) == (3, 37)


def test_nothing_new_makes_no_checkpoint(proven: Proven) -> None:
    checkpointer = proven.checkpointer()

    assert checkpointer.step() is not None
    assert checkpointer.step() is None
    assert proven.checkpoint() is None
    assert len(proven.rows("SELECT * FROM checkpoints")) == 1


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, proven: Proven) -> None:
    assert proven.checkpointer(location=tmp_path / "none.db").step() is None
    assert not (tmp_path / "none.db").exists()


def test_a_tombstone_is_new_too(proven: Proven) -> None:
    proven.checkpoint()
    proven.tamper(
        "INSERT INTO tombstones SELECT 1, subject_ref, :bytes, :bytes, :bytes, 'k' FROM subjects LIMIT 1",
        bytes=b"\x01" * 32,
    )

    made = body(proven.checkpoint())

    assert made["tombstones"] == [1, "01" * 32]
    assert made["changed"] == []


def test_several_at_once_leave_no_gap_and_no_checkpoint_without_news(proven: Proven) -> None:
    def run(_: int) -> None:
        checkpointer = proven.checkpointer()
        for _ in range(3):
            checkpointer.step()
            proven.fill(2)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(run, range(3)))
    proven.checkpoint()

    numbers = [row.number for row in proven.rows("SELECT number FROM checkpoints ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    report = proven.verify(proven.anchor)
    assert report.ok
    assert report.n_not_checkpointed == 0
    assert [each.number for each in proven.anchor.read_all()] == numbers


def test_what_a_crash_kept_from_the_anchor_is_published_by_the_next_step(
    proven: Proven, tmp_path: Path
) -> None:
    anchor = Unreachable(tmp_path / "far.jsonl")
    with pytest.raises(AnchorUnavailable, match="the network is gone"):
        proven.checkpointer(anchor).step()
    state = proven.verify(anchor).anchors[0]
    anchor.down = False

    assert proven.checkpointer(anchor).step() is None

    assert (state.n_checkpoints, state.n_behind) == (0, 1)
    assert [each.number for each in anchor.read_all()] == [1]
    assert proven.verify(anchor).ok


def test_an_anchor_that_does_not_answer_does_not_keep_it_from_the_others(
    proven: Proven, tmp_path: Path
) -> None:
    with pytest.raises(AnchorUnavailable):
        proven.checkpointer(Unreachable(tmp_path / "far.jsonl"), proven.anchor).step()

    assert [each.number for each in proven.anchor.read_all()] == [1]


def test_a_store_behind_its_anchor_is_not_signed(proven: Proven) -> None:
    proven.checkpoint()
    backup = proven.backup()
    proven.fill(2)
    proven.checkpoint()

    with pytest.raises(RecordsNotProven, match="knows checkpoint 2, the store ends with 1"):
        proven.checkpointer(location=backup).step()

    assert [each.number for each in proven.anchor.read_all()] == [1, 2]


def test_a_store_with_another_history_than_its_anchor_is_not_signed(proven: Proven) -> None:
    proven.checkpoint()
    backup = proven.backup()
    proven.fill(2)
    proven.checkpoint()
    apart = proven.at(backup)
    apart.fill(1)
    apart.checkpointer(FileAnchor(proven.public_path.parent / "other.jsonl")).step()

    with pytest.raises(RecordsNotProven, match="holds another checkpoint 2 than the store"):
        apart.checkpoint()


@pytest.mark.parametrize("remembers", [True, False])
def test_a_store_that_lost_or_rewrote_what_was_signed_is_not_signed(
    proven: Proven, *, remembers: bool
) -> None:
    """Also by a new process, which knows only what the checkpoints say."""
    checkpointer = proven.checkpointer()
    checkpointer.step()
    again = checkpointer if remembers else proven.checkpointer()
    last = proven.row(30)
    proven.tamper("DELETE FROM records WHERE position = 30")
    with pytest.raises(RecordsNotProven, match="and fewer are there. Nothing was signed"):
        again.step()
    proven.add({**last._mapping, "clear": b"{}"})
    proven.rewrite(last.writer, last.sequence)
    with pytest.raises(RecordsNotProven, match="is not the one that was signed"):
        again.step()

    assert len(proven.rows("SELECT * FROM checkpoints")) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE checkpoints SET hash = :bytes WHERE number = 1",
        "UPDATE checkpoints SET body = :bytes WHERE number = 2",
        "DELETE FROM checkpoints WHERE number = 1",
    ],
)
def test_checkpoints_that_were_changed_are_not_continued(proven: Proven, change: str) -> None:
    proven.checkpoint()
    proven.fill(1)
    proven.checkpoint()
    proven.tamper(
        change + (" AND :bytes IS NOT NULL" if ":bytes" not in change else ""), bytes=b"x"
    )

    with pytest.raises(RecordsNotProven, match="does not follow from the one before it"):
        proven.checkpointer(FileAnchor(proven.public_path.parent / "new.jsonl")).step()


def test_the_heads_are_those_of_the_whole_table(proven: Proven) -> None:
    proven.fill(40, n_chains=9, batch=2)
    engine = foreign_engine(proven.location)
    with engine.connect() as connection:
        found = {
            writer: (head.sequence, head.hash) for writer, head in read_heads(connection).items()
        }
    engine.dispose()

    assert len(found) == 11
    assert found == heads(proven)


# PostgreSQL scans a table of one page whatever its indexes.
@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_the_heads_are_found_without_walking_the_records(proven: Proven) -> None:
    """Every access to records is a search in an index; the control is a statement that scans."""
    from credit.records.proof.heads import _HEADS

    engine = foreign_engine(proven.location)
    with engine.connect() as connection:
        plan = [r.detail for r in connection.execute(text(f"EXPLAIN QUERY PLAN {_HEADS.text}"))]
        control = [
            r.detail
            for r in connection.execute(
                text("EXPLAIN QUERY PLAN SELECT writer, max(sequence) FROM records GROUP BY writer")
            )
        ]
    engine.dispose()

    assert [step for step in plan if step.startswith("SCAN records")] == []
    assert [step for step in control if step.startswith("SCAN records")] != []


# On SQLite writers queue.
@pytest.mark.parametrize("original", ["postgresql"], indirect=True)
def test_a_record_that_commits_late_is_under_the_next_checkpoint(proven: Proven) -> None:
    """On PostgreSQL a lower position may commit after a higher one was signed."""
    checkpointer = proven.checkpointer()
    checkpointer.step()
    row = {**proven.row(30)._mapping, "writer": "late", "sequence": 1, "decision_id": "late"}
    del row["position"], row["commit_xid"]
    engine = foreign_engine(proven.location)
    names = ", ".join(row)
    statement = text(
        f"INSERT INTO records ({names}) VALUES ({', '.join(':' + name for name in row)})"  # noqa: S608
    )
    with engine.begin() as connection:
        connection.execute(statement, row)
        proven.fill(3)
        before = body(checkpointer.step())
    after = body(checkpointer.step())
    engine.dispose()

    assert before["n_records"] == 33
    assert [writer for writer, *_ in after["changed"]] == ["late"]  # type: ignore[attr-defined]


def test_a_checkpoint_holds_nothing_personal(proven: Proven) -> None:
    made = proven.checkpoint()

    assert made is not None
    assert b"applicant" not in made.body
    assert b"application" not in made.body
