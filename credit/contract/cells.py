"""The cells of one column of a table, as floats, with every rule that a cell breaks."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.column import Column
from credit.contract.model import Contract
from credit.contract.row import DATE_MESSAGE, category_message, date_ordinal

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MaskedRule = tuple[str, str, Mask]

CONSENTS = "consents"
"""Column of a table, and field of a request, that lists the sources consented to."""


def read_cells(series: pd.Series[Any], column: Column) -> tuple[Values, list[MaskedRule]]:
    """Read a column as floats: NaN for missing, and the rows that break each rule."""
    if column.bad is not None:
        return _two_outcomes(series, column.bad)
    if column.type == "category":
        return _texts(
            series, column, column.category_places, ("category", category_message(column))
        )
    if column.type == "date":
        return _texts(series, column, _ordinals(series), ("type", DATE_MESSAGE))
    return _numbers(series, column)


def shown_values(values: Values, column: Column) -> npt.NDArray[Any]:
    """Values as people read them: category codes and ISO dates as text, None for missing."""
    if column.type not in ("category", "date") or column.bad is not None:
        return values
    distinct, place = np.unique(values, return_inverse=True)
    shown = np.array([column.plain(value) for value in distinct.tolist()], dtype=object)
    return shown[place]


def withheld_sources(
    named: pd.DataFrame, contract: Contract
) -> tuple[dict[str, Mask], list[MaskedRule]]:
    """Rows that have not consented, by source, and the rows whose list cannot be read."""
    if not contract.consents or CONSENTS not in named:
        return {}, []
    cells = [_listed(cell) for cell in cell_texts(named[CONSENTS])]
    known = set(contract.consent_sources)
    withheld = {
        source: np.array([source not in given for given in cells], dtype=bool)
        for source in contract.consent_sources
    }
    unknown = np.array([not set(given) <= known for given in cells], dtype=bool)
    message = f"expected sources out of: {', '.join(contract.consent_sources)}"
    return withheld, [("category", message, unknown)]


def read_texts(series: pd.Series[Any], column: Column) -> tuple[npt.NDArray[Any], list[MaskedRule]]:
    """Read a column of text that is no category: None for missing."""
    texts = cell_texts(series)
    missing = np.array([text is None for text in texts], dtype=bool)
    rules = [] if column.nullable else [("null", "may not be empty", missing)]
    return np.array(texts, dtype=object), rules


def _listed(cell: str | None) -> list[str]:
    return cell.split(";") if cell else []


def _two_outcomes(series: pd.Series[Any], bad: str) -> tuple[Values, list[MaskedRule]]:
    """Read a target that is not 0 and 1: ``bad`` is 1, the other value 0.

    There is one other value; where a file holds several, the most frequent is it, and rows with a
    third are refused.
    """
    texts = cell_texts(series)
    counts = Counter(text for text in texts if text is not None and text != bad)
    good = counts.most_common(1)[0][0] if counts else None
    missing = np.array([text is None for text in texts], dtype=bool)
    values = np.array([float(text == bad) for text in texts], dtype=np.float64)
    third = np.array([text is not None and text not in (bad, good) for text in texts], dtype=bool)
    return values, [
        ("null", "may not be empty", missing),
        ("category", "expected one of two outcomes", third),
    ]


def _texts(
    series: pd.Series[Any], column: Column, known: dict[str, float], rule: tuple[str, str]
) -> tuple[Values, list[MaskedRule]]:
    texts = cell_texts(series)
    values = np.array(
        [math.nan if text is None else known.get(text, math.nan) for text in texts],
        dtype=np.float64,
    )
    missing = np.array([text is None for text in texts], dtype=bool)
    rules: list[MaskedRule] = [(*rule, np.isnan(values) & ~missing)]
    if not column.nullable:
        rules.append(("null", "may not be empty", missing))
    return values, rules


def _ordinals(series: pd.Series[Any]) -> dict[str, float]:
    texts = {text for text in cell_texts(series) if text is not None}
    found = {text: date_ordinal(text) for text in texts}
    return {text: value for text, value in found.items() if value is not None}


def cell_texts(series: pd.Series[Any]) -> list[str | None]:
    """Cells as text: whole numbers without a point, dates in ISO form, None for missing."""
    if pd.api.types.infer_dtype(series, skipna=True) in ("mixed", "mixed-integer"):
        # Cells of several kinds: 1 and True are one value to a hash table, a list is none.
        return [None if _is_missing(cell) else _cell_text(cell) for cell in series]
    codes, uniques = pd.factorize(series)
    texts = [_cell_text(cell) for cell in uniques]
    return [texts[code] if code >= 0 else None for code in codes]


def _is_missing(cell: Any) -> bool:
    empty = cell is None or cell is pd.NA or cell is pd.NaT
    return empty or (isinstance(cell, float) and math.isnan(cell))


def _cell_text(cell: Any) -> str:
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell)).lower()
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date):  # pandas' Timestamp is one, too
        return cell.isoformat()[: len("2026-01-31")]
    return str(cell)


def _numbers(series: pd.Series[Any], column: Column) -> tuple[Values, list[MaskedRule]]:
    """Read numbers; the rules are those of one row."""
    values, wrong_type = _to_float(series)
    missing = np.isnan(values) & ~wrong_type
    finite = np.isfinite(values)
    known = list(column.sentinels)
    is_sentinel = np.isin(values, known) if known else np.zeros(len(values), dtype=bool)
    rules = [
        ("type", "expected a number", wrong_type),
        ("finite", "must be finite", ~finite & ~missing & ~wrong_type),
    ]
    if column.role == "target":
        rules.append(("category", "expected 0 or 1", finite & ~np.isin(values, (0, 1))))
    if not column.nullable:
        rules.append(("null", "may not be empty", missing))
    if column.type == "integer":
        whole = ~finite | (values == np.floor(np.where(finite, values, 0.0)))
        rules.append(("type", "expected a whole number", ~whole))
    if column.minimum is not None:
        low = finite & (values < column.minimum) & ~is_sentinel
        rules.append(("minimum", f"expected at least {column.minimum:,.15g}", low))
    if column.maximum is not None:
        high = finite & (values > column.maximum) & ~is_sentinel
        rules.append(("maximum", f"expected at most {column.maximum:,.15g}", high))
    return values, rules


def _to_float(series: pd.Series[Any]) -> tuple[Values, Mask]:
    """Convert to float64; text cells through Python's exact parser, as a JSON client's would be.

    A zero loses its minus sign: it could not be told from a zero once it is recorded.
    """
    if pd.api.types.is_bool_dtype(series):
        return np.full(len(series), np.nan), np.ones(len(series), dtype=bool)
    if pd.api.types.is_numeric_dtype(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0
        return values, np.zeros(len(series), dtype=bool)
    values = np.full(len(series), np.nan)
    wrong = np.zeros(len(series), dtype=bool)
    for i, cell in enumerate(series):
        if _is_missing(cell):
            continue
        # Python's parser reads 1_000 as 1000; in a file it is a slip.
        if isinstance(cell, bool | np.bool_ | bytes) or (isinstance(cell, str) and "_" in cell):
            wrong[i] = True
            continue
        try:
            values[i] = float(cell) + 0.0
        except OverflowError:  # a whole number beyond float64
            values[i] = math.inf if cell > 0 else -math.inf
        except (TypeError, ValueError):
            wrong[i] = True
    return values, wrong
