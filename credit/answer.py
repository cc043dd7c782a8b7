"""What a client is told, apart from everything that makes it: who only reads answers loads nothing else."""

from __future__ import annotations

import msgspec


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


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client is told, with the same fields over HTTP, on the command line and in a batch.

    ``decision_id`` is null when nothing was recorded: a local score is not a decision. ``fallback``
    names the sources that the applicant withheld, when another model than the arm's own answered for
    that; ``bundle`` is the one that did.
    """

    decision_id: str | None
    application_id: str
    probability_of_default: float
    score: float
    rating: str
    risk_level: str
    decision: str
    reason_codes: tuple[ReasonCode, ...]
    arm: str
    bundle: str
    generation: int
    model: str
    fallback: str | None = None
    shap_values: dict[str, float] | None = None
