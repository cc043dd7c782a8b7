"""Feature values as ranks among the thresholds of an ensemble.

shap's interventional algorithm keeps thresholds in single precision: a value within 6e-8 of one, as two
ways of dividing give, may then go the other way than the model sends it. Ranks are small whole numbers,
which single precision holds exactly: with t_0 < t_1 < ..., x <= t_k just when fewer than k + 1
thresholds lie below x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Ranks:
    """Thresholds by feature; NaN stays NaN.

    Parameters
    ----------
    ensemble
        shap's own form of an ensemble; its thresholds are replaced by their ranks.
    n_features
        Values in a row.
    """

    def __init__(self, ensemble: Any, n_features: int) -> None:
        splits = np.asarray(ensemble.children_left) >= 0
        features, thresholds = np.asarray(ensemble.features), np.asarray(ensemble.thresholds)
        self._of_feature: Sequence[Floats] = [
            np.unique(thresholds[splits & (features == feature)]) for feature in range(n_features)
        ]
        ranked = np.zeros_like(thresholds)
        for feature, known in enumerate(self._of_feature):
            here = splits & (features == feature)
            ranked[here] = np.searchsorted(known, thresholds[here])
        ensemble.thresholds = ranked

    def __call__(self, rows: Floats) -> Floats:
        """Replace the values of rows, shape ``(n, n_features)``, by their ranks."""
        ranked = np.column_stack(
            [
                np.searchsorted(known, column)
                for known, column in zip(self._of_feature, rows.T, strict=True)
            ]
        ).astype(np.float64)
        ranked[np.isnan(rows)] = np.nan
        return ranked
