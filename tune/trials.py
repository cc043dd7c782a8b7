"""What one trial computes, step by step, without Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import lightgbm
import numpy as np

from credit.features import FeatureSpec
from credit.models.encoding import Encoding
from credit.models.lightgbm import booster_parameters
from tune.figures import Judge, Margins, StepResult
from tune.folds import Fold
from tune.learning import learn
from tune.resampling import TrainingRows, medians, resample
from tune.spaces import BOOSTING_STEP
from tune.spec import Candidate


class Trial(Protocol):
    """Cross-validates one set of parameters."""

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Begin anew with other parameters; data that were prepared are kept."""
        ...

    def step(self) -> StepResult:
        """Learn a little more and validate."""
        ...


def make_trial(
    candidate: Candidate, folds: Sequence[Fold], features: FeatureSpec, judge: Judge, seed: int
) -> Trial:
    """Choose how a family is cross-validated: step by step where it can be."""
    kind = BoostingTrial if candidate.family == "lightgbm" else WholeTrial
    return kind(candidate, folds, features, judge, seed)


class BoostingTrial:
    """Adds trees to one LightGBM booster per fold; the binned data are built once per process."""

    def __init__(
        self,
        candidate: Candidate,
        folds: Sequence[Fold],
        features: FeatureSpec,
        judge: Judge,
        seed: int,
    ) -> None:
        self._folds = folds
        self._directions = features.directions
        self._judge = judge
        self._seed = seed
        # Pre-filtering would bake the first trial's min_data_in_leaf into data that other trials
        # reuse.
        options = {"feature_pre_filter": False, "verbosity": -1}
        self._data = []
        self._validation = []
        for fold in folds:
            rows = resample(_training(fold), candidate, features, seed=seed)
            encoding = Encoding.fit(rows.vectors, rows.labels, features, rows.weights)
            vectors = fold.validation
            if candidate.impute == "median":
                vectors = np.where(np.isnan(vectors), medians(fold.train), vectors)
            self._validation.append(encoding.matrix(vectors))
            self._data.append(
                lightgbm.Dataset(
                    encoding.matrix(rows.vectors), rows.labels, weight=rows.weights, params=options
                )
            )

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Make an empty booster per fold."""
        # A number of trees says how far a trial goes, not what a booster is.
        self._parameters = {k: v for k, v in parameters.items() if k != "num_iterations"}
        settings = booster_parameters(
            self._parameters, directions=self._directions, seed=self._seed, num_threads=1
        )
        settings["feature_pre_filter"] = False
        self._boosters = [lightgbm.Booster(settings, data) for data in self._data]
        self._n_trees = 0

    def step(self) -> StepResult:
        """Add :data:`~tune.spaces.BOOSTING_STEP` trees to each fold."""
        for booster in self._boosters:
            for _ in range(BOOSTING_STEP):
                booster.update()
        self._n_trees += BOOSTING_STEP
        margins = [
            np.asarray(booster.predict(rows, raw_score=True, num_threads=1), dtype=np.float64)
            for booster, rows in zip(self._boosters, self._validation, strict=True)
        ]
        parameters = {**self._parameters, "num_iterations": self._n_trees}
        return self._judge.judge(self._folds, margins, parameters)


class WholeTrial:
    """Fits a family that has no steps once per fold."""

    def __init__(
        self,
        candidate: Candidate,
        folds: Sequence[Fold],
        features: FeatureSpec,
        judge: Judge,
        seed: int,
    ) -> None:
        self._candidate = candidate
        self._folds = folds
        self._features = features
        self._judge = judge
        self._seed = seed

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Remember the parameters."""
        self._parameters = dict(parameters)

    def step(self) -> StepResult:
        """Fit and validate every fold."""
        margins = [self._margins(fold) for fold in self._folds]
        return self._judge.judge(self._folds, margins, self._parameters)

    def _margins(self, fold: Fold) -> Margins:
        model = learn(
            _training(fold),
            self._candidate,
            self._features,
            self._parameters,
            seed=self._seed,
            num_threads=1,
            bags=1,
        )
        return model.margins(fold.validation)


def _training(fold: Fold) -> TrainingRows:
    return TrainingRows(fold.train, fold.train_labels, fold.train_weights)
