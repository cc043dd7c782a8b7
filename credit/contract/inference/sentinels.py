"""Numbers that are codes: repeated, and far from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from credit.contract.inference.note import rows
from credit.contract.inference.profile import Profile, Values

FEWEST_ROWS = 3
"""A code stands in several rows; a single far value is a slip or a rare truth."""

FEWEST_OTHERS = 3
"""With fewer different values beside it, nothing is far from anything."""

MOST_CODES = 3
"""Codes come in small families such as 96, 97, 98."""

FAMILIAR_GAP = 1.0
"""A number that looks like a code is one when it lies this many spans of the rest away from it."""

ANY_GAP = 10.0
"""Any other repeated number must lie this far."""

DAYS_OF_A_THOUSAND_YEARS = 365_243
"""Means "no date" in files that count days."""


@dataclass(frozen=True, slots=True)
class Sentinel:
    """A number that is proposed as a code.

    Attributes
    ----------
    n_rows
        Rows that hold it.
    evidence
        Why it is proposed, as the end of a sentence.
    """

    value: int
    n_rows: int
    evidence: str


def find_sentinels(profile: Profile) -> tuple[Sentinel, ...]:
    """Propose codes at both ends of a column of numbers.

    A code is a whole number that repeats, at one end of the values and apart from the rest: by at least
    the whole span of the rest when it looks like a code (-1, 99, 998, -999, 365243), by ten spans
    otherwise. The only negative number of a column counts as apart when it looks like a code.
    """
    found = [*_at_one_end(profile.finite, "low"), *_at_one_end(profile.finite, "high")]
    return tuple(sorted(found, key=lambda sentinel: sentinel.value))


def told(sentinels: Sequence[Sentinel]) -> str:
    """Say which numbers are taken as codes, and why."""
    ends: dict[str, list[Sentinel]] = {}
    for sentinel in sentinels:
        ends.setdefault(sentinel.evidence, []).append(sentinel)
    parts = [
        " and ".join(f"{s.value} ({rows(s.n_rows)})" for s in group) + f": {evidence}"
        for evidence, group in ends.items()
    ]
    return "; ".join(parts) + "; taken as codes, not as numbers"


def negative_codes(profile: Profile) -> tuple[int, ...]:
    """Few small negative whole numbers beside counts: codes, perhaps, too close to be told apart."""
    distinct = np.unique(profile.finite)
    below = distinct[distinct < 0]
    few = 1 < len(below) <= MOST_CODES and len(distinct) - len(below) >= FEWEST_OTHERS
    if not few or below.min() < -9 or not np.array_equal(below, np.floor(below)):  # noqa: PLR2004
        return ()
    return tuple(int(value) for value in below)


def _at_one_end(values: Values, end: Literal["low", "high"]) -> list[Sentinel]:
    distinct, counts = np.unique(values, return_counts=True)
    if end == "high":
        distinct, counts = distinct[::-1], counts[::-1]
    for n_codes in range(min(MOST_CODES, len(distinct) - FEWEST_OTHERS), 0, -1):
        codes, rest = distinct[:n_codes], distinct[n_codes:]
        evidence = _apart(codes, rest)
        if evidence and (counts[:n_codes] >= FEWEST_ROWS).all():
            return [
                Sentinel(int(code), int(n), evidence)
                for code, n in zip(codes, counts[:n_codes], strict=True)
            ]
    return []


def _apart(codes: Values, rest: Values) -> str:
    """Say how codes lie apart from the rest, or nothing when they do not."""
    with np.errstate(over="ignore"):
        span = float(np.ptp(rest))
        gap = float(np.abs(codes[-1] - rest[0]))
    whole = np.array_equal(codes, np.floor(codes)) and np.abs(codes).max() < 2**53
    if not whole or not np.isfinite(span):
        return ""
    familiar = all(_looks_like_a_code(int(code)) for code in codes)
    # Codes of one family lie together: without this, a long thin tail would be one.
    together = abs(float(codes[-1]) - float(codes[0])) <= FAMILIAR_GAP * gap
    if together and gap >= (FAMILIAR_GAP if familiar else ANY_GAP) * span:
        return f"{_number(gap)} away from the other values, which span {_number(span)}"
    if familiar and len(codes) == 1 and codes[0] < 0 <= rest[0]:
        return "the only number below 0"
    return ""


def _looks_like_a_code(value: int) -> bool:
    """Whether people write this number for "none" or "unknown": -1, -9, 96 to 99, 888, -9998, ..."""
    digits = str(abs(value))
    nines = len(digits) > 1 and set(digits[:-1]) == {"9"} and digits[-1] in "6789"
    repeated = len(digits) > 1 and set(digits) in ({"8"}, {"7"})
    alone = -9 <= value < 0  # noqa: PLR2004 (one digit)
    return alone or nines or repeated or abs(value) == DAYS_OF_A_THOUSAND_YEARS


def _number(value: float) -> str:
    return f"{value:,.6g}"
