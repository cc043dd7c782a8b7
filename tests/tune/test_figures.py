"""Figures that parameters are judged by, beside their own definitions."""

from __future__ import annotations

import numpy as np
import pytest

from credit.contract import Contract
from credit.errors import DataError
from credit.metrics import auc, demographic_parity_gap, expected_calibration_error
from credit.models import Platt
from tests.tune.folds import folds_of
from tune.figures import WORST, Judge, cross_calibrated
from tune.folds import Fold, make_folds
from tune.plan import plan_folds
from tune.rows import Rows
from tune.spec import FoldsSpec

Margins = list[np.ndarray[tuple[int], np.dtype[np.float64]]]


@pytest.fixture(scope="module")
def folds(rows: Rows, contract: Contract) -> list[Fold]:
    plan = plan_folds(rows, FoldsSpec(), n_folds=3, seed=2)
    young = np.where(rows.segments["age"].astype(float) < 45, "young", "old").astype(object)
    grouped = Rows(
        rows.raw, rows.labels, rows.groups, rows.references, segments={"generation": young}
    )
    return list(make_folds(grouped, contract, plan, segment="generation"))


@pytest.fixture(scope="module")
def margins(folds: list[Fold]) -> Margins:
    """Utilisation alone, on another scale than log-odds."""
    return [5 * fold.validation[:, 0] for fold in folds]


def test_auc_alone_computes_nothing_else(folds: list[Fold], margins: Margins) -> None:
    found = Judge(("auc",), 0.1).judge(folds, margins, {"a": 1})

    aucs = [auc(f.validation_labels, m) for f, m in zip(folds, margins, strict=True)]
    assert found.auc == pytest.approx(np.mean(aucs))
    assert found.auc_spread == pytest.approx(max(aucs) - min(aucs))
    assert (found.calibration, found.fairness) == (None, None)
    assert found.parameters == {"a": 1}


def test_each_fold_is_calibrated_by_the_others(folds: list[Fold], margins: Margins) -> None:
    found = cross_calibrated(folds, margins)

    others = Platt.fit(
        np.concatenate(margins[1:]), np.concatenate([f.validation_labels for f in folds[1:]])
    )
    assert found[0].tobytes() == others.probabilities(margins[0]).tobytes()


def test_calibration_and_fairness_are_those_of_the_cross_calibrated_pds(
    folds: list[Fold], margins: Margins
) -> None:
    prob = np.concatenate(cross_calibrated(folds, margins))
    labels = np.concatenate([fold.validation_labels for fold in folds])
    groups = np.concatenate([fold.segments for fold in folds]).astype(str)

    calibrated = Judge(("auc", "calibration"), 0.1).judge(folds, margins, {})
    fair = Judge(("auc", "fairness"), 0.1).judge(folds, margins, {})

    assert calibrated.calibration == expected_calibration_error(labels, prob)
    gap = demographic_parity_gap(groups, prob < 0.1).gap
    assert gap is not None
    assert fair.fairness == gap.estimate > 0


def test_a_model_that_ranks_the_wrong_way_is_the_worst_and_not_an_error(
    folds: list[Fold], margins: Margins
) -> None:
    wrong = [-m for m in margins]

    assert Judge(("auc", "calibration"), 0.1).judge(folds, wrong, {}).calibration == WORST
    assert Judge(("auc", "fairness"), 0.1).judge(folds, wrong, {}).fairness == WORST


def test_fairness_needs_two_groups(rows: Rows, contract: Contract, margins: Margins) -> None:
    alone = [
        Fold(**{**vars(f), "segments": np.full(len(f.rows), "all", dtype=object)})
        for f in folds_of(rows, contract, n_folds=3, seed=2)
    ]

    with pytest.raises(DataError, match="fewer than two groups hold .* leave the objective out"):
        Judge(("auc", "fairness"), 0.1).judge(alone, margins, {})
