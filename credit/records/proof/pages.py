"""Check a stretch of the store on its own; several processes share the stretches.

Reading is what costs (SHA-256 of a record takes a few microseconds), so records are read in the order
in which they lie, with the driver itself. What a stretch cannot know, namely how the chains go on
beyond it, is handed back as runs to be joined (`credit.records.proof.joining`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from credit.records.proof.chain import hash_holds
from credit.records.proof.checkpoints import body_of, checkpoints_after
from credit.records.proof.findings import (
    CHECKPOINTS,
    MAX_FINDINGS,
    RECORDS,
    Finding,
    Order,
    Placed,
)
from credit.records.proof.raw import (
    DECISION_ID,
    FIELDS,
    POSITION,
    SEQUENCE,
    WRITER,
    RawReader,
)
from credit.records.proof.signatures import wrong_signature
from credit.records.store.engine import STORE_ERRORS
from credit.records.store.location import Location

_START, _END = 0, 1


class Run(NamedTuple):
    """Records of one chain that lie behind one another and are whole and linked.

    Attributes
    ----------
    first_place, last_place
        Transaction (0 on SQLite) and position.
    previous_hash, decision_id
        Of the first record.
    last_hash
        Of the last record.
    """

    writer: bytes
    first_sequence: int
    first_place: tuple[int, int]
    previous_hash: bytes
    decision_id: bytes
    last_sequence: int
    last_place: tuple[int, int]
    last_hash: bytes


@dataclass(slots=True)
class RecordsPage:
    """What is known of a stretch of records.

    Attributes
    ----------
    wrong
        Writer and sequence, as stored, of each record whose bytes do not give its hash.
    findings
        The first of those.
    """

    n_records: int = 0
    runs: list[Run] = field(default_factory=list)
    wrong: list[tuple[bytes, Any]] = field(default_factory=list)
    findings: list[Placed] = field(default_factory=list)


@dataclass(slots=True)
class CheckpointsPage:
    """What is known of a stretch of checkpoints.

    Attributes
    ----------
    findings
        Signatures that do not hold.
    other_heads
        Writer and sequence of heads that were signed with another hash than the record has, with what
        to say about it.
    """

    findings: list[Placed] = field(default_factory=list)
    other_heads: list[tuple[str, int, Finding]] = field(default_factory=list)


class PageChecker:
    """Reads and checks stretches of one store; one for each process. Close it.

    Parameters
    ----------
    public_keys
        Raw public keys by name.
    ceilings
        Last sequence of each chain when the verification began, on PostgreSQL: what lies behind it was
        perhaps not visible yet when an earlier stretch was read. None on SQLite, where nothing commits
        late.
    """

    def __init__(
        self,
        location: Location,
        public_keys: Mapping[str, bytes],
        ceilings: Mapping[bytes, int] | None,
    ) -> None:
        self._public_keys = public_keys
        self._ceilings = ceilings
        self._reader = RawReader(location)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def records(self, first: int, last: int) -> RecordsPage:
        """Check the records from one position to another, both included.

        Raises
        ------
        RecordStoreUnavailable
            They cannot be read.
        """
        page = RecordsPage()
        # As pairs of beginning and end: to make a `Run` for every record would take as long as its hash.
        open_runs: dict[bytes, list[Any]] = {}
        for row in self._reader.records(first, last):
            sound, xid, position, sequence, previous_hash, hash_ = row[:FIELDS]
            writer = row[WRITER]
            if self._ceilings is not None and sequence > self._ceilings.get(writer, 0):
                continue
            page.n_records += 1
            if not (sound and hash_holds(hash_, previous_hash, sequence, *row[FIELDS:])):
                page.wrong.append((writer, sequence))
                if len(page.findings) < MAX_FINDINGS:
                    page.findings.append(_changed(row))
                continue
            run, place = open_runs.get(writer), (xid, position)
            if run is not None:
                end = run[_END]
                if sequence == end[0] + 1 and previous_hash == end[2] and place > end[1]:
                    run[_END] = (sequence, place, hash_)
                    continue
                page.runs.append(_closed(run))
            start = (writer, sequence, place, previous_hash, row[DECISION_ID])
            open_runs[writer] = [start, (sequence, place, hash_)]
        page.runs.extend(_closed(run) for run in open_runs.values())
        return page

    def checkpoints(self, after: int, up_to: int) -> CheckpointsPage:
        """Check signatures of checkpoints, and whether the heads they signed are there as they were.

        Raises
        ------
        RecordStoreUnavailable
            They cannot be read.
        """
        page = CheckpointsPage()
        try:
            with self._reader.engine.begin() as connection:
                entries = list(checkpoints_after(connection, after, up_to=up_to))
        except STORE_ERRORS as error:
            raise self._reader.unreadable(error) from error
        for entry in entries:
            if (finding := wrong_signature(entry, self._public_keys, "checkpoint")) is not None:
                page.findings.append((Order(CHECKPOINTS, entry.number, 1), finding))
            if (body := body_of(entry)) is None:
                continue
            for head, hash_, position, decision_id in self._reader.heads(body.changed):
                writer, sequence, signed = head
                if hash_ != bytes.fromhex(signed):
                    finding = Finding(
                        kind="chain-rewritten",
                        message=f"Record {sequence} of its chain is not the one that checkpoint {entry.number} "
                        "signed: the chain was written anew, here or before.",
                        decision_id=_shown(decision_id),
                        position=position,
                        writer=writer,
                        sequence=sequence,
                        number=entry.number,
                    )
                    page.other_heads.append((writer, sequence, finding))
        return page


def _closed(run: list[Any]) -> Run:
    return Run(*run[_START], *run[_END])


def _changed(row: Sequence[Any]) -> Placed:
    position, sequence = row[POSITION], row[SEQUENCE]
    finding = Finding(
        kind="record-changed",
        message="Its bytes do not give its hash: a field of it, or the hash, was changed.",
        decision_id=_shown(row[DECISION_ID]),
        position=position,
        writer=_shown(row[WRITER]),
        sequence=sequence if isinstance(sequence, int) else None,
    )
    return Order(RECORDS, position), finding


def _shown(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
