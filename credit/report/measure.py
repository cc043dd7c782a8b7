"""The values of a model card: everything that the page shows, before anything is drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from credit.contract.frame import FrameCheck
from credit.decision.bundle import Bundle
from credit.gates import GateFile, GateResult, evaluate_gates, gates_passed
from credit.metrics import Interval, LoanTerms
from credit.report.bins import CardBins, card_bins
from credit.report.decisions import CardDecisions, card_decisions
from credit.report.limits import card_limits
from credit.report.performance import (
    RESAMPLES,
    Calibration,
    Discrimination,
    calibration,
    discrimination,
)
from credit.report.reasons import EXPLAINED, CardReasons, card_reasons
from credit.report.rows import CardRows, score_rows
from credit.report.sample import CardData, Identity, card_data, identity
from credit.report.search import SearchLog, search_log
from credit.report.segments import Segment, card_segments
from credit.report.stability import CardStability, card_stability

DRAWN_ONLY = ("names", "contributions", "values")
"""The sample behind the picture of contributions: rows of people, which no document needs."""


@dataclass(frozen=True, kw_only=True)
class GateLine:
    """One gate; see :class:`credit.gates.GateResult`."""

    metric: str
    condition: str
    required: str
    measured: Interval
    passed: bool
    confidence: str


@dataclass(frozen=True, kw_only=True)
class CardGates:
    """All gates of a file, and whether the model gets through."""

    lines: tuple[GateLine, ...]
    passed: bool


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """One model on one set of rows; ``search`` and ``gates`` are None where there are none."""

    identity: Identity
    data: CardData
    bins: CardBins
    search: SearchLog | None
    discrimination: Discrimination
    calibration: Calibration
    decisions: CardDecisions
    segments: tuple[Segment, ...]
    stability: CardStability
    reasons: CardReasons
    gates: CardGates | None
    limits: tuple[str, ...]


def measure_card(
    bundle: Bundle,
    measured: CardRows,
    check: FrameCheck,
    *,
    training: CardRows | None = None,
    outcome: Mapping[str, Any] | None = None,
    gates: GateFile | None = None,
    terms: LoanTerms | None = None,
    seed: int = 0,
    n_resamples: int = RESAMPLES,
    n_explained: int = EXPLAINED,
) -> ModelCard:
    """Measure a bundle on rows that it has not learned from.

    Parameters
    ----------
    check
        The whole file, held against the bundle's contract.
    training
        Rows that the bundle learned from, where they are at hand: bins are made on them, and the
        measured rows compared with them.
    outcome
        Of the sweep that made the bundle, as its workbook holds it.
    terms
        What a loan earns and costs; without them there is no profit curve.

    Raises
    ------
    DataError
        When the rows hold one class only, or the outcome cannot be read.
    ExplanationInconsistent
        When contributions do not add up to the score.
    """
    drawn = {"seed": seed, "n_resamples": n_resamples}
    contract = bundle.contract
    scored = score_rows(bundle, measured)
    before = None if training is None else score_rows(bundle, training)
    who = identity(bundle)
    data = card_data(bundle, measured, training, check)
    found = discrimination(scored, **drawn)
    segments = card_segments(scored, contract)
    return ModelCard(
        identity=who,
        data=data,
        bins=card_bins(
            bundle,
            before or scored,
            made_on="the rows that the model learned from" if before else "the measured rows",
        ),
        search=None if outcome is None else search_log(outcome, bundle.hash),
        discrimination=found,
        calibration=calibration(scored, **drawn),
        decisions=card_decisions(scored, contract.policy, terms, **drawn),
        segments=segments,
        stability=card_stability(bundle, scored, before, **drawn),
        reasons=card_reasons(bundle, scored, seed=seed, n_explained=n_explained),
        gates=None
        if gates is None
        else card_gates(
            evaluate_gates(gates, scored.labels, scored.probabilities, contract.policy, seed=seed)
        ),
        limits=card_limits(who, data, found, segments, contract),
    )


def card_gates(results: tuple[GateResult, ...]) -> CardGates:
    """Turn results of gates into plain values."""
    return CardGates(
        lines=tuple(
            GateLine(
                metric=result.metric,
                condition=result.condition,
                required=result.required,
                measured=result.measured,
                passed=result.passed,
                confidence=result.confidence,
            )
            for result in results
        ),
        passed=gates_passed(results),
    )


def report_values(card: ModelCard) -> dict[str, Any]:
    """The card as JSON can hold it, without the sample behind the picture of contributions."""
    parts = {field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
    reasons = {
        field.name: getattr(card.reasons, field.name)
        for field in dataclasses.fields(card.reasons)
        if field.name not in DRAWN_ONLY
    }
    values: dict[str, Any] = msgspec.to_builtins({**parts, "reasons": reasons})
    return values
