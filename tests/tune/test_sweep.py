"""A search on a real local Ray: repeatable, resumed where it stopped, with two objectives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.local_ray import local_ray
from credit.contract import Contract
from credit.errors import DataError, SettingsInvalid
from credit.settings import Settings
from tune.plan import plan_folds
from tune.progress import SweepProgress
from tune.rows import Rows
from tune.spec import Candidate, FoldsSpec, SweepSpec

if TYPE_CHECKING:
    from tune.folds import Fold
    from tune.sweep import Search, TrialResult

pytestmark = pytest.mark.ray

QUICK = {"family": "logistic", "trials": 4}
SMALL = {"max_depth": 3, "num_leaves": {"integer": [3, 7]}, "min_data_in_leaf": 40}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    with local_ray(serving=False):
        yield


@pytest.fixture(scope="module")
def folds(rows: Rows, contract: Contract) -> list[Fold]:
    from tune.folds import make_folds

    spec = sweep()
    plan = plan_folds(rows, spec.folds, n_folds=3, seed=1)
    return list(make_folds(rows, contract, plan, segment="age"))


def sweep(**changes: Any) -> SweepSpec:
    candidate = {"family": "lightgbm", "trials": 3, "parameters": SMALL}
    document = {"candidates": [candidate], "concurrent": 1, "seed": 5, **changes}
    return SweepSpec.model_validate(document)


def search_of(spec: SweepSpec, contract: Contract, storage: Path, name: str) -> Search:
    from tune.sweep import Search

    return Search(spec, spec.candidates[0], contract, storage, name)


def run(search: Search, folds: list[Fold]) -> tuple[list[TrialResult], list[SweepProgress]]:
    from tune.sweep import run_search

    told: list[SweepProgress] = []
    return run_search(search, folds, on_progress=told.append), told


def figures(board: list[TrialResult]) -> list[tuple[int, Any]]:
    return [(trial.steps, trial.best) for trial in board]


def test_one_trial_at_a_time_with_a_seed_is_repeatable(
    folds: list[Fold], contract: Contract, tmp_path: Path
) -> None:
    spec = sweep()

    first, told = run(search_of(spec, contract, tmp_path, "a"), folds)
    second, _ = run(search_of(spec, contract, tmp_path, "b"), folds)

    assert figures(first) == figures(second)
    assert len({trial.best.auc for trial in first}) == 3
    assert [trial.best.auc for trial in first] == sorted(
        (trial.best.auc for trial in first), reverse=True
    )
    assert told[-1].n_ended == told[-1].n_trials == 3

    again, told_again = run(search_of(spec, contract, tmp_path, "a"), folds)
    assert figures(again) == figures(first)
    assert told_again == []  # what is finished is not run again


def test_two_objectives_leave_a_front_that_nothing_beats(
    folds: list[Fold], contract: Contract, tmp_path: Path
) -> None:
    from tune.sweep import pareto_front

    second = "fairness"
    spec = sweep(candidates=[QUICK], objectives=["auc", second], fairness_column="age")
    by_age = [_with_two_groups(fold) for fold in folds]

    board, _ = run(search_of(spec, contract, tmp_path, second), by_age)
    front = pareto_front(board, spec)

    assert front[0] == board[0]
    for one in front:
        for other in board:
            better_auc = other.best.auc > one.best.auc
            better_second = getattr(other.best, second) < getattr(one.best, second)
            assert not (better_auc and better_second)
    for one in [trial for trial in board if trial not in front]:
        assert any(
            other.best.auc >= one.best.auc
            and getattr(other.best, second) <= getattr(one.best, second)
            for other in front
        )


def _with_two_groups(fold: Fold) -> Fold:
    import dataclasses

    import numpy as np

    groups = np.where(fold.segments.astype(float) < 50, "younger", "older").astype(object)
    return dataclasses.replace(fold, segments=groups)


def test_a_warm_start_tries_the_last_winner_first(
    folds: list[Fold], contract: Contract, tmp_path: Path
) -> None:
    import dataclasses

    spec = sweep(candidates=[QUICK])
    before = {"regularization": 0.123456789}
    search = dataclasses.replace(search_of(spec, contract, tmp_path, "warm"), first=before)

    board, _ = run(search, folds)

    assert before in [trial.best.parameters for trial in board]


def test_a_search_in_which_nothing_can_learn_names_the_first_cause(
    folds: list[Fold], contract: Contract, tmp_path: Path
) -> None:
    candidate = {"family": "logistic", "trials": 1, "resampling": "smote_tomek"}
    spec = SweepSpec.model_validate({"candidates": [candidate]})

    with pytest.raises(DataError, match=r"no trial could learn: SMOTE needs every value"):
        run(search_of(spec, contract, tmp_path, "smote"), folds)


def test_a_whole_sweep_resumes_only_with_the_same_questions(
    rows: Rows, contract: Contract, tmp_path: Path
) -> None:
    from tune.pipeline import TuneRequest, train_and_register
    from tune.workbook import stored_spec

    settings = Settings(home=tmp_path)
    spec = SweepSpec(
        candidates=(
            Candidate(family="scorecard", trials=1),
            Candidate(family="logistic", trials=1),
        ),
        folds=FoldsSpec(outer=2),
    )
    request = TuneRequest(contract, spec, "challenger", 1, "nested")

    told: list[SweepProgress] = []
    outcome = train_and_register(request, rows, settings, on_progress=told.append)

    assert told[-1].n_ended == told[-1].n_trials == 3 * 2
    assert {e.candidate.label for e in outcome.entries} == {"scorecard", "logistic"}
    searched = [entry.searched_auc for entry in outcome.entries]
    assert searched == sorted(searched, reverse=True)
    for entry in outcome.entries:
        assert entry.outer is not None
        assert entry.outer.auc.low < entry.outer.auc.estimate < entry.outer.auc.high
        assert entry.outer.pooled.auc.n == len(rows)
    assert stored_spec(settings.sweeps_path, "nested") == spec
    with pytest.raises(SettingsInvalid, match="'nested' was begun with another data"):
        train_and_register(request, rows.take(rows.labels.nonzero()[0]), settings)
    with pytest.raises(SettingsInvalid, match="no sweep 'never' to resume"):
        stored_spec(settings.sweeps_path, "never")
