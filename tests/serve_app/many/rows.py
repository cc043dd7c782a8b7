"""Applications of many people: raw rows of the loan book as a client sends them."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd

from tests.loanbook import loan_book

Row = dict[str, Any]


def applications(n: int, *, seed: int = 11) -> list[Row]:
    """Draw applications, with gaps and codes."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame(n, seed=seed).to_dict("records")
    ]


def frame(n: int, *, seed: int = 11) -> pd.DataFrame:
    """The same as a table."""
    table = loan_book(n, seed=seed).drop(columns="defaulted")
    table.insert(1, "applicant_id", [f"P-{i}" for i in range(n)])
    return table


def as_lines(rows: list[Row]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(n: int) -> bytes:
    return frame(n).to_csv(index=False).encode()


def as_parquet(n: int) -> bytes:
    file = io.BytesIO()
    frame(n).to_parquet(file, index=False)
    return file.getvalue()
