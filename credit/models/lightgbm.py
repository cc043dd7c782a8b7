"""Gradient boosting with LightGBM, monotone where the contract says so."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from credit.errors import BundleCorrupt
from credit.features.spec import FeatureSpec
from credit.forest import forest_of_text
from credit.models.base import Labels, Matrix, Weights
from credit.models.encoding import Encoding

if TYPE_CHECKING:
    import lightgbm

FILE = "model.lightgbm.txt"

THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


class LightGBMModel:
    """The trees of a LightGBM booster, from its text form.

    They are always read from the text, also right after training, so that what was trained, saved and
    served is one and the same predictor. It has the bits of ``Booster.predict``, at a fraction of what a
    call of LightGBM costs for one row.
    """

    family = "lightgbm"

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._text = text
        self.encoding = encoding
        self.forest = forest_of_text(text)

    @functools.cached_property
    def booster(self) -> lightgbm.Booster:
        """LightGBM's own form, for what only LightGBM and shap can do with it."""
        import lightgbm

        return lightgbm.Booster(model_str=self._text)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        return self.forest.margin(np.array(self.encoding.row(vector), dtype=np.float64))

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, with the bits of :meth:`margin`."""
        return self.forest.margins(self.encoding.matrix(vectors))

    def to_files(self) -> dict[str, bytes]:
        """Return the text form, and the encoding where there are categories."""
        return {FILE: self._text.encode(), **self.encoding.to_files()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from the text form.

        Raises
        ------
        BundleCorrupt
            When it is no ensemble of trees.
        """
        try:
            return cls(files[FILE].decode(), Encoding.from_files(files))
        except KeyError as error:
            raise BundleCorrupt(f"{FILE} is not a LightGBM model: no {error}") from error
        except ValueError as error:
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
    import lightgbm

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
    # How many threads trained is left out: the trees do not depend on it, so their hash must not.
    text = THREADS.sub("[num_threads: 1]", booster.model_to_string())
    return LightGBMModel(text, encoding)


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
