"""A record with all that the tables get for it, as one row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlalchemy.types import TypeEngine

from credit.records.append.draft import Draft
from credit.records.append.link import COLUMNS
from credit.records.append.prepare import Prepared
from credit.records.store.bulk import Row
from credit.records.store.schema import idempotency_keys, records, subject_keys, subjects

NAMES = (
    *COLUMNS,
    *("key_digest", "fingerprint", "applicant_digest", "master_key_id", "wrapped_key"),
)
"""What the values of a row are, in order. Without a wrapped key, the key is in the store already."""


class Share(NamedTuple):
    """What one table gets of a row.

    Attributes
    ----------
    columns
        Those in `NAMES`; its key comes first.
    unless_null
        It gets nothing of a row where this is null.
    """

    table: Table
    columns: tuple[str, ...]
    unless_null: str


SHARES = (
    Share(
        idempotency_keys,
        ("key_digest", "tenant", "route", "fingerprint", "decision_id"),
        unless_null="key_digest",
    ),
    Share(
        subjects,
        ("applicant_digest", "tenant", "subject_ref", "created_at"),
        unless_null="wrapped_key",
    ),
    Share(
        subject_keys,
        ("key_id", "subject_ref", "master_key_id", "wrapped_key", "created_at"),
        unless_null="wrapped_key",
    ),
    Share(records, COLUMNS, unless_null="decision_id"),
)
"""In the order in which every transaction writes, so that two never wait for each other in a circle."""


@cache
def type_of(name: str) -> TypeEngine[Any]:
    """Tell the type of a value."""
    return next(share.table.c[name].type for share in SHARES if name in share.columns)


def rows_of(batch: Sequence[Prepared], draft: Draft) -> list[Row]:
    """Make the rows of a drafted batch, in its order."""
    rows = []
    for item in batch:
        _, new = draft.new_keys.get(item, (None, None))
        rows.append(
            (
                *draft.rows[item].row,
                *(item.key_digest, item.fingerprint, item.applicant_digest),
                *((None, None) if new is None else (new.master_key_id, new.wrapped_key)),
            )
        )
    return rows
