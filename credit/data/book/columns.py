"""What every column of a loan book means."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class BookColumn:
    """A column, its unit (None where it has none) and its meaning."""

    name: str
    unit: str | None
    meaning: str


CUSTOMERS = (
    BookColumn("customer_id", None, "The lender's reference of the customer."),
    BookColumn("kind", None, "person or business; the further columns then tell of its owner."),
    BookColumn("birth_date", None, "Date of birth; protected, and no part of the risk."),
    BookColumn("region", None, "Region of residence: capital, north, east, south or west."),
    BookColumn(
        "employment",
        None,
        "salaried, public_sector, self_employed, unemployed, student or retired.",
    ),
    BookColumn("housing", None, "own, mortgage, rent, or family: lives with family, for free."),
    BookColumn("years_at_address", "years", "Whole years at the present address."),
    BookColumn("household", "people", "People in the household, the customer included."),
    BookColumn("dependents", "people", "People in the household who depend on the customer."),
    BookColumn("income", "USD a month", "Net income when the customer was first met."),
)
LOANS = (
    BookColumn("loan_id", None, "The lender's reference of the loan, rising with time."),
    BookColumn("customer_id", None, "Who applied."),
    BookColumn("application_date", None, "Day of the application and of the decision."),
    BookColumn("amount", "USD", "Amount lent."),
    BookColumn("term_months", "months", "Months to repay it in."),
    BookColumn("purpose", None, "What the loan is for; businesses have purposes of their own."),
    BookColumn("interest_rate", "% a year", "List price by purpose, term and file, not by risk."),
    BookColumn("instalment", "USD a month", "Level payment that repays the loan."),
    BookColumn("stated_income", "USD a month", "Net income as stated in this application."),
    BookColumn(
        "stated_expenses", "USD a month", "Living costs and payments on other debts, as stated."
    ),
    BookColumn("default", None, "1: 90 days past due within a year, as recorded; else 0."),
    BookColumn(
        "outcome_date", None, "Day on which the outcome was known: never use it to predict."
    ),
)
BUREAU = (
    BookColumn("customer_id", None, "Whom the report is about."),
    BookColumn("report_date", None, "Day of the report; many lie after an application."),
    BookColumn("open_accounts", "accounts", "Accounts open on that day, over the customer's life."),
    BookColumn("closed_accounts", "accounts", "Accounts closed up to that day."),
    BookColumn("history_months", "months", "Months since the oldest account was opened."),
    BookColumn("utilization", "ratio", "Balances divided by limits; above 1 when overdrawn."),
    BookColumn("delinquencies_30", "times", "Times 30 to 59 days past due up to that day."),
    BookColumn("delinquencies_60", "times", "Times 60 to 89 days past due up to that day."),
    BookColumn("delinquencies_90", "times", "Times 90 days or more past due up to that day."),
    BookColumn("delinquencies", "times", "Sum of the three counts."),
    BookColumn("delinquent_months", "months", "Ends of month at which a payment was past due."),
    BookColumn("total_days_past_due", "days", "Days past due, summed over those ends of month."),
    BookColumn("inquiries", "inquiries", "Credit inquiries in the twelve months before that day."),
)
ALTERNATIVE = (
    BookColumn("customer_id", None, "Whom it is about: a person whom the bureau does not know."),
    BookColumn("months_in_job", "months", "Months with the present employer or business; 0: none."),
    BookColumn(
        "payroll_months", "months", "Of the last twelve months, those with a salary paid in."
    ),
    BookColumn("email_age_months", "months", "Months since the e-mail address was first seen."),
    BookColumn("phone_age_months", "months", "Months since the phone number was first used."),
    BookColumn(
        "utility_on_time_share",
        "share",
        "Share of the last 24 utility bills that were paid on time.",
    ),
    BookColumn(
        "rent_payments_late",
        "payments",
        "Rent payments of the last twelve months that came late; missing where no rent is paid.",
    ),
    BookColumn("overdrawn_days", "days", "Of the last 90 days, those with an overdrawn account."),
)
BUSINESSES = (
    BookColumn("customer_id", None, "The business."),
    BookColumn(
        "sector", None, "retail, services, hospitality, construction, manufacturing, transport."
    ),
    BookColumn("legal_form", None, "sole_trader, partnership or company."),
    BookColumn("founded", None, "Date of foundation."),
    BookColumn("accounts_date", None, "Closing date of the last annual accounts."),
    BookColumn("annual_revenue", "USD a year", "Revenue of those accounts."),
    BookColumn("annual_profit", "USD a year", "Profit before tax; negative for a loss."),
    BookColumn("total_debt", "USD", "Debts to banks and suppliers on that date."),
    BookColumn("cash", "USD", "Cash and bank balances on that date."),
    BookColumn("employees", "people", "People employed, the owner not included."),
    BookColumn(
        "late_supplier_payments", "payments", "Suppliers' bills paid late in twelve months."
    ),
)
TRUTH = (
    BookColumn("loan_id", None, "The loan."),
    BookColumn("true_pd", "probability", "The PD from which the outcome was drawn."),
    BookColumn("group", None, "A or B; B is the protected group of the bias settings."),
    BookColumn("true_default", None, "The outcome before any bias of the record, 1 = bad."),
)

COLUMNS: dict[str, tuple[BookColumn, ...]] = {
    "customers": CUSTOMERS,
    "loans": LOANS,
    "bureau": BUREAU,
    "alternative": ALTERNATIVE,
    "businesses": BUSINESSES,
    "truth": TRUTH,
}
"""Columns of each table of a book, in order."""


def describe_columns() -> pd.DataFrame:
    """Data dictionary of the book: one row per column, with ``table``, ``column``, ``unit``, ``meaning``."""
    rows = [(table, c.name, c.unit, c.meaning) for table, cs in COLUMNS.items() for c in cs]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])
