"""Resampling changes the training rows of a fold, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from credit.errors import DataError
from credit.features import FeatureSpec
from tune.learning import learn
from tune.resampling import TrainingRows, medians, resample
from tune.spec import Candidate

NUMBERS = FeatureSpec.numbers(["a", "b"])


@pytest.fixture
def rows() -> TrainingRows:
    rng = np.random.default_rng(0)
    labels = (np.arange(600) % 10 == 0).astype(np.int8)
    vectors = rng.normal(size=(600, 2)) + labels[:, None]
    return TrainingRows(vectors, labels, None)


def candidate(resampling: str, **changes: object) -> Candidate:
    return Candidate.model_validate({"family": "logistic", "resampling": resampling, **changes})


def test_none_is_none(rows: TrainingRows) -> None:
    assert resample(rows, candidate("none"), NUMBERS, seed=1).vectors is rows.vectors


def test_undersampling_keeps_every_bad_and_as_many_goods(rows: TrainingRows) -> None:
    found = resample(rows, candidate("undersample"), NUMBERS, seed=1)

    assert np.bincount(found.labels).tolist() == [60, 60]
    original = {tuple(row) for row in rows.vectors}
    assert {tuple(row) for row in found.vectors} <= original


def test_smote_makes_bads_up_and_leaves_the_bads_that_are(rows: TrainingRows) -> None:
    found = resample(rows, candidate("smote_tomek"), NUMBERS, seed=1)

    goods, bads = np.bincount(found.labels)
    assert bads > 60
    assert abs(int(goods) - int(bads)) < 0.1 * len(found.labels)
    assert len({tuple(r) for r in found.vectors} - {tuple(r) for r in rows.vectors}) > 300


def test_class_weights_give_both_classes_the_same_total(rows: TrainingRows) -> None:
    found = resample(rows, candidate("class_weights"), NUMBERS, seed=1)

    assert found.weights is not None
    assert found.weights[rows.labels == 1].sum() == pytest.approx(300)
    assert found.weights[rows.labels == 0].sum() == pytest.approx(300)
    assert found.vectors is rows.vectors


def test_the_same_seed_gives_the_same_rows(rows: TrainingRows) -> None:
    for kind in ("undersample", "smote_tomek"):
        first, second, other = (
            resample(rows, candidate(kind), NUMBERS, seed=seed) for seed in (1, 1, 2)
        )
        assert first.vectors.tobytes() == second.vectors.tobytes() != other.vectors.tobytes()


def test_smote_on_missing_values_is_refused_with_what_to_do(rows: TrainingRows) -> None:
    rows.vectors[[3, 9], 1] = np.nan

    with pytest.raises(
        DataError, match=r"2 training rows miss one .such as b.; set impute: median"
    ):
        resample(rows, candidate("smote_tomek"), NUMBERS, seed=1)

    filled = resample(rows, candidate("smote_tomek", impute="median"), NUMBERS, seed=1)
    assert not np.isnan(filled.vectors).any()


def test_smote_on_categories_is_refused_with_what_to_do(rows: TrainingRows) -> None:
    nominal = FeatureSpec(("a", "b"), (0, 0), ((), ("x", "y")), ({}, {}))

    with pytest.raises(DataError, match="nothing between two categories of b; use undersample"):
        resample(rows, candidate("smote_tomek"), nominal, seed=1)


def test_weighted_rows_cannot_be_drawn(rows: TrainingRows) -> None:
    weighted = rows._replace(weights=np.ones(600))

    with pytest.raises(DataError, match="weighted rows cannot go through it; use class_weights"):
        resample(weighted, candidate("undersample"), NUMBERS, seed=1)


def test_a_model_of_filled_rows_fills_what_it_scores(rows: TrainingRows) -> None:
    rows.vectors[::7, 1] = np.nan
    model = learn(
        rows,
        candidate("none", impute="median"),
        NUMBERS,
        {},
        seed=1,
        num_threads=1,
    )
    middle = float(medians(rows.vectors)[1])

    assert model.margin([0.3, float("nan")]) == model.margin([0.3, middle])
    assert model.margins(np.array([[0.3, np.nan]]))[0] == model.margin([0.3, float("nan")])


def test_bags_average_models_of_different_seeds(rows: TrainingRows) -> None:
    shared = {"num_iterations": 5, "bagging_fraction": 0.5, "bagging_freq": 1}
    spec = Candidate(family="lightgbm", bags=3)

    bag = learn(rows, spec, NUMBERS, shared, seed=4, num_threads=1)
    alone = [
        learn(rows, spec, NUMBERS, shared, seed=4 + k, num_threads=1, bags=1) for k in range(3)
    ]

    vector = [0.2, 0.1]
    members = [model.margin(vector) for model in alone]
    assert len(set(members)) == 3
    assert bag.margin(vector) == (members[0] + members[1] + members[2]) / 3
