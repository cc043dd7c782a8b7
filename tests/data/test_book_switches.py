"""Drift and bias of the book: what they change, by how much, and what they leave alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from credit.data.book import (
    BookBias,
    BookDrift,
    BookSettings,
    LoanBook,
    make_book,
    training_table,
)
from credit.data.book.risk import log_odds

SETTINGS = BookSettings(n_customers=3_000, seed=21, months=12)
BEGINS = pd.Timestamp("2022-08-01")  # month 7, counted from 0


def drifted(**changes: float) -> LoanBook:
    drift = BookDrift.model_validate({"from_month": 7} | changes)
    return make_book(SETTINGS.model_copy(update={"drift": drift}))


def biased(**changes: float) -> LoanBook:
    return make_book(SETTINGS.model_copy(update={"bias": BookBias.model_validate(changes)}))


@pytest.fixture(scope="module")
def book() -> LoanBook:
    return make_book(SETTINGS)


@pytest.fixture(scope="module")
def changed(book: LoanBook) -> npt.NDArray[np.bool_]:
    after = (book.loans["application_date"] >= BEGINS).to_numpy()
    assert 0.3 < after.mean() < 0.5
    return np.asarray(after)


def logit(book: LoanBook) -> npt.NDArray[np.float64]:
    pds = book.truth["true_pd"].to_numpy(dtype=np.float64)
    return np.asarray(np.log(pds / (1 - pds)))


@pytest.mark.parametrize(
    "changes",
    [
        {"income_factor": 0.7},
        {"utilization_shift": 0.2},
        {"risk_shift": 1.0},
        {"income_effect": 0.0},
    ],
)
def test_before_its_month_drift_changes_no_bit(
    book: LoanBook, changed: npt.NDArray[np.bool_], changes: dict[str, float]
) -> None:
    other = drifted(**changes)

    for name in ("loans", "truth"):
        before = [getattr(b, name)[~changed] for b in (book, other)]
        pd.testing.assert_frame_equal(before[0], before[1], check_exact=True)
    tables = [training_table(b)[~changed] for b in (book, other)]
    pd.testing.assert_frame_equal(tables[0], tables[1], check_exact=True)
    assert not np.array_equal(logit(book)[changed], logit(other)[changed])


def test_incomes_fall_by_the_factor_and_risk_follows(
    book: LoanBook, changed: npt.NDArray[np.bool_]
) -> None:
    other = drifted(income_factor=0.7)

    ratio = (other.loans["stated_income"] / book.loans["stated_income"])[changed]
    assert ratio.median() == pytest.approx(0.7, abs=0.01)  # incomes are rounded to tens
    pd.testing.assert_frame_equal(
        other.loans.drop(columns=["stated_income", "default", "outcome_date"]),
        book.loans.drop(columns=["stated_income", "default", "outcome_date"]),
    )
    assert (logit(other) - logit(book))[changed].min() >= 0
    assert other.truth["true_pd"][changed].mean() > 1.2 * book.truth["true_pd"][changed].mean()


def test_utilizations_rise_in_reports_of_that_time(book: LoanBook) -> None:
    other = drifted(utilization_shift=0.2)

    known = book.bureau["report_date"] <= book.loans["application_date"].min()
    late = (book.bureau["report_date"] >= BEGINS) & (book.bureau["utilization"] < 1)
    difference = other.bureau["utilization"] - book.bureau["utilization"]
    assert (difference[known] == 0).all()
    assert difference[late].median() == pytest.approx(0.2, abs=1e-9)


def test_the_relation_itself_can_move_while_the_columns_stay(
    book: LoanBook, changed: npt.NDArray[np.bool_]
) -> None:
    other = drifted(risk_shift=1.0)

    columns = [training_table(b).drop(columns=["default", "outcome_date"]) for b in (book, other)]
    pd.testing.assert_frame_equal(columns[0], columns[1])
    assert (logit(other) - logit(book))[changed] == pytest.approx(1.0, abs=1e-9)
    assert other.loans["default"][changed].mean() > 1.5 * book.loans["default"][changed].mean()


def test_income_can_lose_its_weight(changed: npt.NDArray[np.bool_]) -> None:
    """Twice the income then changes the risk only through the share that instalment and costs take."""
    table = training_table(drifted(income_effect=0.0))
    # Money scaled as a whole leaves the shares alone.
    money = ["stated_income", "instalment", "stated_expenses"]
    doubled = table.assign(**{name: 2 * table[name] for name in money})

    without = log_odds(doubled, income_effect=0.0) - log_odds(table, income_effect=0.0)
    usual = log_odds(doubled) - log_odds(table)

    assert np.abs(without[changed]).max() < 1e-9
    assert usual == pytest.approx(-0.6 * np.log(2), abs=1e-9)


def test_a_group_can_earn_less_and_have_equal_risk_at_equal_columns() -> None:
    book = biased(income_factor=0.7, group_share=0.4)

    table, in_b = training_table(book), book.truth["group"] == "B"
    medians = table.groupby(in_b)["income"].median()
    assert medians[True] / medians[False] == pytest.approx(0.7, abs=0.05)
    constant = logit(book) - log_odds(table)
    assert np.ptp(constant) < 1e-9
    assert book.truth["true_pd"][in_b].mean() > book.truth["true_pd"][~in_b].mean()
    assert in_b.mean() == pytest.approx(0.4, abs=0.04)


def test_records_can_be_biased_against_a_group(book: LoanBook) -> None:
    other = biased(false_bads=0.1)

    in_b = (other.truth["group"] == "B").to_numpy()
    good = (other.truth["true_default"] == 0).to_numpy()
    recorded = other.loans["default"].to_numpy()
    assert recorded[~good].all()
    assert not recorded[good & ~in_b].any()
    n = int((good & in_b).sum())
    error = (0.1 * 0.9 / n) ** 0.5
    assert recorded[good & in_b].mean() == pytest.approx(0.1, abs=4 * error)
    pd.testing.assert_frame_equal(other.truth, book.truth, check_exact=True)
    pd.testing.assert_frame_equal(other.bureau, book.bureau, check_exact=True)


def test_without_bias_the_groups_do_not_differ(book: LoanBook) -> None:
    table, in_b = training_table(book), book.truth["group"] == "B"

    medians = table.groupby(in_b)["income"].median()
    assert medians[True] / medians[False] == pytest.approx(1.0, abs=0.06)
    assert (book.truth["true_default"] == book.loans["default"]).all()
