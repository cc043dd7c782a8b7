"""Values of tensors, in JSON and in binary form."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

from serve_app.inference.message import InputTensor
from serve_app.problems import MalformedRequest

Value = float | int | str | None

_FORMATS = {"FP64": "d", "INT64": "q"}
_NUMBER_BYTES = 8
_LENGTH = struct.Struct("<I")
_JSON_TYPES: dict[str, tuple[type, ...]] = {"FP64": (float, int), "INT64": (int,), "BYTES": (str,)}


def tensor_values(tensor: InputTensor, blob: bytes, n_rows: int) -> Sequence[Value]:
    """Values of a tensor of shape (n,) or (n, 1).

    Null in JSON, NaN and an empty text stand for a value that is not known: a tensor in binary form has
    nothing else to say it with.

    Raises
    ------
    MalformedRequest
        When shape, datatype and values do not fit each other.
    """
    if tensor.shape not in ([n_rows], [n_rows, 1]):
        raise _unfit(
            tensor, f"expected the shape [{n_rows}] or [{n_rows}, 1], as of the first input"
        )
    if tensor.datatype not in _JSON_TYPES:
        raise _unfit(tensor, "expected the datatype FP64, INT64 or BYTES")
    values = _from_json(tensor) if tensor.data is not None else _from_bytes(tensor, blob, n_rows)
    if len(values) != n_rows:
        raise _unfit(tensor, f"expected {n_rows} values, as its shape says; got {len(values)}")
    # Only NaN differs from itself.
    return [None if value == "" or value != value else value for value in values]  # noqa: PLR0124


def _from_json(tensor: InputTensor) -> list[Any]:
    data: list[Any] = tensor.data or []
    if data and isinstance(data[0], list):
        if not all(isinstance(row, list) and len(row) == 1 for row in data):
            raise _unfit(tensor, "expected one value a row")
        data = [row[0] for row in data]
    allowed = _JSON_TYPES[tensor.datatype]
    if not all(value is None or type(value) in allowed for value in data):
        raise _unfit(tensor, f"expected values of the datatype {tensor.datatype}")
    return data


def _from_bytes(tensor: InputTensor, blob: bytes, n_rows: int) -> list[Any]:
    if tensor.datatype == "BYTES":
        return _texts(tensor, blob)
    if len(blob) != _NUMBER_BYTES * n_rows:
        raise _unfit(tensor, f"expected {_NUMBER_BYTES * n_rows} bytes, got {len(blob)}")
    return list(struct.unpack(f"<{n_rows}{_FORMATS[tensor.datatype]}", blob))


def _texts(tensor: InputTensor, blob: bytes) -> list[str]:
    """Texts, each behind its length in four bytes, the lowest first."""
    texts, begin = [], 0
    while begin < len(blob):
        if begin + _LENGTH.size > len(blob):
            raise _unfit(tensor, "expected each text behind its length in four bytes")
        (length,) = _LENGTH.unpack_from(blob, begin)
        begin += _LENGTH.size
        if begin + length > len(blob):
            raise _unfit(tensor, "expected a text as long as the four bytes before it say")
        try:
            texts.append(blob[begin : begin + length].decode("utf-8"))
        except UnicodeDecodeError:
            raise _unfit(tensor, "expected texts in UTF-8") from None
        begin += length
    return texts


def pack(datatype: str, values: Sequence[Any]) -> bytes:
    """Write values in binary form."""
    if datatype != "BYTES":
        return struct.pack(f"<{len(values)}{_FORMATS[datatype]}", *values)
    return pack_texts([text.encode() for text in values])


def pack_texts(texts: Sequence[bytes]) -> bytes:
    """Write texts in binary form, each behind its length in four bytes, the lowest first."""
    return b"".join(itertools.chain.from_iterable((_LENGTH.pack(len(t)), t) for t in texts))


def unpack(datatype: str, blob: bytes, n_values: int) -> list[float] | list[int] | list[bytes]:
    """Read values that `pack` wrote."""
    if datatype != "BYTES":
        return list(struct.unpack(f"<{n_values}{_FORMATS[datatype]}", blob))
    texts, begin = [], 0
    while begin < len(blob):
        (length,) = _LENGTH.unpack_from(blob, begin)
        begin += _LENGTH.size
        texts.append(blob[begin : begin + length])
        begin += length
    return texts


def _unfit(tensor: InputTensor, said: str) -> MalformedRequest:
    return MalformedRequest(400, f"input {tensor.name[:64]}: {said}")
