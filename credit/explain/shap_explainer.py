"""Interventional Shapley values of tree ensembles, by shap.

Source: Lundberg et al. (2020), From local explanations to global understanding with explainable AI
for trees, https://doi.org/10.1038/s42256-019-0138-9. shap keeps at most 100 rows of a background
and says nothing, so a larger one is refused here.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self, cast

import numpy as np

from credit.errors import BundleIncompatible
from credit.explain.base import Explanation, explain_each
from credit.explain.shap_ensemble import shap_ensemble
from credit.explain.shap_ranks import Ranks
from credit.models.base import Matrix, Model
from credit.models.encoding import Encoding
from credit.models.tree_model import TreeModel

MAXIMUM_BACKGROUND = 100


class Boosted(Protocol):
    """A model whose trees stand in a booster that shap reads by itself."""

    encoding: Encoding

    @property
    def booster(self) -> Any:
        """The booster."""
        ...


class ShapExplainer:
    """shap's exact interventional algorithm, one row at a time."""

    def __init__(self, model: Boosted | TreeModel, background: Matrix) -> None:
        # shap takes seconds to import (numba, matplotlib): only a process that explains pays for
        # it.
        import shap

        if len(background) > MAXIMUM_BACKGROUND:
            raise BundleIncompatible(
                f"a background of {len(background)} rows: the explainer takes {MAXIMUM_BACKGROUND}"
            )
        self._encoding = model.encoding
        self.engine = f"shap/{importlib.metadata.version('shap')}"
        self._explainer = shap.TreeExplainer(
            shap_ensemble(model.table) if isinstance(model, TreeModel) else model.booster,
            data=self._encoding.matrix(background),
            feature_perturbation="interventional",
            model_output="raw",
        )
        self._base = float(np.ravel(self._explainer.expected_value)[-1])
        self._ranks = Ranks(self._explainer.model, self._explainer.data.shape[1])
        self._explainer.data = self._ranks(self._explainer.data)

    @classmethod
    def of(cls, model: Model, background: Matrix, cache: Path | None = None) -> Self:  # noqa: ARG003
        """Build for a model made of trees."""
        return cls(cast("Boosted | TreeModel", model), background)

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        values = self._explainer.shap_values(
            self._ranks(np.array([self._encoding.row(vector)], dtype=np.float64)),
            check_additivity=False,
        )
        contributions = tuple(np.asarray(values, dtype=np.float64)[0].tolist())
        return Explanation(self._base, contributions, self.engine)

    def explain_many(self, vectors: Matrix) -> Matrix:
        """Contributions of many, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        return explain_each(self, vectors)
