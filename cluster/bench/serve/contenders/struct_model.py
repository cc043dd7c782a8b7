"""The request as a msgspec struct, made from the ranges of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Reference = Annotated[str, Meta(min_length=1, max_length=128)]


def application_decoder(
    columns: Sequence[Mapping[str, Any]],
) -> Callable[[bytes], dict[str, Any]]:
    """Make a function from JSON to the fields of an application.

    It raises :class:`msgspec.ValidationError` for fields that are unknown, of another type or out of range.
    """
    # Those with a default come last.
    fields: list[Any] = [
        ("application_id", Reference),
        *((column["name"], _type(column)) for column in columns),
        ("applicant_id", Reference | None, None),
        ("as_of", str | None, None),
    ]
    model = msgspec.defstruct("Application", fields, forbid_unknown_fields=True)
    decode = msgspec.json.Decoder(model).decode
    # msgspec knows no union of a range and of codes beyond it, so these are looked at again.
    coded = [(c["name"], c["maximum"], frozenset(c["codes"])) for c in columns if c["codes"]]

    def decoded(body: bytes) -> dict[str, Any]:
        application: dict[str, Any] = msgspec.structs.asdict(decode(body))
        for name, maximum, codes in coded:
            if application[name] > maximum and application[name] not in codes:
                raise msgspec.ValidationError(f"{name}: expected at most {maximum}")
        return application

    return decoded


def _type(column: Mapping[str, Any]) -> Any:
    number: Any = int if column["type"] == "integer" else float
    most = number(max([column["maximum"], *column["codes"]]))
    found: Any = Annotated[number, Meta(ge=number(column["minimum"]), le=most)]
    return found | None if column["nullable"] else found
