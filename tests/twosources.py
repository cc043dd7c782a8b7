"""A small product with every kind of column, and two sources that need consent.

Ours and seeded; nothing in it comes from a person.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd

from credit.contract import Contract

SOURCES = ("employment", "digital")

Document = dict[str, Any]


def document() -> Document:
    """The contract as a file would hold it, to be changed in one place."""
    return {
        "product": "two_sources",
        "version": "1",
        "description": "Small loans; bad = not repaid.",
        "columns": [
            {"name": "loan_id", "role": "id", "type": "text", "description": "Reference."},
            {"name": "person", "role": "applicant_id", "type": "text", "description": "Person."},
            {"name": "seen_on", "role": "time", "type": "date", "description": "Day."},
            {
                "name": "outcome",
                "role": "target",
                "type": "text",
                "description": "How it ended.",
                "bad": "written off",
            },
            _number("amount", 100, 10_000),
            {**_number("term", 1, 60), "type": "integer", "sentinels": {99: "open end"}},
            _category("housing", {"rent": "rents", "own": "owns", "free": "free"}, nullable=True),
            _category("purpose", {"2": "car", "10": "travel", "1": "other"}),
            _date("asked_on"),
            {**_date("employed_since"), "nullable": True, "source": "employment"},
            {**_number("payroll", 0, 12), "type": "integer", "source": "employment"},
            {**_category("phone", {"prepaid": "x", "contract": "x"}), "source": "digital"},
            {**_category("group", {"A": "x", "B": "x"}, nullable=True), "role": "protected"},
            {
                "name": "region",
                "role": "protected",
                "type": "text",
                "description": "Where.",
                "nullable": True,
            },
            {"name": "remark", "role": "ignored", "type": "text", "description": "Not read."},
        ],
        "consents": [
            {"source": "employment", "text": "The lender may read how long I have worked."},
            {"source": "digital", "text": "The lender may ask what contract my phone has."},
        ],
        "features": [
            _feature("amount", "value", "amount", risk="increasing", cap_quantile=0.99),
            _feature("term", "value", "term", keep_codes=True),
            _feature("housing", "category", "housing"),
            _feature("owns", "one_of", "housing", values=["own"], risk="decreasing"),
            _feature("purpose", "category", "purpose"),
            _feature("month", "calendar", "asked_on", part="month"),
            _feature("days_in_job", "days", "asked_on", "employed_since"),
            _feature("payroll", "value", "payroll", risk="decreasing"),
            _feature("prepaid", "one_of", "phone", values=["prepaid"], risk="increasing"),
        ],
        "reasons": [{"code": "ANY", "text": "One sentence for all."}],
        "policy": {
            "version": "1",
            "cost_false_negative": 3,
            "cost_false_positive": 1,
            "review_band": 0.1,
            "bands": [
                {"below": 0.1, "risk_level": "LOW", "rating": "Excellent"},
                {"below": "cutoff", "risk_level": "MEDIUM", "rating": "Good"},
                {"below": 1.0, "risk_level": "CRITICAL", "rating": "Poor"},
            ],
            "rules": [
                rule("LIVES_FREE", "in", ["free"], column="housing"),
                rule("TRAVEL", "in", ["10"], column="purpose"),
                rule("NO_SALARY", "below", 1, feature="payroll"),
                rule("PREPAID", "in", ["prepaid"], column="phone"),
            ],
        },
    }


def contract() -> Contract:
    """The product's contract."""
    return Contract.model_validate(document())


def application(**changes: Any) -> dict[str, Any]:
    """Return an application that the contract accepts; ``...`` as a value leaves a field out."""
    row: dict[str, Any] = {
        "application_id": "A-1",
        "applicant_id": "P-1",
        "consents": list(SOURCES),
        "amount": 1_200.0,
        "term": 12,
        "housing": "own",
        "purpose": "1",
        "asked_on": "2026-03-01",
        "employed_since": "2024-02-29",
        "payroll": 11,
        "phone": "contract",
    }
    return {name: v for name, v in (row | changes).items() if v is not ...}


def book(n_rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a table to learn from; about one row in four is bad."""
    rng = np.random.default_rng(seed)
    amount = np.round(rng.uniform(100, 10_000, n_rows), 2)
    payroll = rng.integers(0, 13, n_rows)
    housing = rng.choice(["rent", "own", "free"], n_rows, p=[0.5, 0.4, 0.1])
    phone = rng.choice(["prepaid", "contract"], n_rows)
    asked = rng.integers(0, 365, n_rows)
    job = rng.integers(30, 4_000, n_rows)
    log_odds = -1.0 + amount / 5_000 - 0.25 * payroll + 1.2 * (phone == "prepaid")
    log_odds = log_odds - 0.8 * (housing == "own") - job / 4_000
    defaulted = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    first = datetime.date(2025, 1, 1)
    days = [first + datetime.timedelta(days=int(d)) for d in asked]
    began = [d - datetime.timedelta(days=int(j)) for d, j in zip(days, job, strict=True)]
    no_housing, no_job = rng.random(n_rows) < 0.05, rng.random(n_rows) < 0.1
    return pd.DataFrame(
        {
            "loan_id": [f"A-{i}" for i in range(n_rows)],
            "seen_on": [d.isoformat() for d in days],
            "outcome": np.where(defaulted, "written off", "repaid"),
            "amount": amount,
            "term": rng.choice([6, 12, 24, 99], n_rows),
            "housing": pd.Series(housing).mask(no_housing, None),
            "purpose": rng.choice([1, 2, 10], n_rows),
            "asked_on": [d.isoformat() for d in days],
            "employed_since": [
                None if gone else d.isoformat() for gone, d in zip(no_job, began, strict=True)
            ],
            "payroll": payroll,
            "phone": phone,
            "group": rng.choice(["A", "B"], n_rows),
        }
    )


def rule(code: str, test: str, value: Any, **subject: str) -> Document:
    """Return a policy rule that sends an application to a person."""
    told = {"decision": "review", "text": "A rule of the tests."}
    return {"code": code, "test": test, "value": value, **told, **subject}


def _number(name: str, minimum: float, maximum: float) -> Document:
    return {
        "name": name,
        "role": "feature",
        "description": "A number.",
        "minimum": minimum,
        "maximum": maximum,
    }


def _category(name: str, categories: dict[str, str], *, nullable: bool = False) -> Document:
    return {
        "name": name,
        "role": "feature",
        "type": "category",
        "description": "A category.",
        "categories": categories,
        "nullable": nullable,
    }


def _date(name: str) -> Document:
    return {"name": name, "role": "feature", "type": "date", "description": "A date."}


def _feature(name: str, op: str, *columns: str, **more: Any) -> Document:
    return {"name": name, "op": op, "columns": list(columns), "reason": "ANY", **more}
