"""The search of one candidate: Ray Tune with Optuna and ASHA over cross-validation folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import ray
import ray.tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search.optuna import OptunaSearch

from credit.contract import Contract
from credit.errors import DataError
from credit.features import FeatureSpec
from tune.callback import ProgressCallback, listening
from tune.distributions import Distribution, searched
from tune.figures import Judge, StepResult
from tune.folds import Fold
from tune.progress import Listener
from tune.spaces import Space
from tune.spec import Candidate, SweepSpec
from tune.trials import Trial, make_trial

MODES = {"auc": "max", "calibration": "min", "fairness": "min"}


@dataclass(frozen=True)
class TrialResult:
    """One trial of a sweep: its best step, and after how many steps it ended."""

    trial: str
    steps: int
    best: StepResult


@dataclass(frozen=True)
class Search:
    """One candidate of a sweep over prepared folds.

    Attributes
    ----------
    storage, name
        The search is kept in this folder under this name, where an interrupted one is found again.
    first
        Parameters to try before all others, such as the last winner's.
    """

    spec: SweepSpec
    candidate: Candidate
    contract: Contract
    storage: Path
    name: str
    first: Mapping[str, Any] | None = None

    @property
    def folder(self) -> Path:
        """Where Ray Tune keeps this search."""
        return self.storage / self.name


class _Trainable(ray.tune.Trainable):  # type: ignore[misc]
    """Carries a :class:`tune.trials.Trial` in an actor that is reused from trial to trial."""

    def setup(
        self,
        config: dict[str, Any],
        candidate: Candidate,
        folds: list[Fold],
        features: FeatureSpec,
        judge: Judge,
        seed: int,
    ) -> None:
        self._trial: Trial = make_trial(candidate, folds, features, judge, seed)
        self._best: StepResult | None = None
        self.reset_config(config)

    def step(self) -> dict[str, Any]:
        """Report this step, and the best so far: a trial that goes on may begin to overfit."""
        result = self._trial.step()
        if self._best is None or result.auc > self._best.auc:
            self._best = result
        best = dataclasses.asdict(self._best)
        return {"auc": result.auc, "best": best, **_reported(self._best)}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._best = None
        self._trial.start(new_config)
        return True


def _reported(best: StepResult) -> dict[str, float]:
    found = {"calibration": best.calibration, "fairness": best.fairness}
    return {name: value for name, value in found.items() if value is not None}


def run_search(
    search: Search, folds: Sequence[Fold], *, on_progress: Listener
) -> list[TrialResult]:
    """Search and return the leaderboard, best AUC first.

    Ray must be running. Rows go into the object store once, as folds; a trial takes one CPU and one
    thread. A search that was interrupted goes on where it stopped: finished trials are kept, those
    that were running begin again.

    Raises
    ------
    DataError
        When no trial could learn; the first cause is named.
    """
    trainable = ray.tune.with_resources(
        ray.tune.with_parameters(
            _Trainable,
            candidate=search.candidate,
            folds=list(folds),
            features=FeatureSpec.of(search.contract),
            judge=Judge(search.spec.objectives, search.contract.policy.cutoff),
            seed=search.spec.seed,
        ),
        {"cpu": 1},
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if ray.tune.Tuner.can_restore(str(search.folder)):
        tuner = ray.tune.Tuner.restore(
            str(search.folder), trainable=trainable, resume_unfinished=True, restart_errored=True
        )
    else:
        tuner = _new_tuner(search, trainable)
    with listening(str(search.folder), on_progress):
        return leaderboard(tuner.fit())


def _new_tuner(search: Search, trainable: Any) -> Any:
    spec, space = search.spec, search.candidate.space
    asha = len(spec.objectives) == 1 and spec.scheduler == "asha" and space.max_steps > 1
    scheduler = (
        ASHAScheduler(
            metric="auc",
            mode="max",
            max_t=space.max_steps,
            grace_period=space.grace_steps,
            reduction_factor=3,
        )
        if asha
        else FIFOScheduler()
    )
    return ray.tune.Tuner(
        trainable,
        param_space=tune_space(space),
        tune_config=ray.tune.TuneConfig(
            num_samples=space.trials,
            search_alg=_searcher(search),
            scheduler=scheduler,
            max_concurrent_trials=spec.concurrent,
            reuse_actors=True,
        ),
        run_config=ray.tune.RunConfig(
            name=search.name,
            storage_path=str(search.storage),
            stop={"training_iteration": space.max_steps},
            callbacks=[ProgressCallback(str(search.folder), search.candidate.label, space.trials)],
            checkpoint_config=ray.tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            verbose=0,
        ),
    )


def _searcher(search: Search) -> OptunaSearch | None:
    """Optuna's sampler, or none where every parameter is fixed and there is nothing to propose."""
    space, objectives = search.candidate.space, search.spec.objectives
    if not searched(space.parameters):
        return None
    single = len(objectives) == 1
    return OptunaSearch(
        metric="auc" if single else list(objectives),
        mode="max" if single else [MODES[name] for name in objectives],
        seed=search.spec.seed,
        points_to_evaluate=first_points(search.first, space),
    )


def tune_space(space: Space) -> dict[str, Any]:
    """The space as Ray Tune takes it."""
    return {
        name: value.to_tune() if isinstance(value, Distribution) else value
        for name, value in space.parameters.items()
    }


def first_points(first: Mapping[str, Any] | None, space: Space) -> list[dict[str, Any]] | None:
    """Parameters of an earlier winner, where the space still holds every one of them."""
    if first is None:
        return None
    drawn = searched(space.parameters)
    if not all(name in first and d.holds(first[name]) for name, d in drawn.items()):
        return None
    return [{name: first[name] for name in drawn}]


def leaderboard(results: Any) -> list[TrialResult]:
    """Order trials by AUC.

    Raises
    ------
    DataError
        When none reported.
    """
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
        raise DataError(f"no trial could learn: {_cause(first)}")
    return sorted(board, key=lambda entry: -entry.best.auc)


def _cause(error: str) -> str:
    """Last line of a remote traceback that names one of our errors, or the whole."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("credit.errors.")]
    return own[-1].partition(": ")[2] if own else error


def pareto_front(board: Sequence[TrialResult], spec: SweepSpec) -> list[TrialResult]:
    """Trials that no other one beats in one objective without losing in the other, best AUC first."""

    def costs(trial: TrialResult) -> tuple[float, ...]:
        values = [getattr(trial.best, name) for name in spec.objectives]
        return tuple(
            -v if MODES[name] == "max" else v
            for name, v in zip(spec.objectives, values, strict=True)
        )

    points = [costs(trial) for trial in board]
    return [
        trial
        for trial, own in zip(board, points, strict=True)
        if not any(
            all(o <= m for o, m in zip(other, own, strict=True)) and other != own
            for other in points
        )
    ]
