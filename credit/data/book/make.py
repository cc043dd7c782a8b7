"""The synthetic loan book: customers, loans and bureau reports with a known truth.

Ours and seeded; nothing in it comes from a person. Because the true PD of every loan is known, a test
can say what a model could reach at best and what a monitor should see.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from credit.data.book.bureau import draw_reports, with_defaults
from credit.data.book.calendar import (
    Booleans,
    Dates,
    Floats,
    Integers,
    as_dates,
    as_days,
    month_start,
    stream,
)
from credit.data.book.loans import PERFORMANCE_DAYS, draw_loans
from credit.data.book.people import draw_alternative, draw_businesses, draw_customers
from credit.data.book.risk import calibrated, log_odds, probability
from credit.data.book.settings import BookDrift, BookSettings
from credit.data.book.training import join_tables


@dataclass(frozen=True, slots=True, eq=False)
class LoanBook:
    """Tables of a book; `credit.data.book.COLUMNS` says what each column means.

    Attributes
    ----------
    customers
        One row per customer.
    loans
        One row per loan, in the order of application, with ``default`` as recorded, 1 = bad.
    bureau
        Dated reports, sorted by customer and date; some come after the application. None for thin files.
    alternative
        One row for each person whom the bureau does not know.
    businesses
        One row for each customer that is a business.
    truth
        For each loan what nobody knows in life: its true PD, its group, its outcome before any bias of
        the record.
    """

    settings: BookSettings
    customers: pd.DataFrame = field(repr=False)
    loans: pd.DataFrame = field(repr=False)
    bureau: pd.DataFrame = field(repr=False)
    alternative: pd.DataFrame = field(repr=False)
    businesses: pd.DataFrame = field(repr=False)
    truth: pd.DataFrame = field(repr=False)


def make_book(settings: BookSettings) -> LoanBook:
    """Draw a book; the same settings give the same book, to the bit on one machine.

    The mean true PD is `bad_rate` exactly, over the book as it is without drift; outcomes are drawn from
    the true PDs, so the share of bads lies around it. Switching drift on leaves every loan before
    ``drift.from_month`` and every report before it as they were, save that later defaults show in reports
    after the last application.
    """
    customers, hidden = draw_customers(settings)
    alternative = draw_alternative(settings, customers, hidden)
    businesses = draw_businesses(settings, customers, hidden)

    def draw(drift: BookDrift | None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        loans = draw_loans(settings, customers, hidden, businesses, drift)
        reports = draw_reports(settings, customers, hidden, loans, drift)
        return loans, reports, join_tables(customers, loans, reports, alternative, businesses)

    loans, reports, table = draw(None)
    risk = log_odds(table)
    constant = calibrated(risk, settings.bad_rate)
    if settings.drift is not None:
        loans, reports, table = draw(settings.drift)
        risk = _drifted(risk, table, settings, settings.drift)
    true_pd = probability(risk + constant)
    rng, n = stream(settings.seed, "outcomes"), len(loans)
    bad = rng.random(n) < true_pd
    days_to_bad = rng.integers(90, PERFORMANCE_DAYS, n)
    in_b = _in_group_b(customers, hidden, loans)
    falsely_bad = ~bad & in_b & (rng.random(n) < settings.bias.false_bads)
    recorded = bad | falsely_bad
    loans = loans.assign(
        default=recorded.astype(np.int64),
        outcome_date=_outcome_dates(as_days(loans["application_date"]), recorded, days_to_bad),
    )
    truth = pd.DataFrame(
        {
            "loan_id": loans["loan_id"],
            "true_pd": true_pd,
            "group": np.where(in_b, "B", "A"),
            "true_default": bad.astype(np.int64),
        }
    )
    return LoanBook(
        settings,
        customers,
        loans,
        with_defaults(reports, loans, bad),
        alternative,
        businesses,
        truth,
    )


def _drifted(risk: Floats, table: pd.DataFrame, settings: BookSettings, drift: BookDrift) -> Floats:
    """Risk with the drift; before its month it keeps its bits."""
    begins = month_start(settings.start, drift.from_month)
    changed = as_days(table["application_date"]) >= begins
    after = log_odds(table, income_effect=drift.income_effect) + drift.risk_shift
    return np.where(changed, after, risk)


def _in_group_b(customers: pd.DataFrame, hidden: pd.DataFrame, loans: pd.DataFrame) -> Booleans:
    group = pd.Series(hidden["group"].to_numpy(), index=customers["customer_id"])
    return np.asarray(group.reindex(loans["customer_id"]).to_numpy() == "B", dtype=bool)


def _outcome_dates(applied: Integers, bad: Booleans, days_to_bad: Integers) -> Dates:
    """The day a default was recorded, or the end of the performance window."""
    return as_dates(applied + np.where(bad, days_to_bad, PERFORMANCE_DAYS))
