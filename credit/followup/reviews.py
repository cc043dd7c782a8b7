"""What an officer decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import sqlalchemy as sa

from credit.followup import tables
from credit.records.store.state import ensure_tables


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An officer's decision: on a case for review, or instead of what the model said.

    Attributes
    ----------
    reason_code
        A code of the lender's own list; no text, which could describe the applicant.
    reviewer
        Who decided, as the lender's directory names them.
    """

    decision: Literal["approve", "decline"]
    reason_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9_]{0,63}$")]
    reviewer: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


def record_review(state: sa.Engine, tenant: str, decision_id: str, review: Review) -> str:
    """Add an officer's decision; the newest counts.

    Returns
    -------
    When it was recorded: saying the same again changes nothing.
    """
    values = msgspec.structs.asdict(review)
    return tables.add_row(state, tables.reviews, tenant, decision_id, values)


def latest_reviews(state: sa.Engine, tenant: str, decision_ids: Sequence[str]) -> dict[str, Review]:
    """Read the reviews of decisions, of at most 1,000 at a time; those without one are left out."""
    ensure_tables(state, tables.metadata)
    with state.connect() as connection:
        found = tables.newest(connection, tables.reviews, tenant, decision_ids)
    return {
        decision_id: Review(row["decision"], row["reason_code"], row["reviewer"])
        for decision_id, row in found.items()
    }
