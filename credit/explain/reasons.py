"""Reason codes: at most four, most adverse first, in the contract's words."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from credit.answer import ReasonCode
from credit.contract.model import Contract
from credit.contract.policy import Rule
from credit.scorecard import ScoreScale

__all__ = ["LEAST_POINTS", "MAXIMUM_REASONS", "ReasonCode", "reason_codes"]

MAXIMUM_REASONS = 4
"""Regulation B, comment 9(b)(2)-1: disclosure of more than four reasons is not likely to be helpful."""

LEAST_POINTS = 0.5
"""A further reason that rounds to no point at all would only distract from the first."""


def reason_codes(
    contract: Contract,
    contributions: Sequence[float],
    rules: Sequence[Rule],
    scale: ScoreScale,
) -> tuple[ReasonCode, ...]:
    """Sum contributions by reason group and name the most adverse.

    Parameters
    ----------
    contributions
        Shapley values on the raw margin in the contract's feature order; positive is adverse.
    rules
        Policy rules that applied; they come first.

    Notes
    -----
    Groups that do not lower the score are never named, so a good score may carry no reason at all.
    That is judged on the two decimals a score has: contributions that cancel leave a rest of 1e-17,
    which is nobody's reason. Behind the first, reasons of less than half a point are left out. Ties
    keep the contract's order.
    """
    if len(contributions) != len(contract.features):
        raise ValueError(
            f"expected {len(contract.features)} contributions, one a feature; came {len(contributions)}"
        )
    reasons = [ReasonCode(rule.code, rule.subject, rule.text, None) for rule in rules]
    n_rules = len(reasons)
    for total, code, places in _adverse(contract, contributions):
        points = round(scale.points_from_log_odds(total), 2)
        is_first = len(reasons) == n_rules and points < 0
        if points > -LEAST_POINTS and not is_first:  # what follows costs less still
            break
        heaviest = max(places, key=contributions.__getitem__)
        text = contract.reason_texts[code]
        reasons.append(ReasonCode(code, contract.feature_names[heaviest], text, points))
        if len(reasons) >= MAXIMUM_REASONS:
            break
    return tuple(reasons[:MAXIMUM_REASONS])


def _adverse(
    contract: Contract, contributions: Sequence[float]
) -> list[tuple[float, str, tuple[int, ...]]]:
    """Sums of the groups that raise the log-odds of bad, with code and places, the largest first."""
    found = []
    for code, places in contract.reason_groups:
        total = 0.0
        for place in places:
            total += contributions[place]
        if total > 0.0:
            found.append((total, code, places))
    return sorted(found, key=_total, reverse=True)


_total = itemgetter(0)
