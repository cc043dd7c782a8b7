"""Which rows train and which validate: groups whole, and by time nothing of the future."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from tune.plan import plan_folds, split_holdout
from tune.rows import Rows
from tune.spec import FoldsSpec


def dated(n_rows: int, seed: int, *, n_days: int = 700, n_people: int = 10_000) -> Rows:
    rng = np.random.default_rng(seed)
    return Rows(
        raw=rng.normal(size=(n_rows, 2)),
        labels=(rng.random(n_rows) < 0.3).astype(np.int8),
        groups=rng.integers(0, n_people, n_rows),
        references=np.arange(n_rows).astype(str).astype(object),
        times=730_000.0 + rng.integers(0, n_days, n_rows),
    )


@given(seed=st.integers(0, 1000), n_folds=st.integers(2, 6), embargo=st.integers(0, 60))
def test_rolling_folds_train_on_the_past_alone(seed: int, n_folds: int, embargo: int) -> None:
    # So many people that some are new even in the last fold: 77 rows in the mean, where 14 may hold no bad.
    rows = dated(3_000, seed, n_people=1_500)
    assert rows.times is not None

    plan = plan_folds(
        rows, FoldsSpec(kind="rolling", embargo_days=embargo), n_folds=n_folds, seed=0
    )

    assert len(plan) == n_folds
    for train, validation in plan:
        assert rows.times[train].max() < rows.times[validation].min() - embargo
        assert not set(rows.groups[train]) & set(rows.groups[validation])
    for earlier, later in itertools.pairwise(plan):
        assert set(earlier.train) <= set(later.train)
        assert rows.times[earlier.validation].max() < rows.times[later.validation].min()


def test_shuffled_folds_would_let_the_future_in() -> None:
    """The control: the law above can fail."""
    rows = dated(1_200, 3)
    assert rows.times is not None

    train, validation = plan_folds(rows, FoldsSpec(), n_folds=3, seed=0)[0]

    assert rows.times[train].max() > rows.times[validation].min()


@given(seed=st.integers(0, 1000), n_folds=st.integers(2, 6))
def test_shuffled_folds_validate_every_row_once_and_keep_groups_whole(
    seed: int, n_folds: int
) -> None:
    rows = dated(600, seed, n_people=300)

    plan = plan_folds(rows, FoldsSpec(), n_folds=n_folds, seed=seed)

    assert sorted(np.concatenate([fold.validation for fold in plan])) == list(range(600))
    for train, validation in plan:
        assert len(train) + len(validation) == 600
        assert not set(rows.groups[train]) & set(rows.groups[validation])


def test_the_last_period_is_held_out_behind_its_embargo() -> None:
    rows = dated(2_000, 1)

    train, held_out = split_holdout(rows, parts=5, by_time=True, embargo_days=30)

    assert train.times is not None
    assert held_out.times is not None
    assert train.times.max() < held_out.times.min() - 30
    assert 0.1 < len(held_out) / len(rows) < 0.3


def test_a_rolling_split_needs_dates() -> None:
    rows = Rows(
        np.zeros((4, 1)),
        np.array([0, 1, 0, 1], np.int8),
        np.arange(4),
        np.array(list("abcd"), dtype=object),
    )

    with pytest.raises(DataError, match="give the contract a column of role time and type date"):
        plan_folds(rows, FoldsSpec(kind="rolling"), n_folds=2, seed=0)


def test_a_period_without_bads_is_refused() -> None:
    rows = dated(400, 2)
    assert rows.times is not None
    early = rows.times < 730_300
    labels = np.where(early, rows.labels, 0).astype(np.int8)
    calm = Rows(rows.raw, labels, rows.groups, rows.references, rows.times)

    with pytest.raises(DataError, match="not both outcomes; use fewer folds or a shorter embargo"):
        plan_folds(calm, FoldsSpec(kind="rolling"), n_folds=4, seed=0)


def test_rows_of_one_day_cannot_be_split_by_time() -> None:
    rows = dated(400, 2, n_days=1)

    with pytest.raises(DataError, match="too many rows share one date"):
        plan_folds(rows, FoldsSpec(kind="rolling"), n_folds=3, seed=0)
