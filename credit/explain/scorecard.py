"""Exact contributions of a scorecard: its model is a sum, so Shapley values are differences of points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self, cast

from credit.explain.base import Explanation, explain_each
from credit.models.base import Matrix, Model
from credit.models.scorecard import ScorecardModel

ENGINE = "points/1"


class ScorecardExplainer:
    """Each feature's weighted WOE against its mean over the background."""

    engine = ENGINE

    def __init__(self, model: ScorecardModel, background: Matrix) -> None:
        self._card = model.card
        self._base, self._baseline = self._card.baseline(background.tolist())

    @classmethod
    def of(cls, model: Model, background: Matrix, cache: Path | None = None) -> Self:  # noqa: ARG003
        """Build for a scorecard model."""
        return cls(cast(ScorecardModel, model), background)

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        contributions = self._card.contributions(vector, self._baseline)
        return Explanation(self._base, contributions, ENGINE)

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        return explain_each(self, vectors)
