"""The synthetic loan book: what its tables promise, and that its truth is the truth."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit.data.book import (
    COLUMNS,
    BookSettings,
    LoanBook,
    describe_columns,
    make_book,
    training_table,
)
from credit.data.book.loans import instalment
from credit.data.book.risk import log_odds

SETTINGS = BookSettings(n_customers=4_000, seed=11, small_business_share=0.15)


@pytest.fixture(scope="module")
def book() -> LoanBook:
    return make_book(SETTINGS)


@pytest.fixture(scope="module")
def table(book: LoanBook) -> pd.DataFrame:
    return training_table(book)


def tables(book: LoanBook) -> dict[str, pd.DataFrame]:
    return {name: getattr(book, name) for name in COLUMNS}


def test_the_same_settings_give_the_same_bits_and_another_seed_gives_another_book(
    book: LoanBook,
) -> None:
    again, other = make_book(SETTINGS), make_book(SETTINGS.model_copy(update={"seed": 12}))

    for name, frame in tables(book).items():
        pd.testing.assert_frame_equal(frame, tables(again)[name], check_exact=True)
        assert frame.to_csv() != tables(other)[name].to_csv()


def test_every_column_is_described_in_order(book: LoanBook) -> None:
    for name, frame in tables(book).items():
        assert frame.columns.tolist() == [column.name for column in COLUMNS[name]]
    described = describe_columns()
    assert len(described) == sum(frame.shape[1] for frame in tables(book).values())
    assert (described["meaning"].str.len() > 8).all()


def test_keys_are_unique_and_refer_to_rows_that_exist(book: LoanBook) -> None:
    assert book.customers["customer_id"].is_unique
    assert book.loans["loan_id"].is_unique
    assert not book.bureau[["customer_id", "report_date"]].duplicated().any()
    assert set(book.loans["customer_id"]) == set(book.customers["customer_id"])
    assert set(book.bureau["customer_id"]) <= set(book.customers["customer_id"])
    assert book.truth["loan_id"].tolist() == book.loans["loan_id"].tolist()


def test_loans_stand_in_the_order_of_application_within_the_months_of_the_book(
    book: LoanBook,
) -> None:
    dates = book.loans["application_date"]

    assert dates.is_monotonic_increasing
    assert dates.min() >= pd.Timestamp("2022-01-01")
    assert dates.max() < pd.Timestamp("2024-01-01")
    assert dates.dt.to_period("M").nunique() == 24
    assert (book.loans["outcome_date"] > dates).all()


@pytest.mark.parametrize("bad_rate", [0.02, 0.08, 0.3])
def test_the_bad_rate_is_what_the_settings_say(bad_rate: float) -> None:
    book = make_book(BookSettings(n_customers=3_000, seed=5, bad_rate=bad_rate))

    assert book.truth["true_pd"].mean() == pytest.approx(bad_rate, abs=1e-9)
    n = len(book.loans)
    error = (bad_rate * (1 - bad_rate) / n) ** 0.5
    assert book.loans["default"].mean() == pytest.approx(bad_rate, abs=4 * error)


def test_outcomes_are_drawn_from_the_true_pds(book: LoanBook) -> None:
    """In each tenth of the true PD the share of bads lies within four of its standard errors."""
    pds, bad = book.truth["true_pd"], book.loans["default"]
    for _, tenth in pds.groupby(pd.qcut(pds, 10), observed=True):
        error = np.sqrt((tenth * (1 - tenth)).sum()) / len(tenth)
        assert bad[tenth.index].mean() == pytest.approx(tenth.mean(), abs=4 * error)


def test_equal_columns_mean_equal_risk_whatever_the_age_and_the_group(
    book: LoanBook, table: pd.DataFrame
) -> None:
    """The log-odds are one function of columns without age and group, plus one constant for all."""
    columns = table.drop(columns=["birth_date", "default", "outcome_date", "region", "loan_id"])
    pds = book.truth["true_pd"].to_numpy()

    constant = np.log(pds / (1 - pds)) - log_odds(columns)

    assert np.ptp(constant) < 1e-9


PERSON_RISES = [
    "utilization",
    "delinquencies_30",
    "delinquencies_60",
    "delinquencies_90",
    "inquiries",
    "term_months",
]
PERSON_FALLS = ["stated_income", "years_at_address", "history_months"]
THIN_FALLS = ["months_in_job", "payroll_months", "utility_on_time_share", "phone_age_months"]
THIN_RISES = ["overdrawn_days", "rent_payments_late"]
BUSINESS_FALLS = ["annual_profit", "cash"]
BUSINESS_RISES = ["total_debt", "late_supplier_payments", "instalment"]


@pytest.mark.parametrize("column", PERSON_RISES + THIN_RISES + BUSINESS_RISES)
def test_risk_rises_with_what_lenders_fear(table: pd.DataFrame, column: str) -> None:
    rows = table[table[column].notna()]
    higher = rows.assign(**{column: rows[column] * 1.2 + 1})

    kind = "business" if column in BUSINESS_RISES else "person"
    change = (log_odds(higher) - log_odds(rows))[(rows["kind"] == kind).to_numpy()]
    assert (change >= 0).all()
    assert (change > 0).any()


@pytest.mark.parametrize("column", PERSON_FALLS + THIN_FALLS + BUSINESS_FALLS)
def test_risk_falls_with_what_lenders_like(table: pd.DataFrame, column: str) -> None:
    rows = table[table[column].notna()]
    higher = rows.assign(**{column: rows[column] + rows[column].abs() * 0.2 + 1})

    kind = "business" if column in BUSINESS_FALLS else "person"
    change = (log_odds(higher) - log_odds(rows))[(rows["kind"] == kind).to_numpy()]
    assert (change <= 0).all()
    assert (change < 0).any()


def test_no_model_beats_the_truth_and_a_simple_one_comes_near() -> None:
    book = make_book(BookSettings(n_customers=6_000, seed=3, thin_file_share=0.0))
    table = training_table(book)
    columns = table.select_dtypes("number").drop(columns="default")
    known = columns.join(pd.get_dummies(table[["purpose", "employment", "housing"]], dtype=float))
    known = known.dropna(axis=1)  # alternative data and accounts, which these customers lack
    y, half = book.loans["default"], len(table) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    model.fit(known[:half], y[:half])

    found = roc_auc_score(y[half:], model.predict_proba(known[half:])[:, 1])
    best = roc_auc_score(y[half:], book.truth["true_pd"][half:])

    assert 0.75 < best < 0.88
    assert best - 0.04 < found < best


# The bureau.


def test_counts_of_the_bureau_add_up_and_never_fall(book: LoanBook) -> None:
    bureau = book.bureau
    counts = [f"delinquencies_{days}" for days in (30, 60, 90)]

    assert (bureau[counts].sum(axis=1) == bureau["delinquencies"]).all()
    never_late = bureau["delinquencies"] == 0
    assert (bureau.loc[never_late, ["delinquent_months", "total_days_past_due"]] == 0).all(
        axis=None
    )
    days_a_month = bureau["total_days_past_due"] / bureau["delinquent_months"].where(~never_late)
    assert days_a_month.min() >= 30
    growing = [*counts, "delinquent_months", "total_days_past_due", "closed_accounts"]
    steps = bureau.groupby("customer_id")[growing].diff()
    assert (steps.fillna(0) >= 0).all(axis=None)


def test_thin_files_have_alternative_data_and_no_report(
    book: LoanBook, table: pd.DataFrame
) -> None:
    thin = set(book.alternative["customer_id"])
    persons = (book.customers["kind"] == "person").sum()

    assert len(thin) / persons == pytest.approx(0.1, abs=4 * (0.1 * 0.9 / persons) ** 0.5)
    assert not thin & set(book.bureau["customer_id"])
    assert table["utilization"].isna().equals(table["customer_id"].isin(thin))
    assert table["months_in_job"].notna().equals(table["customer_id"].isin(thin))


def test_businesses_have_accounts_that_closed_before_they_applied(
    book: LoanBook, table: pd.DataFrame
) -> None:
    is_business = table["kind"] == "business"

    assert table["annual_revenue"].notna().equals(is_business)
    rows = table[is_business]
    assert (rows["founded"] < rows["accounts_date"]).all()
    assert (rows["accounts_date"] < rows["application_date"]).all()
    assert rows["accounts_date"].dt.is_month_end.all()
    assert len(book.businesses) == (book.customers["kind"] == "business").sum()


def test_the_training_table_has_one_row_per_loan_and_no_report_of_the_future(
    book: LoanBook, table: pd.DataFrame
) -> None:
    assert table["loan_id"].tolist() == book.loans["loan_id"].tolist()
    assert table["default"].tolist() == book.loans["default"].tolist()
    with_report = table[table["report_date"].notna()]
    age = with_report["application_date"] - with_report["report_date"]
    assert age.min() >= pd.Timedelta(0)
    assert age.max() <= pd.Timedelta(14, "D")


def test_future_reports_are_planted_and_would_give_the_outcome_away(
    book: LoanBook, table: pd.DataFrame
) -> None:
    last = book.bureau.groupby("customer_id").tail(1)[["customer_id", "delinquencies_90"]]
    looking_ahead = table[["customer_id", "default"]].merge(last, on="customer_id", how="inner")
    as_of = table[table["delinquencies_90"].notna()]

    assert roc_auc_score(looking_ahead["default"], looking_ahead["delinquencies_90"]) > 0.9
    assert roc_auc_score(as_of["default"], as_of["delinquencies_90"]) < 0.7


def test_nothing_of_the_future_can_change_the_training_table(
    book: LoanBook, table: pd.DataFrame
) -> None:
    last = book.loans.groupby("customer_id")["application_date"].max()
    future = book.bureau["report_date"] > last.reindex(book.bureau["customer_id"]).to_numpy()
    assert future.sum() > len(book.customers) / 2
    without = LoanBook(
        book.settings,
        book.customers,
        book.loans,
        book.bureau[~future],
        book.alternative,
        book.businesses,
        book.truth,
    )

    pd.testing.assert_frame_equal(training_table(without), table)


# Money.


def test_the_instalment_is_the_published_one() -> None:
    """10,000 at 6% over 12 months is 860.66 a month, 200,000 at 6.5% over 30 years 1,264.14."""
    found = instalment(
        np.array([10_000.0, 200_000.0]), np.array([6.0, 6.5]), np.array([12, 360], dtype=np.int64)
    )

    assert found.tolist() == [860.66, 1264.14]


def test_the_instalments_repay_the_loan(book: LoanBook) -> None:
    names = ["amount", "term_months", "interest_rate", "instalment"]
    for balance, term, rate, payment in book.loans[names].head(50).to_numpy(dtype=np.float64):
        for _ in range(int(term)):
            balance = balance * (1 + rate / 1200) - payment  # noqa: PLW2901 (it runs down)
        # Each payment is rounded to cents; over the term the slips bear interest.
        assert abs(balance) < 0.01 * term


# What is refused.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_customers": 0}, "n_customers\n.*greater than or equal to 1"),
        ({"seed": -1}, "seed\n.*greater than or equal to 0"),
        ({"bad_rate": 0.0}, "bad_rate\n.*greater than 0"),
        ({"thin_file_share": 1.5}, "thin_file_share\n.*less than or equal to 1"),
        ({"start": datetime.date(2022, 1, 2)}, "expected the first day of a month, came day 2"),
        ({"drift": {"from_month": 24}}, "drift.from_month 24 lies outside the 24 months"),
        ({"bias": {"false_bads": -0.1}}, "false_bads\n.*greater than or equal to 0"),
        ({"shoe_size": 1}, "shoe_size\n.*not permitted"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BookSettings.model_validate({"n_customers": 10, "seed": 1} | changes)
