"""How a loan went."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from credit.followup import tables
from credit.records.store.state import ensure_tables


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a loan defaulted, by the definition of the product's target, and when that was seen."""

    defaulted: bool
    observed_on: datetime.date


def record_outcome(state: sa.Engine, tenant: str, decision_id: str, outcome: Outcome) -> str:
    """Add how the loan of a decision went; the newest counts.

    Returns
    -------
    When it was recorded: saying the same again changes nothing.
    """
    values = {
        "defaulted": outcome.defaulted,
        "observed_on": outcome.observed_on.isoformat(),
    }
    return tables.add_row(state, tables.outcomes, tenant, decision_id, values)


def latest_outcomes(
    state: sa.Engine, tenant: str, decision_ids: Sequence[str]
) -> dict[str, Outcome]:
    """Read the outcomes of decisions, of at most 1,000 at a time; those without one are left out."""
    ensure_tables(state, tables.metadata)
    with state.connect() as connection:
        found = tables.newest(connection, tables.outcomes, tenant, decision_ids)
    return {
        decision_id: Outcome(
            bool(row["defaulted"]), datetime.date.fromisoformat(row["observed_on"])
        )
        for decision_id, row in found.items()
    }
