"""Points of a card: as whole numbers, and as the table that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Self

from credit.errors import DataError, SettingsInvalid
from credit.scorecard.feature import CardFeature
from credit.scorecard.scale import ScoreScale

LARGEST = 1_000_000_000
"""Of one bin's points: so sums of thousands of them stay exact as 64-bit integers and as doubles."""


class PointsRow(NamedTuple):
    """One line of a points table."""

    feature: str
    bin: str
    share: float
    woe: float
    points: float


@dataclass(frozen=True, slots=True)
class WholePoints:
    """Points rounded to integers, as a card on paper has them.

    The score is ``base`` plus the points of the applicant's bins, an integer; the log-odds of bad
    follow from it, ``(offset - score) / factor``.

    Attributes
    ----------
    scale
        The scale that the points are on.
    base
        Points of every applicant.
    bins
        Points per bin, for each feature of the card in its order.
    """

    scale: ScoreScale
    base: int
    bins: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not all(abs(points) <= LARGEST for points in (self.base, *chain(*self.bins))):
            raise DataError(f"whole points: expected at most {LARGEST} in size")

    @classmethod
    def of(cls, intercept: float, features: Sequence[CardFeature], scale: ScoreScale) -> Self:
        """Round the points of every bin, and the base points, each by itself.

        Raises
        ------
        DataError
            Points are larger than :data:`LARGEST`.
        """
        return cls(
            scale=scale,
            base=_whole(scale.score_from_log_odds(intercept)),
            bins=tuple(
                tuple(_whole(scale.points_from_log_odds(term)) for term in feature.terms)
                for feature in features
            ),
        )

    @property
    def intercept(self) -> float:
        """Log-odds of bad at the base points alone."""
        return self.scale.log_odds_from_score(self.base)

    @property
    def terms(self) -> tuple[tuple[float, ...], ...]:
        """What each bin adds to the log-odds of bad, ``-points / factor``."""
        return tuple(tuple(-point / self.scale.factor for point in points) for points in self.bins)


def _whole(points: float) -> int:
    if not abs(points) <= LARGEST:
        raise DataError(f"whole points: expected at most {LARGEST} in size; use a smaller pdo")
    return round(points)


def points_table(
    intercept: float,
    features: Sequence[CardFeature],
    whole: WholePoints | None,
    scale: ScoreScale,
) -> tuple[PointsRow, ...]:
    """Return base points, then the points of every bin; integers where they are rounded.

    Raises
    ------
    SettingsInvalid
        Whole points are asked for on another scale than their own.
    """
    points: Sequence[Sequence[float]]
    if whole is None:
        base = scale.score_from_log_odds(intercept)
        points = [[scale.points_from_log_odds(term) for term in f.terms] for f in features]
    elif scale == whole.scale:
        base, points = whole.base, whole.bins
    else:
        raise SettingsInvalid(
            "points: expected the scale that the card was rounded to; pass that one"
        )
    rows = [
        # Adding 0.0 turns the -0.0 of a neutral bin into 0.0.
        PointsRow(feature.name, label, share, woe, worth + 0.0)
        for feature, of_bins in zip(features, points, strict=True)
        for label, share, woe, worth in zip(
            feature.bins.labels, feature.shares, feature.woe, of_bins, strict=True
        )
    ]
    return (PointsRow("base points", "all", 1.0, 0.0, float(base)), *rows)
