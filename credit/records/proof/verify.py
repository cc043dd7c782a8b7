"""Verify a whole store: every record, every checkpoint, every tombstone, and the places outside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Engine

from credit.errors import RecordsNotProven, RecordStoreUnavailable
from credit.records.proof.anchors import Anchor
from credit.records.proof.checkpoint_walk import Checkpoints, check_checkpoints
from credit.records.proof.checkpoints import last_number
from credit.records.proof.findings import (
    MAX_FINDINGS,
    VerifyReport,
)
from credit.records.proof.heads import read_heads
from credit.records.proof.joining import join_pages
from credit.records.proof.outside import StoredCheckpoints, check_anchor
from credit.records.proof.pages import CheckpointsPage, RecordsPage
from credit.records.proof.positions import Positions, check_positions, read_positions, stretches
from credit.records.proof.processes import Check, Task, page_checker
from credit.records.proof.signed_ends import cut_tails, rewritten_chains
from credit.records.proof.tombstones import Tombstones, check_tombstones
from credit.records.store.engine import STORE_ERRORS, cause_of, is_sqlite
from credit.records.store.location import Location, name_of
from credit.records.store.opening import open_store

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many records are checked, and of how many."""

PAGE_SIZE = 4096
_CHECKPOINTS_PER_PAGE = 1000


def verify(
    location: Location,
    public_keys: Mapping[str, bytes],
    anchors: Sequence[Anchor] = (),
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    page_size: int = PAGE_SIZE,
) -> VerifyReport:
    """Verify everything that was in a store when this began; writers go on meanwhile.

    Proven is that every record is the one that was hashed when it was written, at its place in the chain
    of its writer, with none missing, up to the last checkpoint; and that erased subjects were erased by
    an erasure. Whether sealed parts open is not looked at: their ciphertext is what is hashed, so erased
    ones verify like the others.

    Parameters
    ----------
    public_keys
        Raw public keys by name, of all keys that ever signed (`read_public_keys`).
    anchors
        Places outside. Without one, somebody who can write the database and holds the signing key can
        replace the whole history, or restore an old backup, unseen.
    workers
        Processes; by default one for each processor that this one may use.
    progress
        Called in this thread.
    page_size
        Positions that are read at a time. The report does not depend on it, nor on `workers`.

    Raises
    ------
    RecordStoreUnavailable
        The store cannot be read.
    AnchorUnavailable
        An anchor cannot be read.
    """
    started = time.monotonic()
    for anchor in anchors:
        # Before the work of minutes: is it there at all? What it holds is judged later.
        with suppress(RecordsNotProven):
            anchor.last()
    engine = open_store(location, read_only=True)
    try:
        snapshot = _read(engine, public_keys, page_size)
        processes = min(workers or _n_processors(), len(snapshot.tasks))
        with page_checker(location, public_keys, snapshot.ceilings, processes=processes) as check:
            records, checkpoints = _check(check, snapshot, progress)
        return _judge(engine, snapshot, records, checkpoints, public_keys, anchors, started)
    except STORE_ERRORS as error:
        raise RecordStoreUnavailable(
            f"The record store {name_of(location)} cannot be read ({cause_of(error)}); check that the "
            "database runs and that its disk is well."
        ) from error
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the store held when the verification began, and what is left to check of it."""

    tombstones: Tombstones
    checkpoints: Checkpoints
    last_checkpoint: int
    positions: Positions
    tasks: list[Task]
    ceilings: dict[bytes, int] | None
    n_expected: int


def _read(engine: Engine, public_keys: Mapping[str, bytes], page_size: int) -> _Snapshot:
    with engine.begin() as connection:
        # In this order: what comes later must hold all that the earlier knows.
        last = last_number(connection)
        tombstones = check_tombstones(connection, public_keys)
        positions = read_positions(connection)
        if is_sqlite(engine):
            ceilings, n_expected = None, positions.last - positions.first + 1
        else:
            heads = read_heads(connection).values()
            ceilings = {head.writer.encode(): head.sequence for head in heads}
            n_expected = sum(ceilings.values())
        checkpoints = check_checkpoints(
            connection, tombstones, last, page_size=_CHECKPOINTS_PER_PAGE
        )
        of_records = stretches(connection, positions, page_size)
        return _Snapshot(
            tombstones=tombstones,
            checkpoints=checkpoints,
            last_checkpoint=last,
            positions=positions,
            tasks=[
                *[Task(True, *stretch) for stretch in of_records],
                *[Task(False, *stretch) for stretch in checkpoints.stretches],
            ],
            ceilings=ceilings,
            n_expected=n_expected,
        )


def _check(
    check: Check, snapshot: _Snapshot, progress: Progress | None
) -> tuple[list[RecordsPage], list[CheckpointsPage]]:
    records: list[RecordsPage] = []
    checkpoints: list[CheckpointsPage] = []
    n_done = 0
    for page in check(snapshot.tasks):
        if isinstance(page, CheckpointsPage):
            checkpoints.append(page)
            continue
        records.append(page)
        n_done += page.n_records
        if progress is not None:
            progress(n_done, snapshot.n_expected)
    return records, checkpoints


def _judge(
    engine: Engine,
    snapshot: _Snapshot,
    records: list[RecordsPage],
    pages: list[CheckpointsPage],
    public_keys: Mapping[str, bytes],
    anchors: Sequence[Anchor],
    started: float,
) -> VerifyReport:
    chains, signed = join_pages(records), snapshot.checkpoints.signed.heads
    tails, n_cut = cut_tails(chains, signed)
    vouching = [*snapshot.checkpoints.findings, *(f for page in pages for f in page.findings)]
    with engine.begin() as connection:
        placed = check_positions(
            connection, snapshot.positions, chains.n_records, chains.n_missing + n_cut
        )
    placed += [*tails, *rewritten_chains(chains, pages), *snapshot.tombstones.findings, *vouching]
    reported = {finding.number for _, finding in vouching if finding.number is not None}
    stored = StoredCheckpoints(snapshot.checkpoints.digests, snapshot.last_checkpoint, reported)
    states = []
    for anchor in anchors:
        state, findings = check_anchor(engine, anchor, stored, public_keys)
        states.append(state)
        placed += findings
    in_order = sorted([*chains.findings, *placed], key=lambda each: (each[0], each[1].message))
    return VerifyReport(
        n_records=chains.n_records,
        n_chains=len(chains.ends),
        n_checkpoints=len(snapshot.checkpoints.digests),
        n_tombstones=snapshot.tombstones.n_tombstones,
        n_erased_subjects=snapshot.tombstones.n_erased_subjects,
        n_not_checkpointed=sum(
            max(0, end - signed.get(writer, (0, b""))[0]) for writer, end in chains.ends.items()
        ),
        anchors=states,
        seconds=time.monotonic() - started,
        n_findings=chains.n_findings + len(placed),
        findings=[finding for _, finding in in_order[:MAX_FINDINGS]],
    )


def _n_processors() -> int:
    return len(os.sched_getaffinity(0))
