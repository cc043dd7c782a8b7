"""What the numbers come to, in one sentence, and how far it may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from credit.experiment.comparison import Comparison, Line
from credit.experiment.report.findings import RolloutFindings, ShadowFindings
from credit.experiment.report.words import (
    chance_text,
    money_text,
    percentage_points,
    share_text,
    value_text,
)

Tone = Literal["stop", "open", "seen"]


@dataclass(frozen=True)
class Verdict:
    """One sentence, and what goes with it.

    Attributes
    ----------
    tone
        ``stop``: nothing below may be relied on. ``open``: nothing is shown yet. ``seen``: something is.
    """

    tone: Tone
    sentence: str
    more: tuple[str, ...] = ()


def shadow_verdict(found: ShadowFindings) -> Verdict:
    """Say what would change if the shadow decided."""
    swap = found.swap
    inn, out = swap.group("swap-in"), swap.group("swap-out")
    if not swap.disagree.n_bads:
        return Verdict(
            "open", f"The shadow would decide all {swap.n:,} decisions as they were answered."
        )
    sentence = (
        f"The shadow would decide {share_text(swap.disagree.estimate)} of {swap.n:,} decisions otherwise: it "
        f"would approve {inn.n:,} that were not approved and not approve {out.n:,} that were, which changes the "
        f"approval rate by {percentage_points(swap.approval_change.estimate)} percentage points "
        f"({percentage_points(swap.approval_change.low)} to {percentage_points(swap.approval_change.high)})."
    )
    more = [
        f"{words} are expected to go bad at {share_text(group.bracket[0])} to {share_text(group.bracket[1])}, "
        "from one model's view to the other's."
        for words, group in (("Those it would let in", inn), ("Those it would keep out", out))
        if group.bracket is not None
    ]
    if swap.profit_change is not None:
        more.append(_profit(found))
    return Verdict("seen", sentence, tuple(more))


def _profit(found: ShadowFindings) -> str:
    swap = found.swap
    if swap.profit_change is None:
        return ""
    unit = "in units of one loan" if swap.per_loan else f"in the unit of {found.exposure}"
    answered, shadow = swap.profit_change
    told = (
        f"Expected profit would change by {money_text(answered.estimate)} in the view of the model that answered "
        f"and by {money_text(shadow.estimate)} in the shadow's, {unit}"
    )
    if answered.low > 0 and shadow.low > 0:
        return f"{told}: both expect more."
    if answered.high < 0 and shadow.high < 0:
        return f"{told}: both expect less."
    return f"{told}: they do not agree that it pays, and only outcomes can tell."


def rollout_verdict(found: RolloutFindings) -> Verdict:
    """Say how the challenger compares with the champion."""
    made = found.comparison
    if made.ratio.failed:
        return Verdict(
            "stop",
            "The arms did not get the applicants that their slots should give them "
            f"(p {chance_text(made.ratio.p_value)}): find out why before anything below is believed.",
            (
                "Usual causes: one arm fails or is slow and its applicants do not come back, or slots were changed "
                "by hand.",
            ),
        )
    shown = [line for line in made.lines if _differs(line)]
    if not shown:
        return Verdict("open", _nothing_shown(made), _cautions(found))
    told = "; ".join(_told(line) for line in shown)
    return Verdict(
        "seen",
        f"Compared with the champion, {made.experiment.arm} has {told}.",
        (_risk(made), *_cautions(found)),
    )


def _differs(line: Line) -> bool:
    """Tell whether zero is excluded at every look: whoever reads this has looked before."""
    always = line.at_every_look
    return always is not None and (always.low > 0 or always.high < 0)


def _told(line: Line) -> str:
    way = "a higher" if line.difference.estimate > 0 else "a lower"
    unit = {"share": "", "points": " points", "ms": " ms"}[line.unit]
    values = (value_text(v, line.unit) for v in (line.challenger.estimate, line.champion.estimate))
    return f"{way} {line.name} ({' against '.join(values)}{unit})"


def _nothing_shown(made: Comparison) -> str:
    sizes = f"{made.n_champion:,} applicants of the champion and {made.n_challenger:,} of {made.experiment.arm}"
    if made.needed is not None and (made.needed.champion_still or made.needed.challenger_still):
        return (
            f"Nothing is shown yet, on {sizes}: to see a difference of "
            f"{100 * made.needed.smallest_difference:g} percentage points in approvals, "
            f"{made.needed.champion_still:,} and {made.needed.challenger_still:,} more are needed."
        )
    return f"No difference is shown, on {sizes}."


def _risk(made: Comparison) -> str:
    equal = made.equal_risk
    if equal is None:
        return "One arm has approved nobody, so nothing is said at equal risk."
    champion, challenger, difference = equal.bad_rate
    certain = "" if difference.low > 0 or difference.high < 0 else ", which may be chance"
    return (
        f"If both approved {share_text(equal.approval)} of their applicants, {made.experiment.arm} would expect "
        f"{share_text(challenger.estimate)} of them to go bad and the champion {share_text(champion.estimate)}"
        f"{certain}; each by its own PDs."
    )


def _cautions(found: RolloutFindings) -> tuple[str, ...]:
    said = _outcomes(found)
    if len(found.comparison.ratio.phases) > 1:
        return (
            *said,
            "Shares changed during the experiment, so the arms hold other mixtures of days: if applicants "
            "changed, too, part of a difference may be that.",
        )
    return said


def _outcomes(found: RolloutFindings) -> tuple[str, ...]:
    if found.outcomes is None:
        return (
            "No outcomes were given: which model is right about risk is not known from PDs alone.",
        )
    arms = (found.outcomes.champion, found.outcomes.challenger)
    if any(arm.rate is None for arm in arms):
        return ("An arm has no known outcome yet.",)
    rates = " and ".join(
        f"{share_text(arm.rate.estimate)} ({arm.n_bad:,} of {arm.n_known:,} known)"
        for arm in arms
        if arm.rate is not None
    )
    return (f"Bad rates that came among those approved: {rates}, champion first.",)
