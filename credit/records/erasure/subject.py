"""Find a subject by any of its names, and what the store holds of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, select

from credit.errors import RecordStoreUnavailable
from credit.records.erasure.policies import ProductKind, RetentionPolicy
from credit.records.reading.order import STORED
from credit.records.sealing.keys import KeyProvider, applicant_digest
from credit.records.store.schema import records, subject_keys, subjects

_BY_DIGEST = select(subjects).where(
    subjects.c.applicant_digest == bindparam("value"), subjects.c.tenant == bindparam("tenant")
)
_BY_REF = select(subjects).where(
    subjects.c.subject_ref == bindparam("value"), subjects.c.tenant == bindparam("tenant")
)
_BY_DECISION = (
    select(subjects)
    .join_from(subjects, records, records.c.subject_ref == subjects.c.subject_ref)
    .where(records.c.decision_id == bindparam("value"), records.c.tenant == bindparam("tenant"))
)
_DECISIONS: Select[Any] = select(
    records.c.subject_ref, records.c.created_at, records.c.clear
).where(records.c.subject_ref.in_(bindparam("refs", expanding=True)))
_SEALED = (
    STORED.add_columns(subject_keys.c.master_key_id, subject_keys.c.wrapped_key)
    .join_from(records, subject_keys, subject_keys.c.key_id == records.c.key_id)
    .where(
        records.c.subject_ref.in_(bindparam("refs", expanding=True)),
        subject_keys.c.wrapped_key.is_not(None),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectName:
    """One of the names that a subject is asked for by; exactly one is given.

    Attributes
    ----------
    applicant_id
        As the lender sends it; only its keyed digest is looked for.
    subject_ref
        As the records carry it.
    decision_id
        Of any of its decisions.
    """

    applicant_id: str | None = None
    subject_ref: str | None = None
    decision_id: str | None = None

    def __post_init__(self) -> None:
        given = (self.applicant_id, self.subject_ref, self.decision_id)
        if sum(name is not None for name in given) != 1:
            raise ValueError(
                "expected exactly one of applicant_id, subject_ref and decision_id, came "
                f"{sum(name is not None for name in given)}"
            )

    def __repr__(self) -> str:
        """Show no name: it may end up in a log."""
        return "SubjectName(...)"


@dataclass(frozen=True, slots=True)
class Decided:
    """When a decision was made, and which it was."""

    subject_ref: str
    day: date
    decision: str


class _OnlyDecision(msgspec.Struct):
    decision: str


_decode = msgspec.json.Decoder(_OnlyDecision).decode


def find_subject(
    connection: Connection, keys: KeyProvider, tenant: str, name: SubjectName
) -> Row[Any] | None:
    """Find the row of a subject; None when that tenant knows none of this name."""
    statement: Select[Any]
    value: bytes | str | None
    if name.applicant_id is not None:
        digest = applicant_digest(keys, tenant, name.applicant_id)
        statement, value = _BY_DIGEST, digest
    elif name.subject_ref is not None:
        statement, value = _BY_REF, name.subject_ref
    else:
        statement, value = _BY_DECISION, name.decision_id
    return connection.execute(statement, {"value": value, "tenant": tenant}).one_or_none()


def decisions_of(connection: Connection, refs: Sequence[str]) -> list[Decided]:
    """Read when the decisions of some subjects were made, and which they were.

    Raises
    ------
    RecordStoreUnavailable
        The clear part of a record cannot be read.
    """
    rows = connection.execute(_DECISIONS, {"refs": list(refs)})
    return [_decided(row) for row in rows]


def sealed_rows_of(connection: Connection, refs: Sequence[str]) -> Sequence[Row[Any]]:
    """Read the sealed parts of some subjects with the keys that open them."""
    return connection.execute(_SEALED, {"refs": list(refs)}).all()


def kept_until(
    decided: Sequence[Decided], policy: RetentionPolicy, kind: ProductKind
) -> date | None:
    """Last day on which one of these records must be kept; None when none must."""
    ends = [policy.must_keep_until(kind, one.decision, one.day) for one in decided]
    return max((end for end in ends if end is not None), default=None)


def expires_after(
    decided: Sequence[Decided], policy: RetentionPolicy, kind: ProductKind
) -> date | None:
    """Last day on which the newest of these records may be kept; None when no end is set for one."""
    ends = [policy.may_keep_until(kind, one.decision, one.day) for one in decided]
    found = [end for end in ends if end is not None]
    return max(found) if found and len(found) == len(ends) else None


def _decided(row: Row[Any]) -> Decided:
    try:
        return Decided(
            row.subject_ref, date.fromisoformat(row.created_at[:10]), _decode(row.clear).decision
        )
    except (ValueError, msgspec.DecodeError) as error:
        raise RecordStoreUnavailable(
            f"A record of subject {row.subject_ref} cannot be read: its bytes were changed. Restore the "
            "record store from a backup and run: credit records verify"
        ) from error
