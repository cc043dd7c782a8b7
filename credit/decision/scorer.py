"""The one decision function.

Row by row, in a fixed order, on float64 with scalar libm: the same bits in the service, in a batch,
in a notebook and in a replay.
"""

from __future__ import annotations

import math

from credit.contract.application import Application
from credit.decision.bundle import Bundle
from credit.decision.policy import band, decide
from credit.decision.score import Answer, Score
from credit.errors import ExplanationInconsistent
from credit.explain import Explainer, Explanation, reason_codes

ADDITIVITY_TOLERANCE = 1e-6
"""Largest allowed gap between margin and base plus contributions, in log-odds: 3e-5 points."""


def score(bundle: Bundle, explainer: Explainer, application: Application) -> Score:
    """Score one application from raw values to reasons.

    Raises
    ------
    ExplanationInconsistent
        When contributions do not add up to the margin; no reasons are better than wrong ones.
    """
    vector = bundle.transform.row(application.values)
    margin = bundle.model.margin(vector)
    return compose(bundle, application, margin, explainer.explain(vector))


def compose(
    bundle: Bundle, application: Application, margin: float, explanation: Explanation
) -> Score:
    """Join what model and explainer found into a score: the last stage of :func:`score`."""
    check_additivity(margin, explanation)
    contract = bundle.contract
    prob_default = bundle.calibrator.probability(margin)
    rules = bundle.rules.met(application.values)
    risk_band = band(contract.policy, prob_default)
    return Score(
        probability_of_default=prob_default,
        score=round(bundle.scale.score_from_probability(prob_default), 2),
        rating=risk_band.rating,
        risk_level=risk_band.risk_level,
        decision=decide(contract.policy, prob_default, rules),
        reason_codes=reason_codes(contract, explanation.contributions, rules, bundle.scale),
        shap_values=explanation.contributions,
        margin=margin,
    )


def check_additivity(margin: float, explanation: Explanation) -> None:
    """Refuse contributions that do not explain this margin.

    Raises
    ------
    ExplanationInconsistent
        With the gap; a NaN anywhere counts as a gap.
    """
    gap = abs(explanation.base + math.fsum(explanation.contributions) - margin)
    if not gap <= ADDITIVITY_TOLERANCE:
        raise ExplanationInconsistent(
            f"contributions miss the raw score by {gap:.3g} log-odds, allowed {ADDITIVITY_TOLERANCE:g}; "
            "no reasons can be given, so no score is"
        )


def answer(
    bundle: Bundle,
    application: Application,
    scored: Score,
    *,
    arm: str,
    generation: int,
    decision_id: str | None,
    with_shap_values: bool,
) -> Answer:
    """Put a score into the words of the public interface."""
    shap_values = None
    if with_shap_values:
        shap_values = dict(zip(bundle.contract.feature_names, scored.shap_values, strict=True))
    return Answer(
        decision_id=decision_id,
        application_id=application.application_id,
        probability_of_default=scored.probability_of_default,
        score=scored.score,
        rating=scored.rating,
        risk_level=scored.risk_level,
        decision=scored.decision,
        reason_codes=scored.reason_codes,
        arm=arm,
        bundle=bundle.hash,
        generation=generation,
        model=bundle.manifest.family,
        fallback=f"without {', '.join(application.withheld)}" if application.withheld else None,
        shap_values=shap_values,
    )
