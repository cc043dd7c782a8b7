"""Contributions of a bag: Shapley values are linear in the model, so its are the mean of its members'."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from credit.explain.base import Explainer, Explanation
from credit.models.bag import BaggedModel
from credit.models.base import Matrix, Model


class BagExplainer:
    """Explains every member and averages."""

    def __init__(
        self, model: BaggedModel, background: Matrix, make: Callable[[Model, Matrix], Explainer]
    ) -> None:
        self._model = model
        filled = model.filled_matrix(background)
        self._explainers = [make(member, filled) for member in model.members]

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        filled = self._model.filled(vector)
        found = [explainer.explain(filled) for explainer in self._explainers]
        n = len(found)
        return Explanation(
            base=math.fsum(e.base for e in found) / n,
            contributions=tuple(
                math.fsum(values) / n
                for values in zip(*(e.contributions for e in found), strict=True)
            ),
            engine=found[0].engine,
        )
