"""Rows to learn from: validated, split once and for all, with groups whole."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract
from credit.errors import ContractError, DataError
from credit.metrics import MINIMUM_BADS, FewBadsWarning
from tests.loanbook import loan_book
from tests.tune.folds import folds_of
from tune.plan import split_holdout
from tune.rows import Rows, prepare


@pytest.fixture(scope="module")
def repeated(contract: Contract) -> Rows:
    """A book in which rows are repeated and persons come again."""
    book = loan_book(1_500, seed=4)
    rng = np.random.default_rng(1)
    people = np.array([f"P-{i}" for i in rng.integers(0, 900, 1_500)], dtype=object)
    people[::7] = None
    book["applicant_id"] = people
    again = book.sample(150, random_state=2)
    return prepare(pd.concat([book, again], ignore_index=True), contract)[0]


def test_good_rows_are_kept_in_the_contract_s_order(contract: Contract) -> None:
    book = loan_book(900, seed=2)
    book.loc[[3, 5], "age"] = 0
    book = book[sorted(book.columns)]

    rows, check = prepare(book, contract)

    assert len(rows) == 898
    assert check.n_bad_rows == 2
    assert rows.raw.flags.c_contiguous
    names = [c.name for c in contract.inputs]
    kept = book.drop(index=[3, 5])
    np.testing.assert_array_equal(rows.raw, kept[names].to_numpy(dtype=np.float64))
    assert rows.labels.tolist() == kept["defaulted"].tolist()
    assert rows.references.tolist() == kept["application_id"].tolist()


def test_one_class_is_refused(contract: Contract) -> None:
    with pytest.raises(
        DataError, match=r"one class only \(found: 0\); a model needs goods .0. and"
    ):
        prepare(loan_book(300, seed=2).assign(defaulted=0), contract)


def test_no_good_row_is_refused_with_the_first_causes(contract: Contract) -> None:
    book = loan_book(300, seed=2).assign(age=0, debt_ratio=-1.0)

    with pytest.raises(
        DataError,
        match=r"no row satisfies contract give_me_some_credit: age: expected at least 18 "
        r"\(300 rows, first at row 1\); debt_ratio: expected at least 0 \(300 rows",
    ):
        prepare(book, contract)


def test_without_outcomes_nothing_is_learned(contract: Contract) -> None:
    with pytest.raises(ContractError, match="missing columns defaulted"):
        prepare(loan_book(300, seed=2).drop(columns=["defaulted"]), contract)


def test_few_bads_are_warned_of(contract: Contract) -> None:
    book = loan_book(2_000, seed=2)
    bads = book.index[book["defaulted"] == 1]

    with pytest.warns(FewBadsWarning, match=f"the data hold {MINIMUM_BADS - 1} bads, fewer than"):
        prepare(book.drop(index=bads[MINIMUM_BADS - 1 :]), contract)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(book.drop(index=bads[MINIMUM_BADS:]), contract)


def test_the_held_out_fifth_is_always_the_same(repeated: Rows) -> None:
    train, held_out = split_holdout(repeated)
    again_train, again_held_out = split_holdout(repeated)

    assert train.references.tolist() == again_train.references.tolist()
    assert held_out.raw.tobytes() == again_held_out.raw.tobytes()
    assert len(train) + len(held_out) == len(repeated)
    assert 0.15 < len(held_out) / len(repeated) < 0.25
    assert held_out.labels.mean() == pytest.approx(train.labels.mean(), abs=0.03)


def test_nobody_stands_on_both_sides(repeated: Rows) -> None:
    train, held_out = split_holdout(repeated)

    assert len(np.unique(repeated.groups)) < len(repeated)
    assert not set(train.groups) & set(held_out.groups)
    assert not {r.tobytes() for r in train.raw} & {r.tobytes() for r in held_out.raw}


def test_folds_cover_every_row_once_with_groups_whole(repeated: Rows, contract: Contract) -> None:
    folds = folds_of(repeated, contract, n_folds=4, seed=9)

    validated = np.concatenate([fold.rows for fold in folds])
    assert sorted(validated.tolist()) == list(range(len(repeated)))
    for fold in folds:
        inside = np.setdiff1d(np.arange(len(repeated)), fold.rows)
        assert not set(repeated.groups[fold.rows]) & set(repeated.groups[inside])
        assert fold.validation_labels.tolist() == repeated.labels[fold.rows].tolist()
        assert fold.train_labels.tolist() == repeated.labels[inside].tolist()
        assert len(fold.train) + len(fold.validation) == len(repeated)


def test_the_transform_of_a_fold_learns_from_its_training_rows_alone(contract: Contract) -> None:
    """One absurd income: only folds that train on it may have it as their cap."""
    book = loan_book(600, seed=3)
    richest = int(np.nanargmax(book["monthly_income"].to_numpy()))
    book.loc[richest, "monthly_income"] = 9_000_000.0
    rows, _ = prepare(book, contract)
    income = contract.feature_names.index("income")

    for fold in folds_of(rows, contract, n_folds=3, seed=0):
        highest = max(np.nanmax(fold.train[:, income]), np.nanmax(fold.validation[:, income]))
        assert (highest == 9_000_000.0) == (richest not in fold.rows)
