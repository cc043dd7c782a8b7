"""Bins of every feature: the points of a scorecard, and what each feature tells by itself."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from credit.decision.bundle import Bundle
from credit.features import FeatureSpec
from credit.metrics import Interval, wilson_interval
from credit.models.scorecard import ScorecardModel
from credit.report.rows import ScoredRows
from credit.scorecard import PointsRow
from credit.scorecard.bins import Bins


@dataclass(frozen=True, kw_only=True)
class BinRow:
    """One bin of a feature.

    Attributes
    ----------
    share
        Of the rows.
    bad_rate
        None without rows.
    woe
        Log of the share of goods over the share of bads; higher is safer.
    """

    label: str
    n: int
    share: float
    bad_rate: Interval | None
    woe: float


@dataclass(frozen=True, kw_only=True)
class FeatureBinning:
    """What one feature tells by itself.

    Attributes
    ----------
    iv
        Information value.
    verdict
        What the selection of a scorecard decided about it; empty for other families.
    """

    feature: str
    iv: float
    missing_share: float
    verdict: str
    bins: tuple[BinRow, ...]


@dataclass(frozen=True, kw_only=True)
class CardBins:
    """Bins of the features, the strongest first.

    Attributes
    ----------
    made_on
        Which rows the bins were made on, in words.
    points
        The points table of a scorecard, base points first; empty for other families.
    """

    made_on: str
    features: tuple[FeatureBinning, ...]
    points: tuple[PointsRow, ...]


def card_bins(bundle: Bundle, scored: ScoredRows, *, made_on: str) -> CardBins:
    """Bin every feature on some rows, as a scorecard would.

    Raises
    ------
    DataError
        When the rows hold one class only.
    """
    # Binning learns; what only scores does not load scikit-learn.
    from credit.scorecard.transformer import WoeTransformer

    spec = FeatureSpec.of(bundle.contract)
    transformer = WoeTransformer(
        spec.names, spec.directions, categories=spec.categories, codes=spec.codes, maximum_vif=None
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformer.fit(scored.vectors, scored.labels)
    card = bundle.model.card if isinstance(bundle.model, ScorecardModel) else None
    verdicts = {s.feature: s.reason for s in card.strengths} if card else {}
    features = [
        FeatureBinning(
            feature=strength.feature,
            iv=strength.iv,
            missing_share=strength.missing_share,
            verdict=verdicts.get(strength.feature, ""),
            bins=_bin_rows(bins, table.woe, scored.vectors[:, k], scored.labels),
        )
        for k, (strength, bins, table) in enumerate(
            zip(transformer.strengths_, transformer.bins_, transformer.tables_, strict=True)
        )
    ]
    return CardBins(
        made_on=made_on,
        features=tuple(sorted(features, key=lambda f: -f.iv)),
        points=card.points_table(bundle.scale) if card else (),
    )


def _bin_rows(
    bins: Bins,
    woe: tuple[float, ...],
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    labels: np.ndarray[tuple[int], np.dtype[np.int8]],
) -> tuple[BinRow, ...]:
    place = bins.indices(values)
    n = np.bincount(place, minlength=bins.count).tolist()
    n_bads = np.bincount(place[labels == 1], minlength=bins.count).tolist()
    return tuple(
        BinRow(
            label=label,
            n=n[k],
            share=n[k] / len(values),
            bad_rate=wilson_interval(n_bads[k], n[k]) if n[k] else None,
            woe=woe[k],
        )
        for k, label in enumerate(bins.labels)
        if n[k]
    )
