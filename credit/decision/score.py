"""What a decision says."""

from __future__ import annotations

import msgspec

from credit.contract.policy import Decision
from credit.explain.reasons import ReasonCode


class Score(msgspec.Struct, frozen=True):
    """The answer of the scorer for one application.

    Attributes
    ----------
    probability_of_default
        Calibrated, in [1e-4, 1 - 1e-4]; decisions use it unrounded.
    score
        600 + 20 log2(odds / 50) with odds good:bad, two decimals; higher is safer.
    rating, risk_level
        From one versioned mapping of PD.
    decision
        ``approve``, ``review`` (a person decides) or ``decline``.
    reason_codes
        At most four, most adverse first; policy rules before everything.
    shap_values
        Contributions to the log-odds of bad in the contract's feature order.
    margin
        Raw log-odds of bad before calibration.
    """

    probability_of_default: float
    score: float
    rating: str
    risk_level: str
    decision: Decision
    reason_codes: tuple[ReasonCode, ...]
    shap_values: tuple[float, ...]
    margin: float


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
