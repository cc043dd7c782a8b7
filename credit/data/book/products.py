"""Synthetic applications with outcomes that fit the packaged contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from credit.data.book.calendar import stream
from credit.data.book.make import make_book
from credit.data.book.mock import mock_credit_data
from credit.data.book.people import age_on
from credit.data.book.pick import checked_size, spread_rows
from credit.data.book.settings import BookSettings
from credit.data.book.training import training_table
from credit.errors import DataError

CONSENT_SHARE = 0.97
"""Share of applicants who let the lender read a source of alternative data."""

_COMMON = ("application_id", "applicant_id", "application_date", "defaulted", "age", "group")
_LOAN = ("amount", "term_months", "purpose", "interest_rate", "instalment")
_PERSON = (
    "stated_income",
    "stated_expenses",
    "employment",
    "housing",
    "years_at_address",
    "household",
)
_BUREAU = (
    "open_accounts",
    "history_months",
    "utilization",
    "delinquencies_30",
    "delinquencies_60",
    "delinquencies_90",
    "delinquencies",
    "total_days_past_due",
    "inquiries",
)
_SOURCES = {
    "employment_records": ("months_in_job", "payroll_months"),
    "digital_footprint": ("email_age_months", "phone_age_months"),
    "payment_patterns": ("utility_on_time_share", "rent_payments_late", "overdrawn_days"),
}
_BUSINESS = (
    "sector",
    "legal_form",
    "founded",
    "accounts_date",
    "annual_revenue",
    "annual_profit",
    "total_debt",
    "cash",
    "employees",
    "late_supplier_payments",
)


def synthetic(product: str, n_rows: int, seed: int) -> pd.DataFrame:
    """Draw applications of a packaged product, with their outcomes.

    Parameters
    ----------
    product
        ``consumer_instalment``, ``thin_file``, ``small_business`` or ``mock``.
    n_rows
        Number of rows, at least 1, in the order of application.

    Returns
    -------
    DataFrame
        Columns of the product's contract: categories and dates as text, NaN or None for missing. Thin
        files also have ``consents``, and nothing stands in columns of a source that was withheld.

    Raises
    ------
    DataError
        When the product has no synthetic data, or `n_rows` is not above 0.
    """
    checked_size(n_rows)
    if product not in _MAKERS:
        raise DataError(
            f"no synthetic data for product {product!r}: expected one of {', '.join(_MAKERS)}"
        )
    return _MAKERS[product](n_rows, seed)


def _consumer_instalment(n_rows: int, seed: int) -> pd.DataFrame:
    table = _applications(BookSettings(n_customers=n_rows, seed=seed), n_rows)
    return table[[*_COMMON, *_LOAN, *_PERSON, *_BUREAU]]


def _thin_file(n_rows: int, seed: int) -> pd.DataFrame:
    settings = BookSettings(n_customers=n_rows, seed=seed, thin_file_share=1.0)
    table = _applications(settings, n_rows)
    rng = stream(seed, "consents")
    given = {source: rng.random(n_rows) < CONSENT_SHARE for source in _SOURCES}
    for source, columns in _SOURCES.items():
        for column in columns:
            table[column] = table[column].where(given[source])
    table["consents"] = [
        ";".join(source for source in _SOURCES if given[source][i]) for i in range(n_rows)
    ]
    alternative = [column for columns in _SOURCES.values() for column in columns]
    return table[[*_COMMON, "consents", *_LOAN, *_PERSON, *alternative]]


def _small_business(n_rows: int, seed: int) -> pd.DataFrame:
    settings = BookSettings(n_customers=n_rows, seed=seed, small_business_share=1.0)
    table = _applications(settings, n_rows)
    return table[[*_COMMON, *_LOAN, *_BUSINESS, *_BUREAU]]


_MAKERS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "consumer_instalment": _consumer_instalment,
    "thin_file": _thin_file,
    "small_business": _small_business,
    "mock": mock_credit_data,
}


def _applications(settings: BookSettings, n_rows: int) -> pd.DataFrame:
    """Rows of a book under the names of the contracts."""
    book = make_book(settings)
    table = training_table(book).assign(group=book.truth["group"])
    table["age"] = age_on(table["birth_date"], table["application_date"])
    table = table.rename(
        columns={"loan_id": "application_id", "customer_id": "applicant_id", "default": "defaulted"}
    )
    return _dates_as_text(
        spread_rows(table, n_rows), ("application_date", "founded", "accounts_date")
    )


def _dates_as_text(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    texts = {name: table[name].dt.strftime("%Y-%m-%d") for name in columns}
    return table.assign(**{name: text.where(text.notna(), None) for name, text in texts.items()})


PRODUCTS: tuple[str, ...] = tuple(_MAKERS)
"""Products that `synthetic` can draw."""
