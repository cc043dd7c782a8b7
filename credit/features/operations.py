"""Every operation of the contract, for one row and for a table side by side.

A row is transformed by plain Python floats and a table by numpy, each a few comparisons, additions,
multiplications and divisions. IEEE 754 rounds these the same way everywhere, so both give the same
bits; an operation that does not (an exponential, a logarithm) has no place here.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from credit.contract.column import Column
from credit.contract.feature import Feature

Matrix = npt.NDArray[np.float64]

RowFunction = Callable[[Sequence[float], Sequence[float]], float]
"""Of the raw values and the values with sentinels taken out."""

ColumnFunction = Callable[[Matrix, Matrix], Matrix]
"""The same for a table, shape (n_rows, n_inputs) to (n_rows,)."""


@dataclass(frozen=True)
class Compiled:
    """One feature in both forms."""

    row: RowFunction
    column: ColumnFunction


def compile_feature(feature: Feature, columns: Sequence[Column], at: Sequence[int]) -> Compiled:
    """Compile the operation of a feature over columns that stand at places ``at`` of the inputs."""
    return _BUILDERS[feature.op](feature, columns, list(at))


def _value(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i = at[0]
    if feature.keep_codes:
        return Compiled(lambda v, c: v[i], lambda raw, clean: raw[:, i])
    return Compiled(lambda v, c: c[i], lambda raw, clean: clean[:, i])


def _cap(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    bound = float(feature.at or 0)
    if feature.divide is None:
        return capped(_value(feature, columns, at), bound)
    i, divide = at[0], feature.divide
    return capped(
        Compiled(lambda v, c: c[i] / divide, lambda raw, clean: clean[:, i] / divide), bound
    )


def _ratio(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    (i, j), plus = at, feature.plus

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        denominator = clean[:, j] + plus
        quotient: Matrix = clean[:, i] / np.where(denominator == 0, np.nan, denominator)
        return quotient

    return Compiled(lambda v, c: c[i] / (c[j] + plus) if c[j] + plus != 0 else math.nan, of_table)


def _product(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i, j = at
    return Compiled(lambda v, c: c[i] * c[j], lambda raw, clean: clean[:, i] * clean[:, j])


def _difference(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i, j = at
    return Compiled(lambda v, c: c[i] - c[j], lambda raw, clean: clean[:, i] - clean[:, j])


def _sum(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    # From left to right: Python's own sum() compensates from 3.12 on, which changes bits.
    def of_row(v: Sequence[float], c: Sequence[float]) -> float:
        total = c[at[0]]
        for k in at[1:]:
            total = total + c[k]
        return total

    return Compiled(
        of_row,
        lambda raw, clean: reduce(lambda total, k: total + clean[:, k], at[1:], clean[:, at[0]]),
    )


def _maximum(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    return _extreme(at, max, np.greater)


def _minimum(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    return _extreme(at, min, np.less)


def _extreme(
    at: list[int],
    choose: Callable[[list[float]], float],
    beats: Callable[[Matrix, Matrix], npt.NDArray[np.bool_]],
) -> Compiled:
    def of_row(v: Sequence[float], c: Sequence[float]) -> float:
        values = [c[k] for k in at]
        # Python's max() ignores a NaN or returns it, depending on where it stands.
        return math.nan if any(math.isnan(value) for value in values) else choose(values)

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        # Like max(), keep the first of equal values: numpy's own may take -0.0 for 0.0.
        best = clean[:, at[0]]
        for k in at[1:]:
            best = np.where(beats(clean[:, k], best), clean[:, k], best)
        return np.where(np.isnan(clean[:, at]).any(axis=1), np.nan, best)

    return Compiled(of_row, of_table)


def _count(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    bound = float(feature.at or 0)

    def of_row(v: Sequence[float], c: Sequence[float]) -> float:
        values = [c[k] for k in at]
        if any(math.isnan(value) for value in values):
            return math.nan
        return float(len([value for value in values if value > bound]))

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        values = clean[:, at]
        counted = (values > bound).sum(axis=1).astype(np.float64)
        return np.where(np.isnan(values).any(axis=1), np.nan, counted)

    return Compiled(of_row, of_table)


def _scaled(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i, subtract, divide = at[0], feature.subtract, float(feature.divide or 1)
    return Compiled(
        lambda v, c: (c[i] - subtract) / divide,
        lambda raw, clean: (clean[:, i] - subtract) / divide,
    )


def _coded(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    pairs = [
        (k, frozenset(map(float, column.sentinels))) for k, column in zip(at, columns, strict=True)
    ]

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        found = [np.isin(raw[:, k], list(codes)) for k, codes in pairs]
        return np.asarray(np.logical_or.reduce(found), dtype=np.float64)

    return Compiled(lambda v, c: 1.0 if any(v[k] in codes for k, codes in pairs) else 0.0, of_table)


def _missing(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i = at[0]
    return Compiled(
        lambda v, c: 1.0 if math.isnan(v[i]) else 0.0,
        lambda raw, clean: np.isnan(raw[:, i]).astype(np.float64),
    )


def _one_of(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i = at[0]
    wanted = [columns[0].category_places[code] for code in feature.values or ()]

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        found = np.isin(raw[:, i], wanted).astype(np.float64)
        return np.where(np.isnan(raw[:, i]), np.nan, found)

    return Compiled(
        lambda v, c: math.nan if math.isnan(v[i]) else (1.0 if v[i] in wanted else 0.0), of_table
    )


def _calendar(feature: Feature, columns: Sequence[Column], at: list[int]) -> Compiled:
    i = at[0]
    parts: dict[str, Callable[[datetime.date], int]] = {
        "year": lambda date: date.year,
        "month": lambda date: date.month,
        "day": lambda date: date.day,
        "weekday": lambda date: date.weekday(),
    }
    part = parts[feature.part or "year"]

    def of_value(value: float) -> float:
        if math.isnan(value):
            return math.nan
        return float(part(datetime.date.fromordinal(int(value))))

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        distinct, place = np.unique(raw[:, i], return_inverse=True)
        return np.array([of_value(value) for value in distinct.tolist()], dtype=np.float64)[place]

    return Compiled(lambda v, c: of_value(v[i]), of_table)


_BUILDERS: dict[str, Callable[[Feature, Sequence[Column], list[int]], Compiled]] = {
    "value": _value,
    "cap": _cap,
    "ratio": _ratio,
    "product": _product,
    "sum": _sum,
    "difference": _difference,
    "maximum": _maximum,
    "minimum": _minimum,
    "count": _count,
    "scaled": _scaled,
    "coded": _coded,
    "missing": _missing,
    "category": _value,
    "one_of": _one_of,
    "calendar": _calendar,
    "days": _difference,
}


def capped(compiled: Compiled, cap: float) -> Compiled:
    """Bound a feature from above."""

    def of_row(v: Sequence[float], c: Sequence[float]) -> float:
        value = compiled.row(v, c)
        return cap if value > cap else value

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        values = compiled.column(raw, clean)
        return np.where(values > cap, cap, values)

    return Compiled(of_row, of_table)


def gated(compiled: Compiled, k: int, above: float, otherwise: int | None) -> Compiled:
    """Let a feature exist only while input ``k`` lies above a bound; else input ``otherwise``, or missing."""

    def of_row(v: Sequence[float], c: Sequence[float]) -> float:
        if c[k] > above:
            return compiled.row(v, c)
        return math.nan if otherwise is None else c[otherwise]

    def of_table(raw: Matrix, clean: Matrix) -> Matrix:
        instead = np.nan if otherwise is None else clean[:, otherwise]
        return np.where(clean[:, k] > above, compiled.column(raw, clean), instead)

    return Compiled(of_row, of_table)
