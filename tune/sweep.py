"""The sweep: Ray Tune with Optuna and ASHA over cross-validation folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import ray
import ray.tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from credit.contract import Contract
from credit.errors import DataError, SettingsInvalid
from tune.callback import ProgressCallback
from tune.folds import Fold, make_folds
from tune.progress import SweepProgress
from tune.rows import Rows
from tune.spaces import space
from tune.trials import BoostingTrial, StepResult, Trial, WholeTrial

N_FOLDS = 3
"""Folds inside a sweep: enough to rank parameters; the reported figures come from rows outside all of them."""


@dataclass(frozen=True)
class TrialResult:
    """One trial of a sweep: its best step, and after how many steps it ended."""

    trial: str
    steps: int
    best: StepResult


class _Trainable(ray.tune.Trainable):  # type: ignore[misc]
    """Carries a :class:`tune.trials.Trial` in an actor that is reused from trial to trial."""

    def setup(
        self, config: dict[str, Any], family: str, contract: Contract, folds: list[Fold], seed: int
    ) -> None:
        self._trial: Trial
        self._best: StepResult | None = None
        if family == "lightgbm":
            self._trial = BoostingTrial(folds, contract.directions, seed)
        else:
            names = contract.feature_names
            self._trial = WholeTrial(family, folds, names, contract.directions, seed)
        self.reset_config(config)

    def step(self) -> dict[str, Any]:
        """Report this step, and the best so far: a trial that goes on may begin to overfit."""
        result = self._trial.step()
        if self._best is None or result.auc > self._best.auc:
            self._best = result
        return {"auc": result.auc, "best": dataclasses.asdict(self._best)}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._best = None
        self._trial.start(new_config)
        return True


def run_sweep(
    rows: Rows,
    contract: Contract,
    *,
    family: str,
    n_trials: int,
    seed: int,
    storage: Path,
    name: str,
    on_progress: Callable[[SweepProgress], None],
) -> list[TrialResult]:
    """Search and return the leaderboard, best first.

    Ray must be running. Rows go into the object store once, as folds; a trial takes one CPU and one
    thread.

    Raises
    ------
    SettingsInvalid
        When ``n_trials`` is not positive or the family has no search space.
    DataError
        When no trial could learn; the first cause is named.
    """
    if n_trials < 1:
        raise SettingsInvalid(f"a sweep of {n_trials} trials: expected at least 1")
    searched = space(family)
    folds = list(make_folds(rows, contract, n_folds=N_FOLDS, seed=seed))
    trainable = ray.tune.with_parameters(
        _Trainable, family=family, contract=contract, folds=folds, seed=seed
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tuner = ray.tune.Tuner(
        ray.tune.with_resources(trainable, {"cpu": 1}),
        param_space=searched.parameters,
        tune_config=ray.tune.TuneConfig(
            metric="auc",
            mode="max",
            num_samples=n_trials,
            search_alg=OptunaSearch(seed=seed),
            scheduler=ASHAScheduler(
                max_t=searched.max_steps, grace_period=searched.grace_steps, reduction_factor=3
            ),
            reuse_actors=True,
        ),
        run_config=ray.tune.RunConfig(
            name=name,
            storage_path=str(storage),
            stop={"training_iteration": searched.max_steps},
            callbacks=[ProgressCallback(n_trials, on_progress)],
            checkpoint_config=ray.tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            verbose=0,
        ),
    )
    return _leaderboard(tuner.fit())


def _leaderboard(results: Any) -> list[TrialResult]:
    board = [
        TrialResult(
            trial=str(result.metrics["trial_id"]),
            steps=int(result.metrics["training_iteration"]),
            best=StepResult(**result.metrics["best"]),
        )
        for result in results
        if result.metrics and "best" in result.metrics
    ]
    if not board:
        first = next((str(error) for error in results.errors), "no trial reported a result")
        raise DataError(f"no trial could learn: {first}")
    return sorted(board, key=lambda entry: -entry.best.auc)
