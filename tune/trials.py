"""What one trial computes, step by step, without Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import lightgbm
import numpy as np

from credit.decision.families import family
from credit.metrics import auc, log_loss
from credit.models.lightgbm import booster_parameters
from tune.folds import Fold
from tune.spaces import BOOSTING_STEP


@dataclass(frozen=True)
class StepResult:
    """Figures of one step.

    ``auc`` and ``log_loss`` are means over the validation folds, ``auc_spread`` the range of the
    AUC over them; ``parameters`` would give this model again.
    """

    auc: float
    auc_spread: float
    log_loss: float
    parameters: dict[str, Any]


class Trial(Protocol):
    """Cross-validates one set of parameters."""

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Begin anew with other parameters; data that were prepared are kept."""
        ...

    def step(self) -> StepResult:
        """Learn a little more and validate."""
        ...


class BoostingTrial:
    """Adds trees to one booster per fold; the binned data are built once per process."""

    def __init__(self, folds: Sequence[Fold], directions: Sequence[int], seed: int) -> None:
        self._folds = folds
        self._directions = directions
        self._seed = seed
        # Pre-filtering would bake the first trial's min_data_in_leaf into data that other trials
        # reuse.
        options = {"feature_pre_filter": False, "verbosity": -1}
        self._data = [lightgbm.Dataset(f.train, f.train_labels, params=options) for f in folds]

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Make an empty booster per fold."""
        self._parameters = dict(parameters)
        settings = booster_parameters(
            parameters, directions=self._directions, seed=self._seed, num_threads=1
        )
        settings["feature_pre_filter"] = False
        self._boosters = [lightgbm.Booster(settings, data) for data in self._data]
        self._n_trees = 0

    def step(self) -> StepResult:
        """Add :data:`BOOSTING_STEP` trees to each fold."""
        aucs, losses = [], []
        for booster, fold in zip(self._boosters, self._folds, strict=True):
            for _ in range(BOOSTING_STEP):
                booster.update()
            risk = np.asarray(booster.predict(fold.validation, num_threads=1), dtype=np.float64)
            aucs.append(auc(fold.validation_labels, risk))
            losses.append(log_loss(fold.validation_labels, risk))
        self._n_trees += BOOSTING_STEP
        return _result(aucs, losses, {**self._parameters, "num_iterations": self._n_trees})


class WholeTrial:
    """Fits a family that has no steps once per fold."""

    def __init__(
        self,
        name: str,
        folds: Sequence[Fold],
        names: Sequence[str],
        directions: Sequence[int],
        seed: int,
    ) -> None:
        self._fit = family(name).fit
        self._folds = folds
        self._names = names
        self._directions = directions
        self._seed = seed

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Remember the parameters."""
        self._parameters = dict(parameters)

    def step(self) -> StepResult:
        """Fit and validate every fold."""
        aucs, losses = [], []
        for fold in self._folds:
            model = self._fit(
                fold.train,
                fold.train_labels,
                feature_names=self._names,
                directions=self._directions,
                parameters=self._parameters,
                seed=self._seed,
                num_threads=1,
            )
            margins = model.margins(fold.validation)
            aucs.append(auc(fold.validation_labels, margins))
            losses.append(log_loss(fold.validation_labels, 1.0 / (1.0 + np.exp(-margins))))
        return _result(aucs, losses, self._parameters)


def _result(
    aucs: Sequence[float], losses: Sequence[float], parameters: Mapping[str, Any]
) -> StepResult:
    return StepResult(
        auc=float(np.mean(aucs)),
        auc_spread=float(np.ptp(aucs)),
        log_loss=float(np.mean(losses)),
        parameters=dict(parameters),
    )
