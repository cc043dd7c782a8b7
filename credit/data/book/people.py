"""Customers, and what is known about them besides the bureau: alternative data, businesses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.data.book.calendar import (
    Booleans,
    Floats,
    Integers,
    Texts,
    as_dates,
    as_days,
    period,
    stream,
)
from credit.data.book.settings import BookSettings

REGIONS = {"capital": 0.30, "north": 0.20, "east": 0.18, "south": 0.20, "west": 0.12}
EMPLOYMENTS = {
    "salaried": 0.62,
    "public_sector": 0.14,
    "self_employed": 0.17,
    "unemployed": 0.07,
}
HOUSINGS = {"own": 0.22, "mortgage": 0.30, "rent": 0.38, "family": 0.10}
SECTORS = {
    "retail": 0.25,
    "services": 0.30,
    "hospitality": 0.13,
    "construction": 0.15,
    "manufacturing": 0.09,
    "transport": 0.08,
}
LEGAL_FORMS = {"sole_trader": 0.50, "partnership": 0.15, "company": 0.35}

STUDENT_AGE, RETIREMENT_AGE = 24, 65
LOG_INCOME = {
    "salaried": 8.0,
    "public_sector": 8.05,
    "self_employed": 7.95,
    "unemployed": 7.0,
    "student": 6.9,
    "retired": 7.5,
}
"""Centre of the logarithm of the monthly income in USD."""
YEAR = 365.25


def draw_customers(settings: BookSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers, and what only the simulation knows about each of them.

    The hidden frame holds, row by row: ``group`` (A or B), ``thin`` (the bureau does not know the
    person) and ``strength``, a standard normal trait behind punctual payments and low balances.
    """
    rng, n = stream(settings.seed, "customers"), settings.n_customers
    first_day = period(settings).first
    strength = rng.normal(size=n)
    in_b = rng.random(n) < settings.bias.group_share
    business = rng.random(n) < settings.small_business_share
    thin = (rng.random(n) < settings.thin_file_share) & ~business
    age = np.clip(rng.normal(43, 14, n), 20, 85)
    employment = _employment(rng, age, business)
    income = np.exp(
        np.vectorize(LOG_INCOME.__getitem__, otypes=[float])(employment)
        + 0.12 * strength
        + rng.normal(0, 0.42, n)
    )
    income = income * np.where(in_b, settings.bias.income_factor, 1.0)
    household = 1 + rng.poisson(1.3, n)
    customers = pd.DataFrame(
        {
            "customer_id": [f"C{i:07d}" for i in range(1, n + 1)],
            "kind": np.where(business, "business", "person"),
            "birth_date": as_dates((first_day - age * YEAR).astype(np.int64)),
            "region": _pick(rng, REGIONS, n),
            "employment": employment,
            "housing": _pick(rng, HOUSINGS, n),
            "years_at_address": np.minimum(rng.gamma(1.3, 6.0, n), age - 18).astype(np.int64),
            "household": household,
            "dependents": rng.binomial(household - 1, 0.55),
            "income": np.maximum(np.round(income, -1), 300.0),
        }
    )
    hidden = pd.DataFrame({"group": np.where(in_b, "B", "A"), "thin": thin, "strength": strength})
    return customers, hidden


def draw_alternative(
    settings: BookSettings, customers: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    """Alternative data, one row for each person whom the bureau does not know."""
    rng, n = stream(settings.seed, "alternative"), len(customers)
    strength = hidden["strength"].to_numpy()
    works = customers["employment"].isin(["salaried", "public_sector", "self_employed"]).to_numpy()
    months_in_job = np.minimum(rng.gamma(1.2, 30.0, n) * np.exp(0.3 * strength), 480)
    pays_rent = (customers["housing"] == "rent").to_numpy()
    late_rent = np.minimum(rng.poisson(np.exp(-0.3 - 0.7 * strength)), 12)
    table = pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "months_in_job": np.where(works, np.floor(months_in_job), 0).astype(np.int64),
            "payroll_months": np.where(works, rng.binomial(12, _share(1.6 + 0.5 * strength)), 0),
            "email_age_months": np.floor(rng.gamma(1.8, 30.0, n)).clip(0, 360).astype(np.int64),
            "phone_age_months": np.floor(rng.gamma(1.5, 24.0, n) * np.exp(0.25 * strength))
            .clip(0, 360)
            .astype(np.int64),
            "utility_on_time_share": np.round(
                rng.binomial(24, _share(1.8 + 0.9 * strength)) / 24, 3
            ),
            "rent_payments_late": np.where(pays_rent, late_rent, np.nan),
            "overdrawn_days": np.minimum(rng.poisson(np.exp(1.2 - 0.8 * strength)), 90),
        }
    )
    return table[hidden["thin"].to_numpy()].reset_index(drop=True)


def draw_businesses(
    settings: BookSettings, customers: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    """Accounts of businesses, one row for each."""
    rng, n = stream(settings.seed, "businesses"), len(customers)
    strength = hidden["strength"].to_numpy()
    first_day = period(settings).first
    years = np.minimum(rng.gamma(1.5, 6.0, n) + 0.5, 40)
    revenue = np.exp(rng.normal(12.6, 0.9, n) + 0.15 * strength)
    margin = np.clip(rng.normal(0.09, 0.08, n) + 0.03 * strength, -0.4, 0.5)
    debt = revenue * rng.gamma(1.2, 0.25, n) * np.exp(-0.2 * strength)
    # At a month's end, before anybody in the book applies.
    months_ago = np.datetime64(settings.start, "M") - rng.integers(0, 9, n)
    closed = as_days(months_ago) - 1
    founded = np.minimum(first_day - (years * YEAR).astype(np.int64), closed - 60)
    table = pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "sector": _pick(rng, SECTORS, n),
            "legal_form": _pick(rng, LEGAL_FORMS, n),
            "founded": as_dates(founded),
            "accounts_date": as_dates(closed),
            "annual_revenue": np.round(revenue, -3).clip(10_000, 50_000_000),
            "annual_profit": np.round(revenue * margin, -2),
            "total_debt": np.round(debt, -2),
            "cash": np.round(revenue * rng.gamma(1.5, 0.05, n), -2),
            "employees": np.minimum(rng.poisson(revenue / 120_000), 250),
            "late_supplier_payments": np.minimum(rng.poisson(np.exp(-0.2 - 0.7 * strength)), 24),
        }
    )
    is_business = (customers["kind"] == "business").to_numpy()
    return table[is_business].reset_index(drop=True)


def age_on(birth_dates: pd.Series, dates: pd.Series) -> Integers:
    """Age in whole years on a date."""
    born, on = pd.DatetimeIndex(birth_dates), pd.DatetimeIndex(dates)
    before_birthday = (on.month < born.month) | ((on.month == born.month) & (on.day < born.day))
    return np.asarray(on.year - born.year - before_birthday, dtype=np.int64)


def _employment(rng: np.random.Generator, age: Floats, business: Booleans) -> Texts:
    employment = _pick(rng, EMPLOYMENTS, len(age))
    employment[age < STUDENT_AGE] = "student"
    employment[age >= RETIREMENT_AGE] = "retired"
    employment[business] = "self_employed"
    return employment


def _pick(rng: np.random.Generator, shares: dict[str, float], n: int) -> Texts:
    codes = np.array(list(shares), dtype=object)
    picked: Texts = codes[rng.choice(len(codes), n, p=list(shares.values()))]
    return picked


def _share(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))
