"""A small loan book with the columns, codes and gaps of Give Me Some Credit, and applications.

Ours and seeded; nothing in it comes from a person. The outcome follows the columns the way lenders
expect, so a model has something to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def loan_book(n_rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a book; about one row in nine is bad, one in six states no income, 1% is coded 96 or 98."""
    rng = np.random.default_rng(seed)
    age = rng.integers(21, 90, n_rows)
    utilization = rng.beta(0.6, 1.4, n_rows)
    past_due = [rng.poisson(rate, n_rows) for rate in (0.25, 0.08, 0.10)]
    income = np.round(rng.lognormal(8.6, 0.6, n_rows))
    ratio = rng.lognormal(-1.2, 0.8, n_rows)
    dependents = rng.poisson(0.8, n_rows).astype(np.float64)
    log_odds = (
        -3.3
        + 1.8 * utilization
        + 0.6 * past_due[0]
        + 0.9 * past_due[1]
        + 1.2 * past_due[2]
        + 0.3 * ratio
        - 0.02 * (np.minimum(age, 62) - 45)
        - 0.3 * (np.log(income) - 8.6)
    )
    coded = rng.random(n_rows) < 0.01
    defaulted = rng.random(n_rows) < 1 / (1 + np.exp(-np.where(coded, 0.3, log_odds)))
    code = rng.choice([96, 98], n_rows)
    counts = [np.where(coded, code, count) for count in past_due]
    no_income = rng.random(n_rows) < 0.15
    amount = np.round(ratio * income)
    return pd.DataFrame(
        {
            "application_id": [f"A-{i}" for i in range(n_rows)],
            "defaulted": defaulted.astype(np.int64),
            "revolving_utilization": utilization,
            "age": age,
            "past_due_30_59": counts[0],
            # Without an income the published file holds the amount itself.
            "debt_ratio": np.where(no_income, amount, ratio),
            "monthly_income": np.where(no_income, np.nan, income),
            "open_credit_lines": rng.poisson(8, n_rows),
            "past_due_90": counts[2],
            "real_estate_loans": rng.poisson(1, n_rows),
            "past_due_60_89": counts[1],
            "dependents": np.where(no_income & (rng.random(n_rows) < 0.2), np.nan, dependents),
        }
    )


def application(**changes: Any) -> dict[str, Any]:
    """Return an application that the packaged contract accepts; ``...`` as a value leaves a field out."""
    row: dict[str, Any] = {
        "application_id": "A-1001",
        "applicant_id": "P-1001",
        "revolving_utilization": 0.31,
        "age": 41,
        "past_due_30_59": 0,
        "debt_ratio": 0.35,
        "monthly_income": 4200.0,
        "open_credit_lines": 7,
        "past_due_90": 0,
        "real_estate_loans": 1,
        "past_due_60_89": 0,
        "dependents": 2,
    }
    return {name: v for name, v in (row | changes).items() if v is not ...}
