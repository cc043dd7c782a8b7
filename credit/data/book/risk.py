"""The true risk of a loan: a known function of what the lender sees on the day of the application.

It reads neither age nor group, so that equal columns mean equal risk, and nothing hidden, so that a
model could find it exactly. Directions are those that lenders expect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.data.book.calendar import Floats

EMPLOYMENT = {
    "salaried": 0.0,
    "public_sector": -0.30,
    "self_employed": 0.25,
    "unemployed": 0.70,
    "student": 0.30,
    "retired": -0.10,
}
HOUSING = {"own": -0.30, "mortgage": -0.10, "rent": 0.20, "family": 0.10}
PURPOSE = {
    "car": -0.20,
    "home_improvement": -0.10,
    "education": 0.0,
    "debt_consolidation": 0.35,
    "medical": 0.25,
    "other": 0.10,
    "working_capital": 0.15,
    "equipment": -0.20,
    "premises": -0.30,
    "refinancing": 0.30,
}
SECTOR = {
    "retail": 0.10,
    "services": -0.15,
    "hospitality": 0.40,
    "construction": 0.25,
    "manufacturing": -0.20,
    "transport": 0.05,
}
USUAL_INCOME = 2_800.0
USUAL_REVENUE = 300_000.0


def log_odds(table: pd.DataFrame, *, income_effect: float = 1.0) -> Floats:
    """Log-odds of bad but for one constant, which the bad rate fixes.

    Parameters
    ----------
    table
        As :func:`credit.data.book.training_table` makes it; only columns known at the application are
        read.
    income_effect
        Multiplies the weight of income.

    Returns
    -------
    ndarray
        Shape ``(n_loans,)``; higher = riskier.
    """
    is_business = (table["kind"] == "business").to_numpy()
    is_thin = table["utilization"].isna().to_numpy()
    own = np.select(
        [is_business, is_thin],
        [_business(table) + 0.9 * _bureau(table), _person(table, income_effect) + _thin(table)],
        _person(table, income_effect) + _bureau(table),
    )
    purpose = table["purpose"].map(PURPOSE).to_numpy(dtype=np.float64)
    total: Floats = own + purpose + 0.9 * _numbers(table, "term_months") / 60
    return total


def calibrated(log_odds_of_bad: Floats, bad_rate: float) -> float:
    """Constant that brings the mean PD to the bad rate, found by halving an interval.

    Parameters
    ----------
    bad_rate
        Above 0 and below 1.
    """
    low, high = -50.0 - log_odds_of_bad.max(), 50.0 - log_odds_of_bad.min()
    for _ in range(200):
        middle = (low + high) / 2
        if probability(log_odds_of_bad + middle).mean() < bad_rate:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def probability(log_odds_of_bad: Floats) -> Floats:
    """PD of log-odds of bad."""
    return np.asarray(1 / (1 + np.exp(-log_odds_of_bad)), dtype=np.float64)


def _person(table: pd.DataFrame, income_effect: float) -> Floats:
    income = _numbers(table, "stated_income")
    burden = _numbers(table, "instalment") / income
    expenses = _numbers(table, "stated_expenses") / income
    employment = table["employment"].map(EMPLOYMENT).to_numpy(dtype=np.float64)
    housing = table["housing"].map(HOUSING).to_numpy(dtype=np.float64)
    risk: Floats = (
        -0.6 * income_effect * np.log(income / USUAL_INCOME)
        + 2.0 * np.minimum(burden, 1.0)
        + 0.8 * np.minimum(expenses, 1.5)
        - 0.015 * np.minimum(_numbers(table, "years_at_address"), 20)
        + employment
        + housing
    )
    return risk


def _bureau(table: pd.DataFrame) -> Floats:
    risk: Floats = (
        1.7 * _numbers(table, "utilization")
        + 0.25 * np.minimum(_numbers(table, "delinquencies_30"), 4)
        + 0.45 * np.minimum(_numbers(table, "delinquencies_60"), 3)
        + 0.70 * np.minimum(_numbers(table, "delinquencies_90"), 3)
        + 0.12 * np.minimum(_numbers(table, "inquiries"), 8)
        - 0.003 * np.minimum(_numbers(table, "history_months"), 240)
    )
    return risk


def _thin(table: pd.DataFrame) -> Floats:
    late_rent = np.nan_to_num(
        _numbers(table, "rent_payments_late")
    )  # who pays no rent is never late
    risk: Floats = (
        2.8
        - 0.010 * np.minimum(_numbers(table, "months_in_job"), 60)
        - 0.060 * _numbers(table, "payroll_months")
        - 0.004 * np.minimum(_numbers(table, "email_age_months"), 120)
        - 0.006 * np.minimum(_numbers(table, "phone_age_months"), 60)
        - 1.8 * _numbers(table, "utility_on_time_share")
        + 0.25 * np.minimum(late_rent, 5)
        + 0.025 * np.minimum(_numbers(table, "overdrawn_days"), 30)
    )
    return risk


def _business(table: pd.DataFrame) -> Floats:
    revenue = _numbers(table, "annual_revenue")
    sector = table["sector"].map(SECTOR).to_numpy(dtype=np.float64)
    in_business = (table["accounts_date"] - table["founded"]).dt.days.to_numpy(dtype=np.float64)
    risk: Floats = (
        -0.25 * np.log(revenue / USUAL_REVENUE)
        - 3.5 * np.clip(_numbers(table, "annual_profit") / revenue, -0.3, 0.4)
        + 0.9 * np.minimum(_numbers(table, "total_debt") / revenue, 2.0)
        - 2.0 * np.minimum(_numbers(table, "cash") / revenue, 0.4)
        + 8.0 * np.minimum(12 * _numbers(table, "instalment") / revenue, 0.4)
        - 0.04 * np.minimum(in_business / 365.25, 20)
        + 0.22 * np.minimum(_numbers(table, "late_supplier_payments"), 8)
        + sector
    )
    return risk


def _numbers(table: pd.DataFrame, column: str) -> Floats:
    return table[column].to_numpy(dtype=np.float64)
