"""The struct that the JSON of an application is decoded into, generated from the contract."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec

from credit.contract.column import Column
from credit.contract.model import Contract

EXACT = 2.0**53
"""Whole numbers up to here are themselves as float64."""

NO_CONSENTS = ("consents", msgspec.UnsetType, msgspec.UNSET)
"""A field that no JSON value fits, so that every struct has the same fields in the same places."""


def wire_struct(contract: Contract) -> type[msgspec.Struct] | None:
    """Make the struct: references, date and consents first, then the inputs in the contract's order.

    Ranges are checked while decoding. Where a column has sentinel codes the range covers them, too,
    and what lies between is for the caller to refuse.

    Returns
    -------
    type[msgspec.Struct] or None
        None when a bound of a whole number does not fit float64 exactly: a struct cannot hold it.
    """
    optional: Any = str | msgspec.UnsetType | None
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("application_id", str),
        ("applicant_id", optional, msgspec.UNSET),
        ("as_of", optional, msgspec.UNSET),
        ("consents", list[str]) if contract.consents else NO_CONSENTS,
    ]
    for place, column in enumerate(contract.inputs):
        kind = _kind(column)
        if kind is None:
            return None
        fields.append((f"input_{place}", kind))
    renamed = {f"input_{place}": column.name for place, column in enumerate(contract.inputs)}
    return msgspec.defstruct(
        "WireApplication",
        fields,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
        rename=renamed,
        gc=False,
    )


def _kind(column: Column) -> Any:
    if not column.is_number:
        return str | None if column.nullable else str
    low, high = _bounds(column)
    if column.type == "integer":
        if max(abs(low), abs(high)) > EXACT:
            return None
        kind: Any = Annotated[int, msgspec.Meta(ge=math.ceil(low), le=math.floor(high))]
    else:
        kind = Annotated[float, msgspec.Meta(ge=low, le=high)]
    return kind | None if column.nullable else kind


def _bounds(column: Column) -> tuple[float, float]:
    """Range of an input column, which always has one, widened to its codes."""
    known = [float(code) for code in column.sentinels]
    known += [bound for bound in (column.minimum, column.maximum) if bound is not None]
    return min(known), max(known)
