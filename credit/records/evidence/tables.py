"""Records as Parquet: the hashed fields as they lie in the store, the clear part also in columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

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
    """Writes records to a Parquet file, page by page. Use as a context manager.

    Parameters
    ----------
    with_clear
        Whether the clear part also gets its columns, and the opened sealed part one.
    """

    def __init__(self, path: Path, *, with_clear: bool) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = {name: pa.type_for_alias(kind) for name, kind in _STORED.items()}
        if with_clear:
            fields |= {name: pa.type_for_alias(kind) for name, kind in _CLEAR.items()}
            fields |= {"reason_codes": pa.list_(pa.string()), "state": pa.string()}
            fields |= {"opened": pa.string()}
        self._with_clear = with_clear
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
        states: Sequence[str] = (),
        parts: Sequence[SealedPart | None] = (),
    ) -> None:
        """Write a page.

        Parameters
        ----------
        states, parts
            With clear columns: why each sealed part is closed, or ``opened``; and what it holds.
        """
        import pyarrow as pa

        if not page:
            return
        rows = [_stored(record) for record in page]
        if self._with_clear:
            for row, record, state, part in zip(rows, page, states, parts, strict=True):
                row |= {name: getattr(record.clear, name) for name in (*_CLEAR, "reason_codes")}
                row |= {"state": state, "opened": None if part is None else opened_json(part)}
        self._writer.write_table(pa.Table.from_pylist(rows, schema=self._schema))


def opened_json(part: SealedPart) -> str:
    """Spell a sealed part as JSON; the answer as the document it is, a missing value as null."""
    document = msgspec.to_builtins(part) | {"answer": msgspec.Raw(part.answer)}
    return msgspec.json.encode(document).decode()


def _stored(record: StoredRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in _STORED if name != "clear"}
    return values | {"clear": record.clear_bytes}
