"""Reason codes: at most four, most adverse first, in the contract's words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from credit.contract.model import Contract
from credit.contract.policy import Rule
from credit.scorecard import ScoreScale

MAXIMUM_REASONS = 4
"""Regulation B, comment 9(b)(2)-1: disclosure of more than four reasons is not likely to be helpful."""


LEAST_POINTS = 0.5
"""A further reason that rounds to no point at all would only distract from the first."""


class ReasonCode(msgspec.Struct, frozen=True):
    """One reason.

    Attributes
    ----------
    code
        The contract's code.
    feature
        The feature of the group that weighs most, or the column of a policy rule.
    text
        The contract's sentence.
    points
        Points this group costs against the background, negative; null for a policy rule. On the raw
        margin: where calibration bends the score they do not add up to it.
    """

    code: str
    feature: str
    text: str
    points: float | None


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
    texts = contract.reason_texts
    reasons = [ReasonCode(rule.code, rule.subject, rule.text, None) for rule in rules]
    totals: dict[str, float] = {}
    heaviest: dict[str, tuple[float, str]] = {}
    for feature, value in zip(contract.features, contributions, strict=True):
        code = feature.reason
        totals[code] = totals.get(code, 0.0) + value
        if code not in heaviest or value > heaviest[code][0]:
            heaviest[code] = (value, feature.name)
    points = {code: round(scale.points_from_log_odds(v), 2) for code, v in totals.items()}
    adverse = sorted((code for code in totals if points[code] < 0), key=lambda code: -totals[code])
    told = [c for i, c in enumerate(adverse) if i == 0 or points[c] <= -LEAST_POINTS]
    reasons += [ReasonCode(code, heaviest[code][1], texts[code], points[code]) for code in told]
    return tuple(reasons[:MAXIMUM_REASONS])
