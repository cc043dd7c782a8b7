"""The request as a pydantic model, made from the ranges of the contract.

Needs pydantic alone; it is copied beside the scripts that other servers run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

Reference = Annotated[str, Field(min_length=1, max_length=128)]


def application_model(columns: Sequence[Mapping[str, Any]]) -> type[BaseModel]:
    """Make the model; fields that are unknown, of another type or out of range are refused."""
    fields: dict[str, Any] = {
        "application_id": (Reference, ...),
        "applicant_id": (Reference | None, None),
        "as_of": (str | None, None),
        **{column["name"]: (_type(column), ...) for column in columns},
    }
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model("Application", __config__=strict, **fields)


def _type(column: Mapping[str, Any]) -> Any:
    number: Any = int if column["type"] == "integer" else float
    found: Any = Annotated[number, Field(ge=column["minimum"], le=column["maximum"])]
    if column["codes"]:
        found = Union[found, Literal[tuple(column["codes"])]]  # noqa: UP007 - made while it runs
    return found | None if column["nullable"] else found
