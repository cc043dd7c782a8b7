"""Write a folder of evidence."""

from __future__ import annotations

import base64
import datetime
import importlib.metadata
import importlib.resources
import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from credit.records.evidence.chosen import Chosen
from credit.records.evidence.coverage import SignedEnds, read_signed_ends
from credit.records.evidence.folder import hashes_of, whole_folder
from credit.records.evidence.links import write_links
from credit.records.evidence.manifest import FORMAT, Counts, EvidenceManifest
from credit.records.evidence.tables import RecordTable
from credit.records.proof.checkpoints import checkpoints_after, last_number
from credit.records.proof.signed import SignedEntry
from credit.records.reading.reader import RecordReader
from credit.records.reading.subject import subject_states
from credit.records.record import SealedPart, StoredRecord
from credit.records.store.schema import tombstones

SCRIPT = "verify_evidence.py"


def export_evidence(
    reader: RecordReader,
    chosen: Chosen,
    target: Path,
    *,
    opened: bool,
    public_keys: Mapping[str, bytes],
    advance: Callable[[int], None] = lambda n: None,
) -> EvidenceManifest:
    """Export records, all that proves them, and the script that checks it.

    Parameters
    ----------
    reader
        With keys when `opened`.
    opened
        Whether sealed parts are also written as JSON. Those of erased and restricted subjects stay
        sealed.
    public_keys
        Raw Ed25519 keys of all signers, by id.
    advance
        Told how many more records were read.

    Raises
    ------
    SettingsInvalid
        There is something at `target` already; or records of other people, written by the first version,
        lie between these and their checkpoint.
    RecordsNotProven
        A checkpoint of the store, or a record between, is not what was signed.
    KeyUnavailable, RecordStoreUnavailable
        Keys or store cannot be used.
    """
    with whole_folder(target) as folder:
        # Before the records: what these checkpoints cover is committed, and is found below.
        with reader.reading() as connection:
            newest = 0 if connection is None else last_number(connection)
        exported: dict[str, list[int]] = defaultdict(list)
        states: Counter[str] = Counter()
        with RecordTable(folder / "records.parquet") as table:
            for page in chosen.pages():
                told, parts = _opened(reader, page, opened=opened)
                table.write(page, told, parts)
                states.update(told)
                for record in page:
                    exported[record.writer].append(record.sequence)
                advance(len(page))
        for sequences in exported.values():
            sequences.sort()
        with reader.reading() as connection:
            ends = (
                SignedEnds({}, {}, 0)
                if connection is None
                else read_signed_ends(connection, exported, up_to=newest)
            )
        covers = [ends.covering(w, s) for w, all_ in exported.items() for s in all_]
        numbers = [cover[1] for cover in covers if cover is not None]
        n_links = write_links(reader, folder / "links.parquet", exported, ends)
        checkpoints = _checkpoints(reader, min(numbers, default=1), ends.number)
        notes = _tombstones(reader)
        _write_json(folder / "checkpoints.json", [_plain(entry) for entry in checkpoints])
        _write_json(folder / "tombstones.json", [_plain(entry) for entry in notes])
        _write_json(folder / "heads.json", [[w, *head] for w, head in sorted(ends.last.items())])
        _write_json(folder / "public-keys.json", {k: _base64(v) for k, v in public_keys.items()})
        script = importlib.resources.files("credit.records.evidence") / SCRIPT
        (folder / SCRIPT).write_bytes(script.read_bytes())
        manifest = EvidenceManifest(
            format=FORMAT,
            created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            filter=chosen.filter,
            opened=opened,
            counts=Counts(
                n_records=len(covers),
                n_opened=states["opened"],
                n_erased=states["erased"],
                n_restricted=states["restricted"],
                n_covered=len(numbers),
                n_links=n_links,
                n_checkpoints=len(checkpoints),
                n_tombstones=len(notes),
            ),
            versions={
                name: importlib.metadata.version(name) for name in ("credit-cluster", "pyarrow")
            }
            | {"python": platform.python_version()},
            files=hashes_of(folder),
        )
        _write_json(folder / "manifest.json", manifest)
    return manifest


def _opened(
    reader: RecordReader, page: Sequence[StoredRecord], *, opened: bool
) -> tuple[list[str], Sequence[SealedPart | None]]:
    """Say of each record whether it was opened, or why not."""
    if not page:
        return [], []
    parts: Sequence[SealedPart | None] = reader.open_many(page) if opened else [None] * len(page)
    if opened:
        closed = [record for record, part in zip(page, parts, strict=True) if part is None]
        why = {r.decision_id: w for r, w in zip(closed, reader.why_closed(closed), strict=True)}
        return [
            "opened" if part is not None else str(why[record.decision_id])
            for record, part in zip(page, parts, strict=True)
        ], parts
    known = subject_states(reader, (record.subject_ref for record in page))
    return [known[r.subject_ref].state if r.subject_ref in known else "sealed" for r in page], parts


def _checkpoints(reader: RecordReader, first: int, last: int) -> list[SignedEntry]:
    with reader.reading() as connection:
        if connection is None:
            return []
        return list(checkpoints_after(connection, first - 1, up_to=last))


def _tombstones(reader: RecordReader) -> list[SignedEntry]:
    columns = [c for c in tombstones.c if c is not tombstones.c.subject_ref]
    with reader.reading() as connection:
        if connection is None:
            return []
        rows: Iterable[Any] = connection.execute(select(*columns).order_by(tombstones.c.number))
        return [SignedEntry(**row._mapping) for row in rows]


def _plain(entry: SignedEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "body": entry.body.decode(),  # as text, so that its very bytes survive
        "hash": entry.hash.hex(),
        "signature": _base64(entry.signature),
        "signing_key_id": entry.signing_key_id,
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _write_json(path: Path, content: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
