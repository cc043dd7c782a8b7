"""Whether the measured rows still look like those that the model learned from, and period by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.decision.bundle import Bundle
from credit.features import FeatureSpec
from credit.metrics import (
    CharacteristicStability,
    Interval,
    auc_interval,
    characteristic_stability,
    enough_bads,
    wilson_interval,
)
from credit.metrics.sample import FloatArray
from credit.report.performance import RESAMPLES
from credit.report.rows import ScoredRows
from credit.report.sample import iso_date

PERIODS = 6
SCORE = "score"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Rows of one span of time.

    Attributes
    ----------
    first, last
        ISO dates, both included.
    score
        PSI of the score against the rows before, as in :class:`CardStability`.
    auc
        None with fewer bads than a figure can be trusted with.
    """

    first: str
    last: str
    n: int
    bad_rate: Interval
    mean_probability: float
    score: CharacteristicStability
    auc: Interval | None


@dataclass(frozen=True, kw_only=True)
class CardStability:
    """How far things have moved.

    Attributes
    ----------
    compared_with
        What the reference rows are, in words.
    features
        CSI of each feature, the one that moved most first; empty without a reference.
    score
        PSI of the score in points, or None likewise.
    periods
        Spans of about equal numbers of rows; empty where the rows carry no dates.
    """

    compared_with: str
    features: tuple[CharacteristicStability, ...]
    score: CharacteristicStability | None
    periods: tuple[Period, ...]


def card_stability(
    bundle: Bundle,
    scored: ScoredRows,
    reference: ScoredRows | None,
    *,
    seed: int = 0,
    n_resamples: int = RESAMPLES,
) -> CardStability:
    """Compare the measured rows with those that the model learned from, where these are at hand."""
    drawn = {"seed": seed, "n_resamples": n_resamples}
    spec = FeatureSpec.of(bundle.contract)
    nominal = [n for n, codes in zip(spec.names, spec.categories, strict=True) if codes]
    features: tuple[CharacteristicStability, ...] = ()
    if reference is not None:
        features = characteristic_stability(
            reference.vectors, scored.vectors, spec.names, categories=nominal, **drawn
        )
    first = scored if reference is None else reference
    return CardStability(
        compared_with=(
            "the rows that the model learned from"
            if reference is not None
            else "all rows measured here, as the rows that the model learned from are not at hand"
        ),
        features=features,
        score=None if reference is None else score_stability(reference, scored.scores, **drawn),
        periods=_periods(scored, first, drawn),
    )


def score_stability(
    reference: ScoredRows, scores: FloatArray, *, seed: int, n_resamples: int
) -> CharacteristicStability:
    """PSI of the score in ten quantile bins of the reference."""
    [found] = characteristic_stability(
        reference.scores[:, None], scores[:, None], [SCORE], seed=seed, n_resamples=n_resamples
    )
    return found


def _periods(
    scored: ScoredRows, reference: ScoredRows, drawn: dict[str, int]
) -> tuple[Period, ...]:
    times = scored.rows.times
    if times is None or len(np.unique(times)) < 2:  # noqa: PLR2004 - one day has no periods
        return ()
    # Rows of one day stay together.
    edges = np.unique(np.quantile(times, np.arange(1, PERIODS) / PERIODS, method="lower"))
    place = np.searchsorted(edges, times, side="left")
    found = []
    for k in np.unique(place):
        chosen = place == k
        y, prob = scored.labels[chosen], scored.probabilities[chosen]
        known = 0 < int(y.sum()) < len(y) and enough_bads(y)
        found.append(
            Period(
                first=iso_date(times[chosen].min()),
                last=iso_date(times[chosen].max()),
                n=len(y),
                bad_rate=wilson_interval(int(y.sum()), len(y)),
                mean_probability=float(prob.mean()),
                score=score_stability(reference, scored.scores[chosen], **drawn),
                auc=auc_interval(y, prob) if known else None,
            )
        )
    return tuple(found)
