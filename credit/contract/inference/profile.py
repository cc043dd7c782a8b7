"""What the cells of one column are, before anybody decides what they are for."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.cells import cell_texts, read_cells
from credit.contract.column import Column
from credit.contract.inference.vocabulary import (
    sounds_like_code,
    sounds_protected,
    speaks_of_age,
)

Kind = Literal["number", "integer", "category", "date", "text", "empty", "unreadable"]
Values = npt.NDArray[np.float64]

MOST_LEVELS = 50
"""A text column with more values than this is no category."""

FEW_LEVELS = 10
"""Up to here a text column is a category, however short the table is."""

LARGEST_LEVEL_SHARE = 0.05
"""More levels than this share of the rows are names, not categories."""

LONGEST_CODE = 64
LARGEST_CODE = 2.0**53

MOSTLY = 0.9
"""Text of which this share is numbers is a number column with slips."""

_DATE_LIKE = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?|[A-Za-z]{3}-\d{2,4}|\d{2,4}-[A-Za-z]{3}"
)
_LEADING_ZERO = re.compile(r"0\d+")


@dataclass(frozen=True)
class Profile:
    """One column, looked at.

    Attributes
    ----------
    name
        As the file has it.
    values
        Shape (n_rows,): numbers, places of codes among ``codes`` or ordinals of dates, NaN for missing;
        all NaN where cells are none of these.
    codes
        Of a category: its codes, numbers in their order and text in the alphabet's.
    n_distinct
        Different values, without missing ones.
    remark
        Why cells are text or unreadable that look like something else; empty otherwise.
    """

    name: str
    kind: Kind
    values: Values = field(repr=False)
    codes: tuple[str, ...]
    n_missing: int
    n_distinct: int
    remark: str = ""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.values)

    @property
    def missing_share(self) -> float:
        """Share of rows without a value."""
        return self.n_missing / self.n_rows

    @property
    def is_number(self) -> bool:
        """Whether cells are numbers with an order."""
        return self.kind in ("number", "integer")

    @property
    def finite(self) -> Values:
        """Values without missing and infinite ones."""
        finite: Values = self.values[np.isfinite(self.values)]
        return finite

    @property
    def unique_per_row(self) -> bool:
        """Whether every row has a value of its own."""
        return self.n_missing == 0 and self.n_distinct == self.n_rows


def profile_column(name: str, series: pd.Series[Any]) -> Profile:
    """Find out what the cells of a column are."""
    nothing = np.full(len(series), np.nan)
    if _holds_no_cells(series):
        return Profile(
            name, "unreadable", nothing, (), 0, 0, "its cells are no numbers, text or dates"
        )
    texts = cell_texts(series)
    counts = Counter(text for text in texts if text)
    if not counts:
        return Profile(name, "empty", nothing, (), len(series), 0)
    kind, values, remark = _kind(name, series, counts)
    if kind in ("category", "text"):
        codes = tuple(sorted(counts, key=_code_order))
        place = {code: float(i) for i, code in enumerate(codes)}
        values = np.array([place[text] if text else np.nan for text in texts])
        n_missing = sum(text is None for text in texts)
        n_blank = len(texts) - n_missing - counts.total()
        if n_blank:
            remark = f"{n_blank:,} cells hold empty text, which is refused; make them null"
        return Profile(name, kind, values, codes, n_missing, len(codes), remark)
    n_missing = int(np.isnan(values).sum())
    n_distinct = len(np.unique(values[~np.isnan(values)]))
    if not np.isfinite(values).any():
        kind = "empty"
    return Profile(name, kind, values, (), n_missing, n_distinct, remark)


def _holds_no_cells(series: pd.Series[Any]) -> bool:
    """Whether a column of a Parquet file holds lists, objects, bytes or durations."""
    if series.dtype.kind == "m":
        return True
    nested = (list, tuple, set, dict, np.ndarray, bytes, datetime.timedelta)
    return series.dtype == object and any(isinstance(cell, nested) for cell in series)


def _kind(name: str, series: pd.Series[Any], counts: Counter[str]) -> tuple[Kind, Values, str]:
    nothing = np.full(len(series), np.nan)
    nominal = _is_nominal(series)
    values, wrong = _numbers(series)
    if not nominal and not wrong.any() and not any(map(_LEADING_ZERO.fullmatch, counts)):
        return _number_kind(name, values), values, ""
    dates, failures = read_cells(series, _probe("date"))
    if not any(mask.any() for _, _, mask in failures):
        return "date", dates, ""
    if _is_category(counts, len(series)):
        return "category", nothing, ""
    return "text", nothing, _text_remark(counts, float(wrong.mean()))


def _probe(kind: Literal["number", "date"]) -> Column:
    return Column(name="probe", role="feature", type=kind, description="", nullable=True)


def _numbers(series: pd.Series[Any]) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Read cells as the contract reads numbers, and mark those that are none."""
    values, rules = read_cells(series, _probe("number"))
    wrong = np.zeros(len(series), dtype=bool)
    for rule, _, mask in rules:
        if rule == "type":
            wrong |= mask
    return values, wrong


def _is_nominal(series: pd.Series[Any]) -> bool:
    """Whether the source itself says that values are labels, and there are few enough of them."""
    return isinstance(series.dtype, pd.CategoricalDtype) and (
        len(series.cat.categories) <= MOST_LEVELS
    )


def _number_kind(name: str, values: Values) -> Kind:
    finite = values[np.isfinite(values)]
    if not np.array_equal(finite, np.floor(finite)):
        return "number"
    distinct = set(np.unique(finite).tolist())
    many = len(distinct) > MOST_LEVELS or bool((np.abs(finite) > LARGEST_CODE).any())
    # Numbers 0 and 1 are a flag, and a flag has an order; one number a row is a reference.
    if distinct <= {0.0, 1.0} or len(distinct) == len(values):
        return "integer"
    if sounds_like_code(name):
        return "text" if many else "category"
    is_group = sounds_protected(name) and not speaks_of_age(name) and not many
    return "category" if is_group else "integer"


def _is_category(counts: Counter[str], n_rows: int) -> bool:
    few = len(counts) <= FEW_LEVELS
    return (
        len(counts) <= MOST_LEVELS
        and (few or len(counts) <= LARGEST_LEVEL_SHARE * n_rows)
        and not (len(counts) == n_rows and n_rows > 1)
        and max(map(len, counts)) <= LONGEST_CODE
    )


def _text_remark(counts: Counter[str], share_wrong: float) -> str:
    if share_wrong < 1 - MOSTLY:
        return "most of its cells are numbers; correct the others or leave them empty"
    if all(map(_DATE_LIKE.fullmatch, counts)):
        return "its cells look like dates; write them as 2026-01-31"
    return ""


def _code_order(code: str) -> tuple[int, float, str]:
    try:
        number = float(code)
    except ValueError:
        number = math.nan
    return (0, number, code) if math.isfinite(number) else (1, 0.0, code)
