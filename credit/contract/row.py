"""Validate one application: everything that is wrong with it is said at once."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

from credit.contract.application import Application
from credit.contract.column import EARLIEST_YEAR, LATEST_YEAR, Column
from credit.contract.model import Contract
from credit.errors import ApplicationInvalid, Failure

MAXIMUM_ID_LENGTH = 128
"""Longer references are refused: they travel through headers, keys and indexes."""

MOST_UNKNOWN_TOLD = 20
"""Unknown fields that are named; a body may hold thousands, and an answer must not grow with them."""


class RowValidator:
    """Turns a decoded JSON object or a table row into an :class:`Application`, or refuses.

    Every input column of the contract must be there; a value that is not known is sent as null, and
    only where the contract allows it. Nothing is filled in.

    Examples
    --------
    >>> from credit.contract import load_contract
    >>> validator = RowValidator(load_contract("give_me_some_credit"))
    >>> validator.application({"application_id": "A-1"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    credit.errors.ApplicationInvalid: revolving_utilization: required; send a number...
    """

    def __init__(self, contract: Contract) -> None:
        self._inputs = contract.inputs
        self.required = (
            "application_id",
            *(["consents"] if contract.consents else []),
            *(column.name for column in contract.inputs),
        )
        self._consents = contract.consent_sources
        self._known = {column.name for column in contract.inputs} | {
            "application_id",
            "applicant_id",
            "as_of",
            *(["consents"] if contract.consents else []),
        }

    def application(self, row: Mapping[str, Any], *, repeated: Sequence[str] = ()) -> Application:
        """Validate a row.

        Parameters
        ----------
        repeated
            Fields that the sender gave more than once, of which the row can hold one value only.

        Raises
        ------
        ApplicationInvalid
            With one failure per field that breaks a rule.
        """
        failures = [
            Failure(name, "repeated", "given more than once; send each field once")
            for name in repeated
            if name in self._known
        ]
        if not row.keys() <= self._known:
            failures += _unknown([str(name) for name in row if name not in self._known])
        withheld = self._withheld(row, failures) if self._consents else ()
        values = tuple(
            [
                math.nan if column.source in withheld else _value(column, row, failures)
                for column in self._inputs
            ]
            if withheld
            else [_value(column, row, failures) for column in self._inputs]
        )
        application_id = _reference("application_id", row, failures, required=True)
        applicant_id = _reference("applicant_id", row, failures, required=False)
        as_of = _date(row.get("as_of"), failures)
        if failures:
            raise ApplicationInvalid(failures)
        return Application(application_id or "", applicant_id, as_of, values, withheld)

    def _withheld(self, row: Mapping[str, Any], failures: list[Failure]) -> tuple[str, ...]:
        given = row.get("consents")
        known = ", ".join(self._consents)
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            message = f"required; send the list of sources consented to, of: {known}"
            failures.append(Failure("consents", "missing", message))
            return ()
        if not set(given) <= set(self._consents):
            failures.append(Failure("consents", "category", f"expected sources out of: {known}"))
        return tuple(name for name in self._consents if name not in given)


def _unknown(names: list[str]) -> list[Failure]:
    told = [Failure(name[:64], "unknown", "unknown field; remove it") for name in names]
    if len(told) > MOST_UNKNOWN_TOLD:
        more = f"unknown field, as are {len(told) - MOST_UNKNOWN_TOLD:,} more; remove them"
        last = told[MOST_UNKNOWN_TOLD - 1]
        told[MOST_UNKNOWN_TOLD - 1 :] = [Failure(last.field, last.rule, more)]
    return told


def _value(column: Column, row: Mapping[str, Any], failures: list[Failure]) -> float:
    """Return the value as float64, NaN for an allowed null; append a failure otherwise."""
    value = row.get(column.name, _ABSENT)
    if value is None and column.nullable:
        return math.nan
    if value is _ABSENT or value is None:
        failures.append(_absent(column, value))
        return math.nan
    if column.type == "category":
        return _category(column, value, failures)
    if column.type == "date":
        return _ordinal(column, value, failures)
    failure = _number_failure(column, value)
    if failure is not None:
        failures.append(failure)
        return math.nan
    return float(value) + 0.0  # a zero with a minus sign is a zero, and is recorded as one


_ABSENT = object()

_KINDS = {"category": "one of its codes", "date": "an ISO date"}


def _absent(column: Column, value: Any) -> Failure:
    kind = _KINDS.get(column.type, "a number")
    if value is None:
        return Failure(column.name, "null", f"may not be null; send {kind}")
    hint = " or null when it is not known" if column.nullable else ""
    return Failure(column.name, "missing", f"required; send {kind}{hint}")


def _category(column: Column, value: Any, failures: list[Failure]) -> float:
    place = column.category_places.get(value) if isinstance(value, str) else None
    if place is None:
        failures.append(Failure(column.name, "category", category_message(column)))
        return math.nan
    return place


def category_message(column: Column) -> str:
    """Name the codes of a category column, the first of them where there are many."""
    codes = column.category_codes
    told = ", ".join(codes[:MOST_CODES_TOLD])
    more = f", ... ({len(codes)} in all)" if len(codes) > MOST_CODES_TOLD else ""
    return f"expected one of the codes {told}{more}, as text"


MOST_CODES_TOLD = 12


def _ordinal(column: Column, value: Any, failures: list[Failure]) -> float:
    ordinal = date_ordinal(value)
    if ordinal is None:
        failures.append(Failure(column.name, "type", DATE_MESSAGE))
        return math.nan
    return ordinal


DATE_MESSAGE = f"expected an ISO date such as 2026-01-31, from {EARLIEST_YEAR} to {LATEST_YEAR}"


def date_ordinal(value: Any) -> float | None:
    """Proleptic ordinal of an ISO date, None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        date = datetime.date.fromisoformat(value)
    except ValueError:
        return None
    # fromisoformat also takes 20260131 and 2026-W05-6, which nobody sends on purpose.
    if date.isoformat() != value:
        return None
    return float(date.toordinal()) if EARLIEST_YEAR <= date.year <= LATEST_YEAR else None


def _number_failure(column: Column, value: Any) -> Failure | None:
    if type(value) is not int and type(value) is not float:
        return Failure(column.name, "type", f"expected a number, got {_json_type(value)}")
    if type(value) is float and not math.isfinite(value):
        return Failure(column.name, "finite", "must be finite; NaN and infinity are refused")
    if column.type == "integer" and value != int(value):
        return Failure(column.name, "type", "expected a whole number")
    if value in column.sentinels:
        return None
    if column.minimum is not None and value < column.minimum:
        return Failure(column.name, "minimum", f"expected at least {column.minimum:,.15g}")
    if column.maximum is not None and value > column.maximum:
        return Failure(column.name, "maximum", f"expected at most {column.maximum:,.15g}")
    return None


def _json_type(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")


def _reference(
    name: str, row: Mapping[str, Any], failures: list[Failure], *, required: bool
) -> str | None:
    value = row.get(name)
    if value is None:
        if required:
            failures.append(Failure(name, "missing", "required; send the lender's reference"))
        return None
    if not isinstance(value, str):
        failures.append(Failure(name, "type", f"expected a string, got {_json_type(value)}"))
    elif not readable_reference(value):
        message = f"expected 1 to {MAXIMUM_ID_LENGTH} printable characters"
        failures.append(Failure(name, "length", message))
    else:
        return value
    return None


def readable_reference(value: str) -> bool:
    """Tell whether a reference has a length and characters that can be kept and shown."""
    return 1 <= len(value) <= MAXIMUM_ID_LENGTH and value.isprintable()


def iso_date(value: Any) -> str | None:
    """Return an ISO date in its usual form, None for anything else."""
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return None


def _date(value: Any, failures: list[Failure]) -> str | None:
    if value is None:
        return None
    date = iso_date(value)
    if date is None:
        failures.append(Failure("as_of", "type", "expected an ISO date such as 2026-01-31"))
    return date
