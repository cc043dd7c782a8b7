"""What a rail says of a challenger, for programs and in a sentence."""

from __future__ import annotations

import math

import msgspec


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One rail of one challenger, at one look.

    Attributes
    ----------
    estimate
        Challenger less champion: of a share, or for ``score_shift`` of mean log-odds.
    low, high
        Bounds that hold at every look; None while there is too little to say.
    tolerance
        Difference that does no harm.
    tripped
        The difference is beyond the tolerance for certain.
    n_challenger, n_champion
        Decisions of each, for ``errors`` requests.
    sentence
        The same for people.
    """

    arm: str
    rail: str
    estimate: float
    low: float | None
    high: float | None
    tolerance: float
    tripped: bool
    n_challenger: int
    n_champion: int
    sentence: str


_SUBJECTS = {
    "errors": "failed requests",
    "latency": "slow answers",
    "approval": "approvals",
    "score_shift": "odds of default",
}


def verdict_of(
    arm: str,
    rail: str,
    *,
    difference: tuple[float, float, float],
    n: tuple[int, int],
    tolerance: float,
    is_tripped: bool,
) -> Verdict:
    """Put a verdict together.

    Parameters
    ----------
    difference
        Estimate, low, high.
    n
        Sizes of challenger and champion.
    """
    estimate, low, high = difference
    is_known = math.isfinite(low) and math.isfinite(high)
    unit = "" if rail == "score_shift" else " points"
    told = f"{arm}: {_SUBJECTS[rail]} {_say(rail, estimate)}{unit} against the champion"
    if is_known:
        told += f" (certainly between {_say(rail, low)} and {_say(rail, high)})"
    told += f", {_say(rail, tolerance)} does no harm, {n[0]:,} and {n[1]:,} "
    told += "requests" if rail == "errors" else "decisions"
    ending = (
        "beyond what is allowed" if is_tripped else "allowed" if is_known else "too early to say"
    )
    return Verdict(
        arm=arm,
        rail=rail,
        estimate=estimate,
        low=low if is_known else None,
        high=high if is_known else None,
        tolerance=tolerance,
        tripped=is_tripped,
        n_challenger=n[0],
        n_champion=n[1],
        sentence=f"{told}: {ending}",
    )


def _say(rail: str, difference: float) -> str:
    if rail == "score_shift":
        return f"x{math.exp(difference):.2f}"
    return f"{100 * difference:+.2f}"
