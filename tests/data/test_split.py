"""What belongs together stays on one side of a split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from credit.data import group_folds, row_groups
from credit.errors import DataError

NAN = np.nan
OTHER_NAN = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)[0]
FEW_VALUES = st.sampled_from([0.0, -0.0, 1.0, NAN, float(OTHER_NAN)])
TABLES = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=FEW_VALUES)


def same_group(groups: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    n = len(groups)
    return [(i, j) for i in range(n) for j in range(i) if groups[i] == groups[j]]


def test_equal_rows_share_a_group_and_others_do_not() -> None:
    raw = np.array(
        [[1.0, NAN], [1.0, 2.0], [1.0, NAN], [0.0, NAN], [-0.0, NAN], [0.0, OTHER_NAN], [NAN, 1.0]]
    )

    assert same_group(row_groups(raw)) == [(2, 0), (4, 3), (5, 3), (5, 4)]


@given(raw=TABLES)
def test_rows_share_a_group_exactly_when_they_are_equal(raw: npt.NDArray[np.float64]) -> None:
    groups = row_groups(raw)

    n = len(raw)
    equal = [
        (i, j) for i in range(n) for j in range(i) if np.array_equal(raw[i], raw[j], equal_nan=True)
    ]
    assert same_group(groups) == equal


def test_one_applicant_shares_a_group_and_nobody_does_not() -> None:
    raw = np.arange(10.0).reshape(5, 2)
    applicants = np.array(["P", "Q", "P", None, None], dtype=object)

    assert same_group(row_groups(raw, applicants)) == [(2, 0)]


def test_a_group_reaches_over_rows_and_applicants_in_turn() -> None:
    """Row 0 and 1 are one person, 1 and 2 are the same numbers, 2 and 3 are another person."""
    raw = np.array([[1.0], [2.0], [2.0], [3.0], [4.0]])
    applicants = np.array(["P", "P", "Q", "Q", "R"], dtype=object)

    groups = row_groups(raw, applicants)

    assert len(set(groups[:4])) == 1
    assert groups[4] != groups[0]


@given(raw=TABLES, data=st.data())
def test_groups_are_the_components_of_sharing_a_row_or_a_person(
    raw: npt.NDArray[np.float64], data: st.DataObject
) -> None:
    n = len(raw)
    people = data.draw(st.lists(st.sampled_from(["P", "Q", "R", None]), min_size=n, max_size=n))
    joined = np.eye(n, dtype=bool)
    for i in range(n):
        for j in range(n):
            one_person = people[i] is not None and people[i] == people[j]
            joined[i, j] |= one_person or np.array_equal(raw[i], raw[j], equal_nan=True)
    for _ in range(n):  # the closure, written down as naively as possible
        joined = joined.astype(int) @ joined.astype(int) > 0

    groups = row_groups(raw, np.array(people, dtype=object))

    assert same_group(groups) == [(i, j) for i in range(n) for j in range(i) if joined[i, j]]


def _some_groups(seed: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 300, 1_000)
    y = (rng.random(1_000) < 0.1).astype(np.int8)
    return y, np.unique(groups, return_inverse=True)[1].astype(np.int64)


@given(seed=st.integers(0, 2**32 - 1), n_folds=st.integers(2, 6))
def test_folds_keep_groups_whole_and_share_out_evenly(seed: int, n_folds: int) -> None:
    y, groups = _some_groups(seed)

    fold = group_folds(y, groups, n_folds=n_folds, seed=seed)

    assert set(fold) == set(range(n_folds))
    for group in np.unique(groups):
        assert len(set(fold[groups == group])) == 1
    bad_groups = {int(group) for group in groups[y == 1]}
    for kind in (bad_groups, set(groups.tolist()) - bad_groups):
        dealt = [len({g for g in groups[fold == k].tolist() if g in kind}) for k in range(n_folds)]
        assert max(dealt) - min(dealt) <= 1


def test_the_same_seed_deals_the_same_folds_and_another_others() -> None:
    y, groups = _some_groups(1)

    first = group_folds(y, groups, n_folds=5, seed=4)

    assert (group_folds(y, groups, n_folds=5, seed=4) == first).all()
    assert (group_folds(y, groups, n_folds=5, seed=5) != first).any()


@pytest.mark.parametrize(("labels", "found"), [([0, 0], "0"), ([1, 1], "1"), ([], "none")])
def test_one_class_is_refused(labels: list[int], found: str) -> None:
    y, groups = np.array(labels, dtype=np.int8), np.arange(len(labels))

    with pytest.raises(DataError, match=rf"one class only \(found: {found}\); a model needs goods"):
        group_folds(y, groups, n_folds=2, seed=0)


@pytest.mark.parametrize(
    ("labels", "kind"), [([1, 1, 0, 0, 0], "with"), ([0, 0, 1, 1, 1], "without")]
)
def test_too_few_groups_of_a_kind_are_refused(labels: list[int], kind: str) -> None:
    y = np.array(labels, dtype=np.int8)

    with pytest.raises(DataError, match=f"2 distinct rows {kind} a bad cannot fill 3 folds"):
        group_folds(y, np.arange(5), n_folds=3, seed=0)
