"""Arrays for PostgreSQL, encoded here: a batch goes to the server as one array for each column.

psycopg encodes lists, too, but looks at each value several times in Python, which takes longer than the
server takes to insert it. The format is that of ``array_recv`` in PostgreSQL's source,
``src/backend/utils/adt/arrayfuncs.c``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.types import Integer, TypeEngine

# Object identifiers of types, from PostgreSQL's ``src/include/catalog/pg_type.dat``.
_BYTEA, _INT8, _TEXT = 17, 20, 25
_head = struct.Struct(
    ">iiIii"
).pack  # dimensions, whether nulls may be there, type, length, lower bound
_length = struct.Struct(">i").pack
_int8 = struct.Struct(">q").pack
_NULL = _length(-1)


@dataclass(frozen=True, slots=True)
class EncodedArray:
    """An array as it travels to the server; the statement says its type, such as ``%b::text[]``."""

    encoded: bytes


def array_of(kind: TypeEngine[Any], values: Sequence[Any]) -> EncodedArray:
    """Encode the values of one column; None is NULL."""
    if isinstance(kind, LargeBinary):
        return bytes_array(values)
    if isinstance(kind, Integer):
        return _array(_INT8, [None if value is None else _int8(value) for value in values])
    return texts_array(values)


def texts_array(values: Sequence[str | None]) -> EncodedArray:
    """Encode texts."""
    return _array(_TEXT, [None if value is None else value.encode() for value in values])


def bytes_array(values: Sequence[bytes | None]) -> EncodedArray:
    """Encode byte strings."""
    return _array(_BYTEA, values)


def array_type(kind: TypeEngine[Any]) -> str:
    """Name the type of an array of `array_of`."""
    if isinstance(kind, LargeBinary):
        return "bytea[]"
    return "int8[]" if isinstance(kind, Integer) else "text[]"


def _array(type_id: int, values: Sequence[bytes | None]) -> EncodedArray:
    pieces = [_head(1, 1, type_id, len(values), 1)]
    for value in values:
        if value is None:
            pieces.append(_NULL)
        else:
            pieces += (_length(len(value)), value)
    return EncodedArray(b"".join(pieces))


@cache
def teach_driver() -> None:
    """Let psycopg send an `EncodedArray` as it is."""
    import psycopg
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class _AsItIs(Dumper):
        format = Format.BINARY

        def dump(self, obj: EncodedArray) -> bytes:
            return obj.encoded

    psycopg.adapters.register_dumper(EncodedArray, _AsItIs)
