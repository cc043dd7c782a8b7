"""Applications as the tensors of the inference protocol."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from credit.contract import Contract
from tests.serve_app.many.rows import Row
from tests.service import TOKEN


def token() -> dict[str, str]:
    """New ones each time: the client leaves headers of one request in them."""
    return {"authorization": f"Bearer {TOKEN}"}


def texts(values: list[str | None]) -> np.ndarray[Any, Any]:
    return np.array([(value or "").encode() for value in values], dtype=np.object_)


def as_json(rows: list[Row]) -> list[tuple[str, str, np.ndarray[Any, Any]]]:
    return [("application", "BYTES", texts([json.dumps(row) for row in rows]))]


def as_columns(rows: list[Row], contract: Contract) -> list[tuple[str, str, np.ndarray[Any, Any]]]:
    """Whole numbers as INT64 where none is missing, all others as FP64 with NaN."""
    tensors = [
        (name, "BYTES", texts([row[name] for row in rows]))
        for name in ("application_id", "applicant_id")
    ]
    for column in contract.inputs:
        values = [row[column.name] for row in rows]
        if column.type == "integer" and None not in values:
            tensors.append((column.name, "INT64", np.array(values, dtype=np.int64)))
        else:
            tensors.append((column.name, "FP64", np.array(values, dtype=np.float64)))
    return tensors


def texts_of(values: np.ndarray[Any, Any]) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]
