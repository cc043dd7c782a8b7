"""Contributions of a bag: Shapley values are linear in the model, so its are the mean of its members'."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from credit.explain.base import Explainer, Explanation
from credit.models.bag import BaggedModel
from credit.models.base import Matrix


class BagExplainer:
    """Explains every member and averages.

    Parameters
    ----------
    explainers
        One of each member, all of one engine.
    """

    def __init__(self, model: BaggedModel, explainers: Sequence[Explainer]) -> None:
        self._model = model
        self._explainers = explainers
        self.engine = explainers[0].engine

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
            engine=self.engine,
        )

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        filled = self._model.filled_matrix(vectors)
        found = np.stack(
            [explainer.explain_many(filled) for explainer in self._explainers], axis=-1
        )
        sums = [math.fsum(values) for values in found.reshape(-1, len(self._explainers)).tolist()]
        return np.array(sums, dtype=np.float64).reshape(vectors.shape) / len(self._explainers)
