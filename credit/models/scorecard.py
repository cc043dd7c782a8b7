"""The WOE logistic scorecard as a model family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from credit.errors import BundleCorrupt, DataError
from credit.features.spec import FeatureSpec
from credit.models.base import Labels, Matrix, Weights
from credit.scorecard import Scorecard

FILE = "model.scorecard.json"


class ScorecardModel:
    """A scorecard that scores row by row with plain Python floats."""

    family = "scorecard"

    def __init__(self, card: Scorecard) -> None:
        self.card = card

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        return self.card.margin(vector)

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, added up in the same order as for one."""
        return self.card.margins(vectors)

    def to_files(self) -> dict[str, bytes]:
        """Return the scorecard as JSON."""
        return {FILE: self.card.to_json().encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from JSON.

        Raises
        ------
        BundleCorrupt
            When it is not a scorecard.
        """
        try:
            return cls(Scorecard.from_json(files[FILE].decode()))
        except (DataError, UnicodeDecodeError) as error:
            raise BundleCorrupt(f"{FILE} is not a scorecard: {error}") from error


def fit_scorecard_model(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> ScorecardModel:
    """Fit bins, WOE and the logistic regression; ``parameters`` are those of ``fit_scorecard``."""
    # Learning needs scikit-learn; a process that only scores does not load it.
    from credit.scorecard.fit import fit_scorecard

    card = fit_scorecard(
        vectors,
        labels,
        feature_names=features.names,
        directions=features.directions,
        categories=features.categories,
        codes=features.codes,
        sample_weight=weights,
        **parameters,
    )
    return ScorecardModel(card)
