"""The body of a batch becomes rows, each of which is checked by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

from credit.contract import Application, ApplicationDecoder, Contract
from credit.contract.decoder import hint
from credit.errors import InvalidInput, NotJson
from serve_app.problems import MalformedRequest

BatchKind = Literal["json", "lines", "csv", "parquet"]

Row = Application | InvalidInput | bytes | msgspec.Raw
"""An application, why it is none, or the JSON of one."""

Made = TypeVar("Made")

SPARE_MEMBERS = 16
"""Commas that a row may hold beyond those of its fields: in its references, for example."""

_line = re.compile(rb"[^\r\n]+")


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    applications: msgspec.Raw


_rows = msgspec.json.Decoder(list[msgspec.Raw])
_wrapped = msgspec.json.Decoder(_Wrapped)


def batch_rows(body: bytes, kind: BatchKind, contract: Contract, maximum: int) -> Sequence[Row]:
    """Take a body apart; rows of tables are checked here, those of JSON by :func:`read_row`.

    Takes up to a second for a table, so call it in a thread. Numbers of rows begin at 1: lines of blanks
    are no rows, nor is the header of a table.

    Raises
    ------
    InvalidInput
        When the body is not of its kind, or holds no row.
    MalformedRequest
        When there are more rows than ``maximum``.
    """
    if kind == "json":
        return json_rows(body, contract, maximum)
    if kind == "lines":
        return _some(_lines(body, maximum))
    # Tables take pandas and pyarrow.csv; who sends JSON does not wait for them to be loaded.
    from serve_app.batch.tables import table_rows

    return _some(table_rows(body, kind, contract, maximum))


def _some(rows: list[Made]) -> list[Made]:
    if not rows:
        raise InvalidInput("expected at least one application, got none")
    return rows


def read_row(row: Row, decoder: ApplicationDecoder) -> Application:
    """Check one row.

    Raises
    ------
    InvalidInput
        When it is no application.
    """
    if isinstance(row, Application):
        return row
    if isinstance(row, InvalidInput):
        raise row
    return decoder.decode(bytes(row))


def json_rows(body: bytes, contract: Contract, maximum: int) -> list[msgspec.Raw]:
    """Take apart an array, or an object whose one member ``applications`` is one.

    Raises
    ------
    NotJson
        When the body as a whole is not JSON.
    InvalidInput
        When it is JSON of another shape, an empty array, or the member stands twice.
    MalformedRequest
        When there are too many elements.
    """
    _bound_elements(body, contract, maximum)
    try:
        try:
            rows = _rows.decode(body)
        except msgspec.ValidationError:
            rows = _rows.decode(_member(body))
    except msgspec.ValidationError:
        raise InvalidInput(
            "expected an array of applications, or an object whose one member, applications, is such an array"
        ) from None
    except msgspec.DecodeError as error:
        raise NotJson(f"the body is not valid JSON: {error}{hint(body)}") from None
    except (UnicodeDecodeError, RecursionError):
        raise NotJson("the body is not valid JSON: not UTF-8, or nested too deeply") from None
    if len(rows) > maximum:
        raise too_many_rows(maximum)
    return _some(rows)


def _member(body: bytes) -> msgspec.Raw:
    rows = _wrapped.decode(body).applications
    # The last of several members would be taken: what stands before it may hold one colon only.
    before = body.rstrip()[:-1].rstrip().removesuffix(bytes(rows))
    if before.count(b":") != 1:
        raise InvalidInput("applications: given more than once; send it once")
    return rows


def _bound_elements(body: bytes, contract: Contract, maximum: int) -> None:
    """Refuse what has more elements than so many applications could, before each becomes an object in memory."""
    of_a_row = len(contract.inputs) + len(contract.consent_sources) + SPARE_MEMBERS
    if body.count(b",") > maximum * of_a_row:
        raise too_many_rows(maximum)


def _lines(body: bytes, maximum: int) -> list[bytes]:
    lines = []
    for n_lines, found in enumerate(_line.finditer(body)):
        if n_lines >= maximum:
            raise too_many_rows(maximum)
        line = found.group()
        if not line.isspace():
            lines.append(line)
    return lines


def too_many_rows(maximum: int) -> MalformedRequest:
    """Refuse a batch of more rows than are taken."""
    return MalformedRequest(
        413, f"the batch has more than {maximum:,} rows; send it in several requests"
    )
