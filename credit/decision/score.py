"""What a decision says."""

from __future__ import annotations

import msgspec

from credit.answer import Answer, ReasonCode
from credit.contract.policy import Decision

__all__ = ["Answer", "Score"]


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
