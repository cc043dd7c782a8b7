"""The decisions of a tenant, page by page: what is in clear of them, and nothing that is sealed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from credit.records import ClearPart, RecordReader
from credit.records.reading.selection import PAGE, Period, newest_in_period

MOST_LOOKED_AT = 4 * PAGE
"""Records that are looked at for one page: a filter that hardly any passes must not read the whole store."""


@dataclass(frozen=True)
class Wanted:
    """Which decisions to list; None takes all."""

    period: Period
    decision: str | None = None
    arm: str | None = None
    bundle: str | None = None

    @property
    def filters(self) -> bool:
        """Whether decisions of the period may be left out."""
        return (self.decision, self.arm, self.bundle) != (None, None, None)

    def takes(self, clear: ClearPart) -> bool:
        """Tell whether a decision is among them."""
        return (
            self.decision in (None, clear.decision)
            and self.arm in (None, clear.arm)
            and self.bundle in (None, clear.bundle)
        )


class ListedDecision(msgspec.Struct, frozen=True):
    """One decision of the list."""

    decision_id: str
    route: str
    decision: ClearPart


class DecisionList(msgspec.Struct, frozen=True):
    """The answer of ``/v1/decisions``.

    Attributes
    ----------
    decisions
        Newest first.
    next
        Send it as ``before`` for those that follow; null at the end. A page may be short, or empty, and have
        one all the same: then many were passed over.
    """

    decisions: list[ListedDecision]
    next: str | None


def list_decisions(
    reader: RecordReader, tenant: str, wanted: Wanted, *, limit: int, before: str | None
) -> bytes:
    """List decisions of a tenant, as JSON.

    Parameters
    ----------
    limit
        Decisions of a page, at least 1.
    before
        Only those that are older than the one of this id.
    """
    found: list[ListedDecision] = []
    size = PAGE if wanted.filters else limit
    n_looked_at = 0
    while n_looked_at < MOST_LOOKED_AT:
        page = newest_in_period(reader, wanted.period, size, tenant=tenant, before=before)
        for record in page:
            if wanted.takes(record.clear):
                found.append(ListedDecision(record.decision_id, record.route, record.clear))
            if len(found) == limit:
                return _encoded(found, record.decision_id)
        if len(page) < size:
            return _encoded(found, None)
        before = page[-1].decision_id
        n_looked_at += len(page)
    return _encoded(found, before)


def _encoded(found: list[ListedDecision], following: str | None) -> bytes:
    return msgspec.json.encode(DecisionList(found, following))
