"""Records as Parquet: the hashed fields as they lie in the store, the clear part also in columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from credit.records.record import SealedPart, StoredRecord

if TYPE_CHECKING:
    import pyarrow as pa

_STORED = {
    "position": "int64",
    "commit_xid": "int64",
    "tenant": "string",
    "route": "string",
    "decision_id": "string",
    "writer": "string",
    "sequence": "int64",
    "previous_hash": "binary",
    "hash": "binary",
    "subject_ref": "string",
    "key_id": "string",
    "created_at": "string",
    "clear": "binary",
    "sealed": "binary",
}
_CLEAR = {
    "contract": "string",
    "contract_version": "string",
    "bundle": "string",
    "generation": "int64",
    "arm": "string",
    "slot": "int64",
    "model": "string",
    "engine": "string",
    "fingerprint": "string",
    "probability_of_default": "float64",
    "score": "float64",
    "rating": "string",
    "risk_level": "string",
    "decision": "string",
    "policy_version": "string",
}


class RecordTable:
    """Writes records to a Parquet file, page by page. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = _STORED | _CLEAR
        fields = {name: pa.type_for_alias(kind) for name, kind in columns.items()}
        fields |= {"reason_codes": pa.list_(pa.string()), "state": pa.string()}
        fields |= {"opened": pa.string()}
        self._schema: pa.Schema = pa.schema(list(fields.items()))
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(
        self,
        page: Sequence[StoredRecord],
        states: Sequence[str],
        parts: Sequence[SealedPart | None],
    ) -> None:
        """Write a page.

        Parameters
        ----------
        states, parts
            Why each sealed part is closed, or ``opened``; and what it holds.
        """
        import pyarrow as pa

        if not page:
            return
        rows: list[dict[str, object]] = []
        for record, state, part in zip(page, states, parts, strict=True):
            row = {name: getattr(record, name) for name in _STORED if name != "clear"}
            row |= {name: getattr(record.clear, name) for name in (*_CLEAR, "reason_codes")}
            row |= {"clear": record.clear_bytes, "state": state}
            rows.append(row | {"opened": None if part is None else opened_json(part)})
        self._writer.write_table(pa.Table.from_pylist(rows, schema=self._schema))


def opened_json(part: SealedPart) -> str:
    """Spell a sealed part as JSON; the answer as the document it is, a missing value as null."""
    document = msgspec.to_builtins(part) | {"answer": msgspec.Raw(part.answer)}
    return msgspec.json.encode(document).decode()
