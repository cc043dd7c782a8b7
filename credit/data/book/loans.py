"""Loans as applied for; whether they were repaid is drawn later, from their true PD."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.data.book.calendar import (
    Booleans,
    Floats,
    Integers,
    Texts,
    as_dates,
    month_start,
    period,
    stream,
)
from credit.data.book.settings import BookDrift, BookSettings

MAXIMUM_LOANS = 3
PERFORMANCE_DAYS = 365
"""A loan is good when nothing happened for so long."""

RATE_BY_PURPOSE = {
    "car": 0.0,
    "home_improvement": 0.5,
    "education": 0.3,
    "debt_consolidation": 1.5,
    "medical": 1.0,
    "other": 1.2,
    "working_capital": 1.0,
    "equipment": 0.0,
    "premises": -0.5,
    "refinancing": 0.8,
}
"""Points of interest by which a purpose lies above or below the list price."""

PERSON_PURPOSES = {
    "car": 0.24,
    "home_improvement": 0.18,
    "education": 0.10,
    "debt_consolidation": 0.22,
    "medical": 0.10,
    "other": 0.16,
}
BUSINESS_PURPOSES = {"working_capital": 0.4, "equipment": 0.3, "premises": 0.1, "refinancing": 0.2}

PERSON_TERMS = (12, 24, 36, 48, 60)
THIN_TERMS = (3, 6, 9, 12, 18, 24)
BUSINESS_TERMS = (12, 24, 36, 48, 60, 84)

PERSON_AMOUNTS = (500, 40_000)
THIN_AMOUNTS = (500, 5_000)
BUSINESS_AMOUNTS = (5_000, 250_000)


def draw_loans(
    settings: BookSettings,
    customers: pd.DataFrame,
    hidden: pd.DataFrame,
    businesses: pd.DataFrame,
    drift: BookDrift | None,
) -> pd.DataFrame:
    """Draw one to three loans for each customer, in the order of application.

    `drift` changes stated incomes and nothing else, and the same random numbers are used with and
    without it.
    """
    rng = stream(settings.seed, "loans")
    span = period(settings)
    n_loans = 1 + np.minimum(rng.poisson(0.3, len(customers)), MAXIMUM_LOANS - 1)
    who = np.repeat(np.arange(len(customers)), n_loans)
    day = rng.integers(span.first, span.end, len(who))
    order = np.lexsort((who, day))
    who, day = who[order], day[order]
    n = len(who)
    person = customers.iloc[who].reset_index(drop=True)
    is_thin = hidden["thin"].to_numpy()[who]
    is_business = (person["kind"] == "business").to_numpy()
    income = person["income"].to_numpy()
    revenue = _revenue(person["customer_id"], businesses)
    noise = rng.lognormal(0, 0.6, n)
    amount = np.select(
        [is_business, is_thin],
        [(revenue / 12 * 1.2 * noise).clip(*BUSINESS_AMOUNTS), (1_500 * noise).clip(*THIN_AMOUNTS)],
        (3.0 * income * noise).clip(*PERSON_AMOUNTS),
    )
    terms = [rng.choice(np.array(t), n) for t in (BUSINESS_TERMS, THIN_TERMS, PERSON_TERMS)]
    term = np.select([is_business, is_thin], terms[:2], terms[2])
    purposes = [
        rng.choice(np.array(list(p), dtype=object), n, p=list(p.values()))
        for p in (BUSINESS_PURPOSES, PERSON_PURPOSES)
    ]
    purpose = np.where(is_business, purposes[0], purposes[1])
    rate = _list_price(rng, purpose, term, is_thin)
    amount = np.round(amount, -2)
    stated = income * rng.lognormal(0, 0.05, n)
    expenses = 150 * person["household"].to_numpy() + income * rng.beta(4, 8, n)
    if drift is not None:
        changed = day >= month_start(settings.start, drift.from_month)
        stated = np.where(changed, stated * drift.income_factor, stated)
    return pd.DataFrame(
        {
            "loan_id": [f"L{i:08d}" for i in range(1, n + 1)],
            "customer_id": person["customer_id"],
            "application_date": as_dates(day),
            "amount": amount,
            "term_months": term,
            "purpose": purpose,
            "interest_rate": rate,
            "instalment": instalment(amount, rate, term),
            "stated_income": np.maximum(np.round(stated, -1), 200.0),
            "stated_expenses": np.round(expenses, -1),
        }
    )


def instalment(amount: Floats, interest_rate: Floats, term_months: Integers) -> Floats:
    """Level monthly payment that repays a loan: ``a i / (1 - (1 + i)**-n)``, rounded to cents.

    Parameters
    ----------
    interest_rate
        Percent a year; a twelfth of it is charged each month.
    """
    monthly = interest_rate / 1200
    payment = amount * monthly / (1 - (1 + monthly) ** -term_months.astype(np.float64))
    return np.asarray(np.round(payment, 2), dtype=np.float64)


def _list_price(
    rng: np.random.Generator, purpose: Texts, term: Integers, is_thin: Booleans
) -> Floats:
    """Price in percent a year: by purpose, term and file, not by risk, so that it gives nothing away."""
    by_purpose = np.vectorize(RATE_BY_PURPOSE.__getitem__, otypes=[float])(purpose)
    noise = rng.uniform(0, 1.5, len(term))
    price = 6.5 + by_purpose + term / 30 + 6.0 * is_thin + noise
    return np.asarray(np.round(price, 2), dtype=np.float64)


def _revenue(customer_ids: pd.Series, businesses: pd.DataFrame) -> Floats:
    revenue = businesses.set_index("customer_id")["annual_revenue"].reindex(customer_ids)
    return revenue.fillna(0.0).to_numpy(dtype=np.float64)
