"""A trial that is reused computes what a new one would."""

from __future__ import annotations

import numpy as np
import pytest

from credit.contract import Contract
from credit.features import FeatureSpec
from credit.metrics import auc, log_loss
from credit.models.lightgbm import fit_lightgbm
from tests.conftest import CARD
from tests.tune.folds import folds_of
from tune.figures import Judge, StepResult
from tune.folds import Fold
from tune.rows import Rows
from tune.spaces import BOOSTING_STEP
from tune.spec import Candidate
from tune.trials import BoostingTrial, WholeTrial

AUC_ALONE = Judge(("auc",), cutoff=1 / 11)

FIRST = {"learning_rate": 0.2, "num_leaves": 15, "min_data_in_leaf": 400, "feature_fraction": 0.5}
SECOND = {"learning_rate": 0.05, "num_leaves": 8, "min_data_in_leaf": 20, "lambda_l2": 1.0}


@pytest.fixture(scope="module")
def folds(rows: Rows, contract: Contract) -> list[Fold]:
    return folds_of(rows.take(np.arange(2_000)), contract, n_folds=3, seed=5)


def boosting_trial(folds: list[Fold], contract: Contract) -> BoostingTrial:
    candidate = Candidate(family="lightgbm")
    return BoostingTrial(candidate, folds, FeatureSpec.of(contract), AUC_ALONE, seed=1)


def boosted(trial: BoostingTrial, parameters: dict[str, float], steps: int) -> list[StepResult]:
    trial.start(parameters)
    return [trial.step() for _ in range(steps)]


def test_a_reused_trial_gives_the_figures_of_a_new_one(
    folds: list[Fold], contract: Contract
) -> None:
    """Also after other parameters that look at the data in another way (min_data_in_leaf)."""
    reused = boosting_trial(folds, contract)
    new = [boosting_trial(folds, contract) for _ in range(2)]

    first = boosted(reused, FIRST, 2)
    second = boosted(reused, SECOND, 3)
    first_again = boosted(reused, FIRST, 2)

    assert first == first_again == boosted(new[0], FIRST, 2)
    assert second == boosted(new[1], SECOND, 3)
    assert first[-1].auc != second[-1].auc


def test_a_step_adds_trees_and_reports_parameters_that_give_the_model_again(
    folds: list[Fold], contract: Contract
) -> None:
    results = boosted(boosting_trial(folds, contract), SECOND, 2)

    assert [r.parameters["num_iterations"] for r in results] == [BOOSTING_STEP, 2 * BOOSTING_STEP]
    models = [
        fit_lightgbm(
            fold.train,
            fold.train_labels,
            features=FeatureSpec.of(contract),
            parameters=results[1].parameters,
            seed=1,
            num_threads=1,
        )
        for fold in folds
    ]
    margins = [m.margins(fold.validation) for m, fold in zip(models, folds, strict=True)]
    aucs = [auc(fold.validation_labels, m) for fold, m in zip(folds, margins, strict=True)]
    losses = [
        log_loss(fold.validation_labels, 1 / (1 + np.exp(-m)))
        for fold, m in zip(folds, margins, strict=True)
    ]
    assert results[1].auc == pytest.approx(np.mean(aucs), abs=1e-12)
    assert results[1].auc_spread == pytest.approx(max(aucs) - min(aucs), abs=1e-12)
    assert results[1].log_loss == pytest.approx(np.mean(losses), abs=1e-9)


def test_a_scorecard_trial_is_whole_after_one_step(folds: list[Fold], contract: Contract) -> None:
    def new() -> WholeTrial:
        candidate = Candidate(family="scorecard")
        return WholeTrial(candidate, folds, FeatureSpec.of(contract), AUC_ALONE, seed=1)

    reused, fresh = new(), new()
    reused.start({**CARD, "max_bins": 3})
    other = reused.step()
    reused.start(CARD)
    fresh.start(CARD)

    assert reused.step() == fresh.step() != other
    assert 0.55 < other.auc < 1
