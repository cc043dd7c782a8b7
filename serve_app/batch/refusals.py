"""Rows of a batch that were not decided, and why."""

from __future__ import annotations

import msgspec

from credit.errors import (
    ApplicationInvalid,
    CreditError,
    ExplanationInconsistent,
    Failure,
    IdempotencyConflict,
    InvalidInput,
    RecordErased,
)
from serve_app.problems import KINDS

OF_ONE_ROW = (InvalidInput, IdempotencyConflict, RecordErased, ExplanationInconsistent)
"""Errors that say something of one row only: the others are decided all the same."""


class RefusedRow(msgspec.Struct, frozen=True):
    """One row that was not decided.

    Attributes
    ----------
    row
        Its number in the body, from 1.
    errors
        Rules of the contract that it breaks. What is not about a field stands under the field ``row``, with
        the name of the problem that ``/v1/score`` would answer in place of a rule.
    """

    row: int
    errors: tuple[Failure, ...]


def refused_row(number: int, error: CreditError) -> RefusedRow:
    """Say why a row was not decided."""
    if isinstance(error, ApplicationInvalid):
        return RefusedRow(number, error.failures)
    kind = next(KINDS[c] for c in type(error).__mro__ if c in KINDS)
    return RefusedRow(number, (Failure("row", kind.name, str(error)),))
