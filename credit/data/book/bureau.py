"""Dated reports of the bureau, those after the application among them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.data.book.calendar import (
    Booleans,
    Floats,
    Integers,
    as_dates,
    as_days,
    month_start,
    period,
    stream,
)
from credit.data.book.settings import BookDrift, BookSettings

MONTH = 30.44
NEWEST_REPORT_DAYS = 14
"""The lender asks the bureau at each application; the answer is at most so old."""
MEMORY_MONTHS = 36
"""The first report of a person looks back so far."""
EVENTS_A_MONTH = {30: 0.010, 60: 0.004, 90: 0.0016}
"""How often a person of middling punctuality falls behind by so many days."""
MONTHS_LATE = {30: 1, 60: 2, 90: 4}
"""Ends of month at which a payment is past due before such a delinquency is settled."""


def draw_reports(
    settings: BookSettings,
    customers: pd.DataFrame,
    hidden: pd.DataFrame,
    loans: pd.DataFrame,
    drift: BookDrift | None,
) -> pd.DataFrame:
    """Draw several reports for each customer whom the bureau knows; counts never fall over time.

    `drift` changes utilizations and nothing else. No default of the book shows here yet; see
    :func:`with_defaults`.
    """
    rng = stream(settings.seed, "bureau")
    who, day = _report_days(rng, settings, customers, loans)
    known = ~hidden["thin"].to_numpy()[who]
    who, day = who[known], day[known]
    n, strength = len(who), hidden["strength"].to_numpy()
    history = np.minimum(rng.gamma(2.2, 45.0, len(customers)) + 6, 480)[who]
    history = history + (day - period(settings).first + 720) / MONTH
    months = _months(who, day)
    punctual = np.exp(-0.7 * strength[who])
    steps = {days: rng.poisson(rate * punctual * months) for days, rate in EVENTS_A_MONTH.items()}
    events = {days: _growing(who, step) for days, step in steps.items()}
    late = sum(step * _days_late(rng, days, n) for days, step in steps.items())
    balance = rng.normal(0, 0.7, len(customers))[who] + rng.normal(0, 0.25, n)
    utilization = 1.15 / (1 + np.exp(0.75 + 0.9 * strength[who] + balance))
    if drift is not None:
        changed = day >= month_start(settings.start, drift.from_month)
        utilization = np.where(changed, utilization + drift.utilization_shift, utilization)
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_numpy()[who],
            "report_date": as_dates(day),
            "open_accounts": 1 + rng.poisson(2.5, len(customers))[who],
            "closed_accounts": _growing(who, rng.poisson(0.04 * months)),
            "history_months": np.floor(history).astype(np.int64),
            "utilization": np.round(utilization.clip(0, 1.5), 3),
            "delinquencies_30": events[30],
            "delinquencies_60": events[60],
            "delinquencies_90": events[90],
            "delinquencies": events[30] + events[60] + events[90],
            "delinquent_months": sum(MONTHS_LATE[days] * count for days, count in events.items()),
            "total_days_past_due": _growing(who, np.asarray(late)),
            "inquiries": np.minimum(rng.poisson(np.exp(0.1 - 0.3 * strength[who])), 20),
        }
    )


def with_defaults(reports: pd.DataFrame, loans: pd.DataFrame, bad: Booleans) -> pd.DataFrame:
    """Let defaults show in the reports that come after them, and after the customer's last application.

    So a default tells of itself only to a merge that looks ahead: no report at or before an application
    of the book knows one.
    """
    last = loans.groupby("customer_id")["application_date"].max()
    known = loans[bad].groupby("customer_id")["outcome_date"].min()
    since = known.where(known > last.reindex(known.index), last.reindex(known.index))
    since_day = since.reindex(reports["customer_id"]).to_numpy()
    after = reports["report_date"].to_numpy() > since_day  # never where there is no default
    added = {
        "delinquencies_90": 1,
        "delinquencies": 1,
        "delinquent_months": MONTHS_LATE[90],
        "total_days_past_due": 30 + 60 + 90 + 120,
    }
    changed = {name: reports[name] + np.where(after, step, 0) for name, step in added.items()}
    higher = np.where(after, (reports["utilization"] + 0.3).clip(upper=1.5), reports["utilization"])
    return reports.assign(**changed, utilization=np.round(higher, 3))


def _report_days(
    rng: np.random.Generator,
    settings: BookSettings,
    customers: pd.DataFrame,
    loans: pd.DataFrame,
) -> tuple[Integers, Integers]:
    """Customer and day of each report, sorted, each pair once."""
    span, n = period(settings), len(customers)
    place = pd.Series(np.arange(n), index=customers["customer_id"])
    applicant = place.reindex(loans["customer_id"]).to_numpy(dtype=np.int64)
    applied = as_days(loans["application_date"])
    at_application = applied - rng.integers(0, NEWEST_REPORT_DAYS + 1, len(loans))
    others = np.repeat(np.arange(n), rng.integers(1, 4, n))
    at_other_times = rng.integers(span.first - 540, span.end + 365, len(others))
    last = np.full(n, span.first)
    np.maximum.at(last, applicant, applied)
    afterwards = last + rng.integers(380, 460, n)
    who = np.concatenate([applicant, others, np.arange(n)])
    day = np.concatenate([at_application, at_other_times, afterwards])
    pairs = np.unique(np.column_stack([who, day]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _days_late(rng: np.random.Generator, days: int, n: int) -> Integers:
    """Days past due at each end of month of a delinquency, summed: so a longer one weighs more a month."""
    months = MONTHS_LATE[days]
    at_last = rng.integers(30 * months, 30 * months + 30, n)
    return months * at_last - 30 * (months * (months - 1) // 2)


def _months(who: Integers, day: Integers) -> Floats:
    """Months that each report adds to the one before it."""
    first = np.r_[True, who[1:] != who[:-1]]
    return np.where(first, MEMORY_MONTHS, np.diff(day, prepend=0) / MONTH)


def _growing(who: Integers, steps: Integers) -> Integers:
    """Running total of steps within each customer."""
    return pd.Series(steps).groupby(who, sort=False).cumsum().to_numpy(dtype=np.int64)
