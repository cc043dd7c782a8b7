"""Give the cells of a table of text their types, each cell by itself.

A reader of whole files types a column by all its cells, so what a cell means depends on rows that come
later. A file that is read in parts cannot wait for them. Here a cell is a number where the contract says
number, and any other text stays what it is: ``007`` keeps its zeros.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from credit.contract.column import Column
from credit.contract.model import Contract
from credit.contract.table import REFERENCES

_WHOLE_WITH_POINT = r"^(-?[1-9][0-9]*|0)\.0$"
_WORDS_OF_TRUTH = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}


def typed_frame(table: pa.Table, contract: Contract) -> pd.DataFrame:
    """Turn columns of text into what :func:`credit.contract.check_frame` takes; null is missing.

    Notes
    -----
    A reference such as ``17.0`` is 17: that is how whole numbers are written beside an empty cell. A
    category's code may be written as a number (``1.0`` for ``1``) or a truth (``True`` for ``true``).
    """
    by_name = {name: c for c in contract.columns for name in (c.name, *c.source_names)}
    columns = [
        _typed(cells.combine_chunks(), by_name.get(name))
        for name, cells in zip(table.column_names, table.columns, strict=True)
    ]
    frame = pd.DataFrame(dict(enumerate(columns)), copy=False)
    frame.columns = pd.Index(table.column_names)
    return frame


def reference_texts(table: pa.Table, contract: Contract) -> pa.Table:
    """Write the numbers among the references of a typed table as text.

    Beside an empty cell pandas would make them floats, and two of 17 digits could become one.
    """
    names = {
        name for c in contract.columns if c.role in REFERENCES for name in (c.name, *c.source_names)
    }
    for place, name in enumerate(table.column_names):
        if name in names and pa.types.is_integer(table.schema.types[place]):
            table = table.set_column(place, name, pc.cast(table.column(place), pa.string()))
    return table


def _typed(cells: Any, column: Column | None) -> npt.NDArray[Any]:
    if column is None:  # the list of consents, or a column that will be refused
        return _objects(cells)
    if column.role == "ignored":
        return np.full(len(cells), None, dtype=object)
    if column.role in REFERENCES:
        return _objects(pc.replace_substring_regex(cells, _WHOLE_WITH_POINT, r"\1"))
    if column.type == "category":
        return _codes(cells, column.category_places)
    return _numbers(cells) if column.is_number else _objects(cells)


def _numbers(cells: Any) -> npt.NDArray[Any]:
    """Numbers where every cell is one; else the texts, of which each is judged by itself."""
    try:
        numbers = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return _objects(cells)
    found: npt.NDArray[np.float64] = numbers.to_numpy(zero_copy_only=False)
    return found


def _codes(cells: Any, places: Mapping[str, float]) -> npt.NDArray[Any]:
    coded = cells.dictionary_encode()
    distinct = [text if text in places else _as_code(text) for text in coded.dictionary.to_pylist()]
    which: npt.NDArray[np.int32] = coded.indices.fill_null(len(distinct)).to_numpy()
    return np.array([*distinct, None], dtype=object)[which]


def _as_code(text: str) -> str:
    """Write a number or a truth as codes are written."""
    try:
        number = float(text)
    except ValueError:
        return _WORDS_OF_TRUTH.get(text, text)
    if "_" in text or not math.isfinite(number):
        return text
    return str(int(number)) if number.is_integer() else str(number)


def _objects(cells: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = cells.to_numpy(zero_copy_only=False)
    return found
