"""What came of replaying a decision."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What came of one record.

    ``equal_within_1e-12`` is possible only under another fingerprint: there, PD, SHAP values and
    features agree within 1e-12 and every word of the answer is the same, while score and points,
    which are rounded, may lie one step of 0.01 apart. ``unreadable``: its sealed part does not open,
    or this program cannot score what it holds.
    """

    IDENTICAL = "identical"
    WITHIN = "equal_within_1e-12"
    DIFFERENT = "different"
    ERASED = "erased"
    RESTRICTED = "restricted"
    UNREADABLE = "unreadable"
    BUNDLE_UNAVAILABLE = "bundle_unavailable"
    ENGINE_UNAVAILABLE = "engine_unavailable"


EXPECTED = frozenset({Outcome.IDENTICAL, Outcome.WITHIN, Outcome.ERASED, Outcome.RESTRICTED})
"""Outcomes that keep the promise: replayed alike, or closed by law."""


class Difference(msgspec.Struct, frozen=True):
    """One field that is not what the record says.

    Attributes
    ----------
    field
        Its name, such as ``features[utilization]``; ``answer.`` stands before what the client was told.
    recorded, replayed
        Both values of a field of the clear part. Null for what is sealed: only how far apart those
        are is told.
    ulps
        How many float64 lie from one to the other; null when it is no number, or one is NaN.
    absolute
        How far apart they are; null likewise.
    within
        Whether the promise across fingerprints allows it.
    """

    field: str
    recorded: str | float | None = None
    replayed: str | float | None = None
    ulps: int | None = None
    absolute: float | None = None
    within: bool = False

    def __str__(self) -> str:
        values = "" if self.recorded is None else f": recorded {self.recorded}, now {self.replayed}"
        if self.ulps is None:
            return f"{self.field}{values}" if values else f"{self.field} is another one now"
        return f"{self.field}{values or ' differs'} (by {self.absolute:.3g}, {self.ulps:,} ULPs)"


class ReplayResult(msgspec.Struct, frozen=True):
    """One record, replayed.

    Attributes
    ----------
    note
        What stands behind the outcome: why it cannot be replayed, or what differs in the environment.
    """

    decision_id: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    note: str = ""


class Tally:
    """Counts outcomes, and keeps the first results that need a look."""

    def __init__(self, n_kept: int = 5) -> None:
        self._n_kept = n_kept
        self._counts: Counter[Outcome] = Counter()
        self.first: list[ReplayResult] = []

    def add(self, result: ReplayResult) -> None:
        """Count one result."""
        self._counts[result.outcome] += 1
        if result.outcome not in EXPECTED and len(self.first) < self._n_kept:
            self.first.append(result)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each outcome, those that happened, in the order of `Outcome`."""
        return {o.value: self._counts[o] for o in Outcome if self._counts[o]}

    @property
    def n(self) -> int:
        """How many in all."""
        return self._counts.total()

    @property
    def kept_the_promise(self) -> bool:
        """Whether every record was replayed alike, or is closed because its subject asked."""
        return all(outcome in EXPECTED for outcome in self._counts)
