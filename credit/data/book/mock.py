"""A flat table of the kind that earlier scoring systems were trained on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.data.book.make import make_book
from credit.data.book.people import age_on
from credit.data.book.pick import checked_size, spread_rows
from credit.data.book.settings import BookSettings
from credit.data.book.training import training_table

MOCK_FILE = "mock_credit_data.csv"
"""Name under which the table is written."""

RESIDENCES = {"own": "Owned", "mortgage": "Mortgage", "rent": "Rented", "family": "Family"}
EMPLOYMENTS = {
    "salaried": "Salaried",
    "public_sector": "Salaried",
    "self_employed": "Self-Employed",
    "unemployed": "Unemployed",
    "student": "Student",
    "retired": "Retired",
}
PURPOSES = {
    "car": "Auto",
    "home_improvement": "Home",
    "education": "Education",
    "debt_consolidation": "Personal",
    "medical": "Personal",
    "other": "Personal",
}
SECURED = ("Auto", "Home")


def mock_credit_data(n_rows: int, seed: int) -> pd.DataFrame:
    """Draw a table with one row per loan, whose outcome is ``target_variable``, 1 = bad.

    It is the loan book under other names: income a year, utilization in percent, fewer categories, and
    only people whom the bureau knows, so that no cell is empty. ``age`` is there for reports about
    fairness and has no part in the outcome.

    Raises
    ------
    DataError
        When `n_rows` is not above 0.
    """
    checked_size(n_rows)
    book = make_book(BookSettings(n_customers=n_rows, seed=seed, thin_file_share=0.0))
    table = spread_rows(training_table(book), n_rows)
    purpose = table["purpose"].map(PURPOSES)
    return pd.DataFrame(
        {
            "application_id": table["loan_id"],
            "applicant_id": table["customer_id"],
            "age": age_on(table["birth_date"], table["application_date"]),
            "income": 12 * table["stated_income"],
            "employment_status": table["employment"].map(EMPLOYMENTS),
            "residence_type": table["housing"].map(RESIDENCES),
            "years_at_current_address": table["years_at_address"],
            "number_of_dependants": table["dependents"],
            "loan_amount": table["amount"],
            "loan_tenure_months": table["term_months"],
            "loan_purpose": purpose,
            "loan_type": np.where(purpose.isin(SECURED), "Secured", "Unsecured"),
            "credit_utilization_ratio": np.round(100 * table["utilization"], 1),
            "number_of_open_accounts": table["open_accounts"],
            "number_of_closed_accounts": table["closed_accounts"],
            "total_loan_months": table["history_months"],
            "number_of_delinquencies": table["delinquencies"],
            "delinquent_months": table["delinquent_months"],
            "total_dpd": table["total_days_past_due"],
            "enquiry_count": table["inquiries"],
            "target_variable": table["default"],
        }
    )
