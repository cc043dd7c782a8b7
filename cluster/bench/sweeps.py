"""What Ray costs a sweep: the same search by Ray Tune and by a plain Optuna loop, in one run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from credit.contract import Contract
from credit.features import FeatureSpec
from tune.distributions import Distribution
from tune.figures import Judge
from tune.folds import Fold, make_folds
from tune.plan import plan_folds
from tune.progress import Listener
from tune.rows import Rows
from tune.spec import Candidate, SweepSpec
from tune.trials import make_trial


@dataclass(frozen=True)
class SweepCost:
    """One way of searching.

    Attributes
    ----------
    seconds
        From nothing to the best parameters, Ray's start included.
    best_auc
        Mean AUC of the best trial over the inner folds.
    """

    way: str
    n_trials: int
    seconds: float
    best_auc: float


def compare_sweeps(
    rows: Rows,
    contract: Contract,
    *,
    n_trials: int,
    seed: int,
    on_progress: Listener,
    advance: Callable[[str], None],
) -> list[SweepCost]:
    """Run the plain loop with one and with two trials at a time, then Ray Tune, on the same folds."""
    spec = SweepSpec(
        candidates=(Candidate(family="lightgbm", trials=n_trials),), seed=seed, contract=None
    )
    plan = plan_folds(rows, spec.folds, n_folds=spec.folds.inner, seed=seed)
    folds = list(make_folds(rows, contract, plan))
    costs = []
    for n_jobs in (1, 2):
        advance(f"plain Optuna, {n_jobs} trial(s) at a time")
        costs.append(_plain(spec, contract, folds, n_jobs=n_jobs))
    advance("Ray Tune")
    costs.append(_ray(spec, contract, folds, on_progress))
    return costs


def _plain(spec: SweepSpec, contract: Contract, folds: Sequence[Fold], *, n_jobs: int) -> SweepCost:
    """A loop as one would write it: TPE, every trial to its last tree, the best step kept."""
    candidate = spec.candidates[0]
    judge = Judge(spec.objectives, contract.policy.cutoff)
    features = FeatureSpec.of(contract)

    def objective(trial: optuna.Trial) -> float:
        own = make_trial(candidate, folds, features, judge, spec.seed)
        own.start(_suggested(trial, candidate))
        return max(own.step().auc for _ in range(candidate.space.max_steps))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    started = time.perf_counter()
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=spec.seed)
    )
    study.optimize(objective, n_trials=candidate.space.trials, n_jobs=n_jobs)
    seconds = time.perf_counter() - started
    return SweepCost(
        f"plain Optuna, {n_jobs} at a time", candidate.space.trials, seconds, study.best_value
    )


def _suggested(trial: optuna.Trial, candidate: Candidate) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in candidate.space.parameters.items():
        found[name] = _drawn(trial, name, value) if isinstance(value, Distribution) else value
    return found


def _drawn(trial: optuna.Trial, name: str, d: Distribution) -> Any:
    if d.choice is not None:
        return trial.suggest_categorical(name, list(d.choice))
    if d.integer is not None or d.log_integer is not None:
        low, high = d.integer or d.log_integer or (0, 1)
        return trial.suggest_int(name, low, high, log=d.log_integer is not None)
    low_, high_ = d.uniform or d.loguniform or (0.0, 1.0)
    return trial.suggest_float(name, low_, high_, log=d.loguniform is not None)


def _ray(
    spec: SweepSpec, contract: Contract, folds: Sequence[Fold], on_progress: Listener
) -> SweepCost:
    from cluster.local_ray import local_ray

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as storage, local_ray(serving=False):
        from tune.sweep import Search, run_search

        search = Search(spec, spec.candidates[0], contract, Path(storage), "bench")
        board = run_search(search, folds, on_progress=on_progress)
        seconds = time.perf_counter() - started
    return SweepCost("Ray Tune, ASHA", len(board), seconds, board[0].best.auc)
