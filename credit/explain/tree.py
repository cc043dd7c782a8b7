"""Interventional Shapley values of tree ensembles, by shap.

Source: Lundberg et al. (2020), From local explanations to global understanding with explainable AI
for trees, https://doi.org/10.1038/s42256-019-0138-9. shap keeps at most 100 rows of a background
and says nothing, so a larger one is refused here.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Self, cast

import numpy as np

from credit.errors import BundleIncompatible
from credit.explain.base import Explanation
from credit.models.base import Matrix, Model
from credit.models.lightgbm import LightGBMModel

MAXIMUM_BACKGROUND = 100


class TreeExplainer:
    """shap's exact interventional algorithm, one row at a time."""

    def __init__(self, model: LightGBMModel, background: Matrix) -> None:
        # shap takes seconds to import (numba, matplotlib): only a process that explains pays for
        # it.
        import shap

        if len(background) > MAXIMUM_BACKGROUND:
            raise BundleIncompatible(
                f"a background of {len(background)} rows: the explainer takes {MAXIMUM_BACKGROUND}"
            )
        self._engine = f"shap/{importlib.metadata.version('shap')}"
        self._explainer = shap.TreeExplainer(
            model.booster,
            data=background,
            feature_perturbation="interventional",
            model_output="raw",
        )
        self._base = float(np.ravel(self._explainer.expected_value)[-1])

    @classmethod
    def of(cls, model: Model, background: Matrix) -> Self:
        """Build for a LightGBM model."""
        return cls(cast(LightGBMModel, model), background)

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        values = self._explainer.shap_values(
            np.array([vector], dtype=np.float64), check_additivity=False
        )
        contributions = tuple(np.asarray(values, dtype=np.float64)[0].tolist())
        return Explanation(self._base, contributions, self._engine)
