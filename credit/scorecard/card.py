"""The scorecard: a value that is the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError
from credit.scorecard.bins import NumericBins
from credit.scorecard.document import CardDocument, FeatureDocument, read_card, write_card
from credit.scorecard.scale import ScoreScale


@dataclass(frozen=True, slots=True)
class CardFeature:
    """One feature that the card uses.

    Attributes
    ----------
    name
        Name in the feature vector.
    bins
        How a value finds its bin.
    woe
        Weight of evidence per bin, missing last.
    shares
        Share of the training rows per bin: what the population looked like.
    coefficient
        Of the WOE in the log-odds of *bad*, so a sound one is negative.
    """

    name: str
    bins: NumericBins
    woe: tuple[float, ...]
    shares: tuple[float, ...]
    coefficient: float

    def __post_init__(self) -> None:
        if not len(self.woe) == len(self.shares) == self.bins.count:
            raise DataError(
                f"scorecard feature {self.name}: expected {self.bins.count} WOE and shares,"
                f" came {len(self.woe)} and {len(self.shares)}"
            )
        if not all(map(math.isfinite, (*self.woe, *self.shares, self.coefficient))):
            raise DataError(f"scorecard feature {self.name}: expected finite numbers")

    @property
    def terms(self) -> tuple[float, ...]:
        """What each bin adds to the log-odds of bad, ``coefficient · WOE``."""
        return tuple(self.coefficient * woe for woe in self.woe)


class Baseline(NamedTuple):
    """What contributions are measured from.

    Attributes
    ----------
    expected_margin
        Mean raw margin over the background.
    terms
        Mean ``coefficient · WOE`` of each feature of the vector; 0.0 for those that the card does
        not use.
    """

    expected_margin: float
    terms: tuple[float, ...]


class PointsRow(NamedTuple):
    """One line of a points table."""

    feature: str
    bin: str
    share: float
    woe: float
    points: float


@dataclass(frozen=True)
class Scorecard:
    """An additive model on binned features.

    ``margin = intercept + Σ_j coefficient_j · WOE_j(x_j)``, with the WOE of the bin that x_j falls
    into. The margin is the natural log-odds of *bad*. It is a sum of stored doubles in the order of
    ``features``, so it has the same bits on every machine, for one row and for many.

    Attributes
    ----------
    feature_names
        Every position of the feature vector, whether the card uses it or not.
    features
        The ones it uses, each at most once.
    intercept
        Log-odds of bad where every WOE is 0.
    """

    feature_names: tuple[str, ...]
    features: tuple[CardFeature, ...]
    intercept: float

    def __post_init__(self) -> None:
        if len(set(self.feature_names)) != len(self.feature_names):
            raise DataError("scorecard: expected every feature name once")
        used = [feature.name for feature in self.features]
        if len(set(used)) != len(used) or not set(used) <= set(self.feature_names):
            raise DataError("scorecard: expected features of the vector, each at most once")
        if not math.isfinite(self.intercept):
            raise DataError("scorecard: expected a finite intercept")

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
        total = np.full(vectors.shape[0], self.intercept)
        for position, bins, terms in self._parts:
            total += np.asarray(terms)[bins.indices(vectors[:, position])]
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
        return Baseline(expected_margin=math.fsum((self.intercept, *means)), terms=tuple(means))

    def contributions(
        self, vector: Sequence[float], baseline: Sequence[float]
    ) -> tuple[float, ...]:
        """Return the exact Shapley value of every feature, in log-odds of bad.

        The model adds up its features, so each Shapley value is the feature's own term less its
        mean over the background: ``φ_j = coefficient_j · WOE_j(x_j) - baseline_j``. A feature that
        the card does not use gets exactly 0.0. ``expected_margin + Σ φ_j`` is the margin.

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
        """
        base = PointsRow("base points", "all", 1.0, 0.0, scale.score_from_log_odds(self.intercept))
        rows = [
            PointsRow(feature.name, label, share, woe, scale.points_from_log_odds(term))
            for feature in self.features
            for label, share, woe, term in zip(
                feature.bins.labels, feature.shares, feature.woe, feature.terms, strict=True
            )
        ]
        return (base, *rows)

    def to_json(self) -> str:
        """Write the card as JSON, every number with the digits that restore its bits."""
        return write_card(
            CardDocument(
                feature_names=self.feature_names,
                intercept=self.intercept,
                features=tuple(
                    FeatureDocument(
                        name=feature.name,
                        coefficient=feature.coefficient,
                        edges=feature.bins.edges,
                        woe=feature.woe,
                        shares=feature.shares,
                    )
                    for feature in self.features
                ),
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
            features=tuple(
                CardFeature(
                    name=feature.name,
                    bins=NumericBins(edges=feature.edges),
                    woe=feature.woe,
                    shares=feature.shares,
                    coefficient=feature.coefficient,
                )
                for feature in document.features
            ),
            intercept=document.intercept,
        )

    @cached_property
    def _parts(self) -> tuple[tuple[int, NumericBins, tuple[float, ...]], ...]:
        """Position, bins and terms of each feature, looked up once instead of per row."""
        return tuple(
            (self.feature_names.index(feature.name), feature.bins, feature.terms)
            for feature in self.features
        )

    def _check_length(self, length: int) -> None:
        if length != len(self.feature_names):
            raise DataError(
                f"vector: expected {len(self.feature_names)} numbers, one per feature name,"
                f" came {length}"
            )
