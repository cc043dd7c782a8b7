"""From the tables of a book to one row per loan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from credit.data.merge import merge_tables

if TYPE_CHECKING:
    from credit.data.book.make import LoanBook


def training_table(book: LoanBook) -> pd.DataFrame:
    """Merge a book to one row per loan, in the order of application, with ``default`` as the target.

    Customers join by their id; of the bureau's reports each loan takes the latest one at or before its
    application, never a later one. Loans without a report, alternative data or accounts keep missing
    values there.

    Raises
    ------
    DataError
        When the tables break a rule of :func:`credit.data.merge.merge_tables`.
    """
    return join_tables(book.customers, book.loans, book.bureau, book.alternative, book.businesses)


def join_tables(
    customers: pd.DataFrame,
    loans: pd.DataFrame,
    bureau: pd.DataFrame,
    alternative: pd.DataFrame,
    businesses: pd.DataFrame,
) -> pd.DataFrame:
    """Work of :func:`training_table`, also for loans whose outcome is not drawn yet."""
    table = merge_tables(
        loans, customers, on="customer_id", how="inner", cardinality="many_to_one"
    ).table
    table = merge_tables(
        table,
        bureau,
        on="customer_id",
        how="left",
        cardinality="many_to_one",
        as_of="application_date",
        right_time="report_date",
    ).table
    for further in (alternative, businesses):
        table = merge_tables(
            table, further, on="customer_id", how="left", cardinality="many_to_one"
        ).table
    return table
