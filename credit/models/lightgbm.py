"""Gradient boosting with LightGBM, monotone where the contract says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import lightgbm
import numpy as np

from credit.errors import BundleCorrupt
from credit.features.spec import FeatureSpec
from credit.models.base import Labels, Matrix, Weights
from credit.models.encoding import Encoding
from credit.models.lightgbm_text import check_text, without_threads

FILE = "model.lightgbm.txt"


class LightGBMModel:
    """A LightGBM booster, from its text form.

    The booster is always rebuilt from its text, also right after training, so that what was
    trained, saved and served is one and the same predictor.
    """

    family = "lightgbm"

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._text = text
        self.encoding = encoding
        self.booster = lightgbm.Booster(model_str=text)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        return float(self._predict(np.array([self.encoding.row(vector)], dtype=np.float64))[0])

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many; LightGBM adds the trees of each row in order, so bits do not depend on n."""
        return self._predict(self.encoding.matrix(vectors))

    def _predict(self, encoded: Matrix) -> Matrix:
        margins = self.booster.predict(encoded, raw_score=True, num_threads=1)
        return np.asarray(margins, dtype=np.float64)

    def to_files(self) -> dict[str, bytes]:
        """Return the text form, and the encoding where there are categories."""
        return {FILE: self._text.encode(), **self.encoding.to_files()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from the text form.

        Raises
        ------
        BundleCorrupt
            When LightGBM cannot read it.
        """
        try:
            text = files[FILE].decode()
            check_text(text)
            return cls(text, Encoding.from_files(files))
        except KeyError as error:
            raise BundleCorrupt(f"{FILE} is not a LightGBM model: no {error}") from error
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            raise BundleCorrupt(f"{FILE} is not a LightGBM model: {error}") from error


def fit_lightgbm(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> LightGBMModel:
    """Fit a booster; ``parameters`` holds LightGBM's own names and ``num_iterations``."""
    settings = dict(parameters)
    num_iterations = int(settings.pop("num_iterations"))
    encoding = Encoding.fit(vectors, labels, features, weights)
    data = lightgbm.Dataset(
        encoding.matrix(vectors),
        labels,
        feature_name=list(features.names),
        weight=weights,
        free_raw_data=True,
    )
    booster = lightgbm.train(
        booster_parameters(
            settings, directions=features.directions, seed=seed, num_threads=num_threads
        ),
        data,
        num_iterations,
    )
    return LightGBMModel(without_threads(booster.model_to_string()), encoding)


def booster_parameters(
    settings: Mapping[str, Any], *, directions: Sequence[int], seed: int, num_threads: int
) -> dict[str, Any]:
    """Complete the parameters of a search with those that never vary."""
    return {
        **settings,
        "objective": "binary",
        "monotone_constraints": list(directions),
        "monotone_constraints_method": "intermediate",
        "seed": seed,
        "num_threads": num_threads,
        # With these two the trees do not depend on the number of threads.
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
