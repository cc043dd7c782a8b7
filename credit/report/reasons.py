"""Why applicants are declined, and what weighs in the model, by the bundle's own explainer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.contract.application import Application
from credit.decision.bundle import Bundle
from credit.decision.scorer import compose
from credit.metrics import Interval, wilson_interval
from credit.metrics.sample import FloatArray, IntArray
from credit.report.rows import ScoredRows

EXPLAINED = 500
DECLINED = 200
"""Explaining costs far more than scoring: so many rows of all, and so many declined ones."""


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How often a reason is given to a declined applicant.

    Attributes
    ----------
    first, any_place
        Share of the declined to whom it is told first, or at all.
    """

    code: str
    text: str
    first: Interval
    any_place: Interval


@dataclass(frozen=True, kw_only=True)
class FeatureWeight:
    """Mean absolute contribution of a feature, in points."""

    feature: str
    points: float


@dataclass(frozen=True, kw_only=True)
class CardReasons:
    """Explanations of a sample.

    Attributes
    ----------
    reasons
        Most frequent first reason first.
    weights
        Every feature, the heaviest first.
    places, contributions, values
        The sample behind the picture: features of the heaviest weights by place, their contributions
        in points (positive is safer) and the rank of each value in [0, 1], NaN for missing.
    """

    engine: str
    n_explained: int
    n_declined: int
    reasons: tuple[ReasonCount, ...]
    weights: tuple[FeatureWeight, ...]
    names: tuple[str, ...]
    contributions: FloatArray
    values: FloatArray


def card_reasons(
    bundle: Bundle, scored: ScoredRows, *, seed: int = 0, n_explained: int = EXPLAINED
) -> CardReasons:
    """Explain a sample of all rows, and as many declined ones as are needed.

    Raises
    ------
    ExplanationInconsistent
        When contributions do not add up to the score.
    """
    order = np.random.default_rng(seed).permutation(len(scored.labels))
    sample = order[:n_explained]
    declined = order[scored.decisions[order] == "decline"][: min(DECLINED, n_explained)]
    found = {int(row): _explained(bundle, scored, int(row)) for row in {*sample, *declined}}
    contributions = np.array([found[int(row)][1] for row in sample])
    weight = np.abs(contributions).mean(axis=0)
    heaviest = np.argsort(-weight, kind="stable")
    names = bundle.contract.feature_names
    factor = bundle.scale.factor
    return CardReasons(
        engine=found[int(sample[0])][2],
        n_explained=len(sample),
        n_declined=len(declined),
        reasons=_counted(bundle, [found[int(row)][0] for row in declined]),
        weights=tuple(
            FeatureWeight(feature=names[k], points=float(weight[k] * factor)) for k in heaviest
        ),
        names=tuple(names[k] for k in heaviest),
        contributions=-contributions[:, heaviest] * factor,
        values=_ranks(scored.vectors, sample)[:, heaviest],
    )


def _explained(
    bundle: Bundle, scored: ScoredRows, row: int
) -> tuple[tuple[str, ...], tuple[float, ...], str]:
    """Reason codes, contributions to the log-odds of bad, and the engine."""
    vector = tuple(scored.vectors[row].tolist())
    application = Application("card", None, None, tuple(scored.rows.raw[row].tolist()))
    explanation = bundle.explainer.explain(vector)
    told = compose(bundle, application, bundle.model.margin(vector), explanation)
    codes = tuple(reason.code for reason in told.reason_codes)
    return codes, explanation.contributions, explanation.engine


def _counted(bundle: Bundle, told: list[tuple[str, ...]]) -> tuple[ReasonCount, ...]:
    texts = bundle.contract.reason_texts
    n = len(told)
    counts = [
        ReasonCount(
            code=code,
            text=texts[code],
            first=wilson_interval(sum(codes[:1] == (code,) for codes in told), n),
            any_place=wilson_interval(sum(code in codes for codes in told), n),
        )
        for code in {code for codes in told for code in codes}
    ]
    return tuple(sorted(counts, key=lambda c: (-c.first.estimate, -c.any_place.estimate, c.code)))


def _ranks(vectors: FloatArray, sample: IntArray) -> FloatArray:
    """Where each value of the sample lies among all rows, from 0 (lowest) to 1."""
    ranks = np.full((len(sample), vectors.shape[1]), np.nan)
    for j, column in enumerate(vectors.T):
        known = np.sort(column[~np.isnan(column)])
        if len(known):
            low = np.searchsorted(known, column[sample], side="left")
            high = np.searchsorted(known, column[sample], side="right")
            ranks[:, j] = np.where(np.isnan(column[sample]), np.nan, (low + high) / 2 / len(known))
    return ranks
