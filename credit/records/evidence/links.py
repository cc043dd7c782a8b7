"""What lies between the exported records and their checkpoints: hashes, and nothing of any content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from credit.errors import RecordsNotProven, SettingsInvalid
from credit.records.evidence.coverage import SignedEnds, spans
from credit.records.proof.chain import HASHED_FIELDS, content_hash, hash_holds, link_hash
from credit.records.reading.reader import RecordReader
from credit.records.reading.selection import PAGE
from credit.records.store.schema import records

_COLUMNS = {
    "writer": "string",
    "sequence": "int64",
    "previous_hash": "binary",
    "content_hash": "binary",
    "hash": "binary",
}
_BETWEEN = select(
    records.c.sequence,
    records.c.previous_hash,
    records.c.hash,
    *[records.c[name] for name in HASHED_FIELDS],
).order_by(records.c.sequence)


def write_links(
    reader: RecordReader, path: Path, exported: Mapping[str, Sequence[int]], ends: SignedEnds
) -> int:
    """Write a Parquet file of links; returns how many records it stands for.

    Parameters
    ----------
    exported
        Sequences by writer, ascending.

    Raises
    ------
    SettingsInvalid
        A record between is of the first format, in which a hash cannot stand for a content.
    RecordsNotProven
        A record between is missing, or is not what was hashed when it was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _COLUMNS.items()])
    n_links = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as table:
        for writer, first, last in spans(exported, ends):
            for links in _pages(reader, writer, first, last, set(exported[writer])):
                table.write_table(pa.Table.from_pylist(links, schema=schema))
                n_links += len(links)
    return n_links


def _pages(
    reader: RecordReader, writer: str, first: int, last: int, exported: set[int]
) -> Iterator[list[dict[str, Any]]]:
    for start in range(first, last + 1, PAGE):
        stop = min(start + PAGE - 1, last)
        if exported.issuperset(range(start, stop + 1)):
            continue
        statement = _BETWEEN.where(
            records.c.writer == writer, records.c.sequence.between(start, stop)
        )
        with reader.reading() as connection:
            rows = [] if connection is None else connection.execute(statement).all()
        if len(rows) != stop - start + 1:
            raise _not_proven(
                f"Between {start} and {stop} of the chain {writer} records are missing"
            )
        yield [_link(row) for row in rows if row.sequence not in exported]


def _link(row: Row[Any]) -> dict[str, Any]:
    sequence, previous_hash, hash_, *stored = tuple(row)
    fields = [field.encode() if isinstance(field, str) else field for field in stored]
    if not hash_holds(hash_, previous_hash, sequence, *fields):
        raise _not_proven(f"Record {sequence} of the chain {row.writer} is not what was hashed")
    content = content_hash(*fields)
    if link_hash(previous_hash, sequence, content) != hash_:
        raise SettingsInvalid(
            "Other records lie between these and their checkpoint, and were written by the first version, whose "
            "hashes cover all content at once: evidence would hand out what concerns other people, and is "
            "refused; tell one decision with: credit records show"
        )
    return {
        "writer": row.writer,
        "sequence": sequence,
        "previous_hash": previous_hash,
        "content_hash": content,
        "hash": hash_,
    }


def _not_proven(finding: str) -> RecordsNotProven:
    return RecordsNotProven(
        f"{finding}, so nothing before it can be exported as evidence; run: credit records verify"
    )
