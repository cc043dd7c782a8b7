"""The scorecard: a value that is the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError, SettingsInvalid
from credit.scorecard.bins import Bins
from credit.scorecard.document import CardDocument, read_card, write_card
from credit.scorecard.feature import CardFeature
from credit.scorecard.points import PointsRow, WholePoints, points_table
from credit.scorecard.scale import ScoreScale
from credit.scorecard.strength import FeatureStrength


class Baseline(NamedTuple):
    """What contributions are measured from.

    Attributes
    ----------
    expected_margin
        Mean raw margin over the background.
    terms
        Mean term of each feature of the vector; 0.0 for those that the card does not use.
    """

    expected_margin: float
    terms: tuple[float, ...]


@dataclass(frozen=True)
class Scorecard:
    """An additive model on binned features.

    ``margin = intercept + Σ_j coefficient_j · WOE_j(x_j)``, with the WOE of the bin that x_j falls
    into. The margin is the natural log-odds of *bad*. It is a sum of stored doubles in the order of
    ``features``, so it has the same bits on every machine, for one row and for many.

    A card with whole points (:meth:`rounded`) adds up integers instead, and its margin is that of
    the integer score: equal scores have equal margins, to the bit.

    Attributes
    ----------
    feature_names
        Every position of the feature vector, whether the card uses it or not.
    features
        The ones it uses, each at most once.
    intercept
        Log-odds of bad where every WOE is 0.
    whole
        Integer points that score in place of coefficients and WOE; None scores unrounded.
    strengths
        What the selection decided about every feature offered, strongest first; for reports.
    """

    feature_names: tuple[str, ...]
    features: tuple[CardFeature, ...]
    intercept: float
    whole: WholePoints | None = None
    strengths: tuple[FeatureStrength, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.feature_names)) != len(self.feature_names):
            raise DataError("scorecard: expected every feature name once")
        used = [feature.name for feature in self.features]
        if len(set(used)) != len(used) or not set(used) <= set(self.feature_names):
            raise DataError("scorecard: expected features of the vector, each at most once")
        if not math.isfinite(self.intercept):
            raise DataError("scorecard: expected a finite intercept")
        if self.whole is not None:
            n_bins = [feature.bins.count for feature in self.features]
            if [len(points) for points in self.whole.bins] != n_bins:
                raise DataError("scorecard: expected whole points for every bin of every feature")

    def margin(self, vector: Sequence[float]) -> float:
        """Return the log-odds of bad of one applicant.

        Parameters
        ----------
        vector
            One number per entry of ``feature_names``, NaN = missing.

        Raises
        ------
        DataError
            The vector has another length.
        """
        if self.whole is not None:
            return self.whole.scale.log_odds_from_score(self.whole_score(vector))
        self._check_length(len(vector))
        total = self.intercept
        for position, bins, terms in self._parts:
            total += terms[bins.index_of(vector[position])]
        return total

    def margins(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of bad of many applicants, shape ``(n_applicants, n_features)``.

        The bits are those of :meth:`margin` row by row: all that is vectorised is looking up and
        adding, in the same order.
        """
        self._check_length(vectors.shape[1])
        if self.whole is not None:
            score = np.full(vectors.shape[0], self.whole.base, dtype=np.int64)
            for (position, bins, _), points in zip(self._parts, self.whole.bins, strict=True):
                score += np.asarray(points, dtype=np.int64)[bins.indices(vectors[:, position])]
            scale = self.whole.scale
            return (scale.offset - score) / scale.factor
        total = np.full(vectors.shape[0], self.intercept)
        for position, bins, terms in self._parts:
            total += np.asarray(terms)[bins.indices(vectors[:, position])]
        return total

    def rounded(self, scale: ScoreScale) -> Self:
        """Return the card with whole points: what a card on paper, or a rule engine, would score.

        It is a scorecard like any other, so it can be measured again: rounding costs little rank
        order, but may shift the calibration.

        Raises
        ------
        DataError
            The points of a bin are too large to be added up exactly.
        """
        return replace(self, whole=WholePoints.of(self.intercept, self.features, scale))

    def whole_score(self, vector: Sequence[float]) -> int:
        """Return the integer score of one applicant, exactly the sum of whole points.

        Raises
        ------
        DataError
            The vector has another length.
        SettingsInvalid
            The card is not rounded.
        """
        if self.whole is None:
            raise SettingsInvalid("scorecard: expected whole points; round the card first")
        self._check_length(len(vector))
        total = self.whole.base
        for (position, bins, _), points in zip(self._parts, self.whole.bins, strict=True):
            total += points[bins.index_of(vector[position])]
        return total

    def baseline(self, background: Iterable[Sequence[float]]) -> Baseline:
        """Average the model's terms over background applicants.

        Sums are exact before they are rounded once (:func:`math.fsum`), so the order of the rows is
        of no account.

        Raises
        ------
        DataError
            There are no rows, or one has another length.
        """
        rows = list(background)
        if not rows:
            raise DataError("background: expected at least one row")
        for row in rows:
            self._check_length(len(row))
        means = [0.0] * len(self.feature_names)
        for position, bins, terms in self._parts:
            total = math.fsum(terms[bins.index_of(row[position])] for row in rows)
            means[position] = total / len(rows)
        intercept = self.intercept if self.whole is None else self.whole.intercept
        return Baseline(expected_margin=math.fsum((intercept, *means)), terms=tuple(means))

    def contributions(
        self, vector: Sequence[float], baseline: Sequence[float]
    ) -> tuple[float, ...]:
        """Return the exact Shapley value of every feature, in log-odds of bad.

        The model adds up its features, so each Shapley value is the feature's own term less its
        mean over the background: ``φ_j = coefficient_j · WOE_j(x_j) - baseline_j``, or
        ``-points_j(x_j) / factor - baseline_j`` with whole points. A feature that the card does not
        use gets exactly 0.0. ``expected_margin + Σ φ_j`` is the margin.

        Parameters
        ----------
        vector
            One applicant, as in :meth:`margin`.
        baseline
            The ``terms`` of :meth:`baseline`.

        References
        ----------
        Štrumbelj, E., Kononenko, I. (2014). Explaining prediction models and individual predictions
        with feature contributions. Knowledge and Information Systems 41, 647-665.
        doi:10.1007/s10115-013-0679-x
        """
        self._check_length(len(vector))
        self._check_length(len(baseline))
        values = [0.0] * len(self.feature_names)
        for position, bins, terms in self._parts:
            values[position] = terms[bins.index_of(vector[position])] - baseline[position]
        return tuple(values)

    def points_table(self, scale: ScoreScale) -> tuple[PointsRow, ...]:
        """Return the card as people read it: base points, then the points of every bin.

        Base points plus the points of an applicant's bins are the score. The base is kept apart
        instead of spread over the features, so that a bin of WOE 0 is worth 0 points.

        Raises
        ------
        SettingsInvalid
            A rounded card is asked for another scale than its own.
        """
        return points_table(self.intercept, self.features, self.whole, scale)

    def to_json(self) -> str:
        """Write the card as JSON, every number with the digits that restore its bits."""
        return write_card(
            CardDocument(
                feature_names=self.feature_names,
                intercept=self.intercept,
                features=self.features,
                whole=self.whole,
                strengths=self.strengths,
            )
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        DataError
            It is no scorecard, one of another version, or one that does not fit together.
        """
        document = read_card(text)
        return cls(
            feature_names=document.feature_names,
            features=document.features,
            intercept=document.intercept,
            whole=document.whole,
            strengths=document.strengths,
        )

    @cached_property
    def _parts(self) -> tuple[tuple[int, Bins, tuple[float, ...]], ...]:
        """Position, bins and terms of each feature, looked up once instead of per row."""
        terms = (
            [feature.terms for feature in self.features] if self.whole is None else self.whole.terms
        )
        return tuple(
            (self.feature_names.index(feature.name), feature.bins, of_bins)
            for feature, of_bins in zip(self.features, terms, strict=True)
        )

    def _check_length(self, length: int) -> None:
        if length != len(self.feature_names):
            raise DataError(
                f"vector: expected {len(self.feature_names)} numbers, one per feature name,"
                f" came {length}"
            )
