"""Read a table of any size a part at a time, in constant memory."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from credit.data.parsing import (
    COMPRESSIONS,
    KINDS,
    UNREADABLE,
    find_separator,
    json_object,
)
from credit.errors import DataError

ROWS_OF_A_PART = 2_048
"""Most rows of a part; enough that what is done once a part costs nothing a row."""

BLOCK_BYTES = 1 << 18
"""How much of a text file is parsed at a time; no row may be longer."""


MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Cells that hold nothing: those of ``pandas.read_csv``, which reads whole files here."""


@dataclass(frozen=True)
class Part:
    """Some rows of a table that follow each other.

    Attributes
    ----------
    table
        The rows; all cells are text where ``is_text``.
    first
        Number in the file of the first row here, torn or not, counted from 1 below the header.
    torn
        Numbers of rows that have more or fewer fields than the header, and so are not in the table.
    share_read
        How much of the file was read when this part was, 0 to 1.
    """

    table: pa.Table | pd.DataFrame
    is_text: bool
    first: int
    torn: tuple[int, ...]
    share_read: float

    @property
    def n_rows(self) -> int:
        """Rows, torn ones included."""
        return len(self.table) + len(self.torn)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Number in the file of each row of the table."""
        every = np.arange(self.first, self.first + self.n_rows, dtype=np.int64)
        return np.setdiff1d(every, np.array(self.torn, dtype=np.int64), assume_unique=True)


def read_parts(path: Path) -> Iterator[Part]:
    """Read a CSV, Parquet or JSON lines file, of the kinds of :func:`credit.data.read_table`.

    Cells mean what they mean there, except that nothing depends on other rows: CSV comes as text, see
    :func:`credit.contract.texts.typed_frame`, and a row with more or fewer fields than the header is named
    instead of filled up, or ending it all.

    Raises
    ------
    DataError
        When the file is missing, empty, of another kind or unreadable; while iterating, too.
    """
    kind = next((kind for kind in KINDS if path.name.endswith(kind)), None)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    if kind is None:
        raise DataError(f"{path}: unknown kind of file; expected one of {', '.join(KINDS)}")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: holds no rows")
    read = _READERS.get(kind, _csv_parts)
    is_empty = True
    try:
        for part in read(path):
            is_empty = False
            yield part
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if is_empty:
        raise DataError(f"{path}: holds no rows")


def parts_of(content: bytes, kind: Literal[".csv", ".parquet"]) -> Iterator[Part]:
    """Read a table that is in memory already; its cells mean what they mean in a file.

    Raises
    ------
    Exception
        One of :data:`credit.data.parsing.UNREADABLE` when it is not of its kind. What it says may quote cells.
    """
    source = BytesIO(content)
    return (
        _csv(source, kind, len(content)) if kind == ".csv" else _parquet(pa.BufferReader(content))
    )


@dataclass
class _Torn:
    """Collects rows that have another number of fields than the header.

    pyarrow counts rows from the header on, 1, and leaves out empty lines; those of blanks alone, which
    are as empty, it does not.
    """

    numbers: list[int] = field(default_factory=list)
    n_blank: int = 0

    def __call__(self, row: Any) -> str:
        if row.text.strip():
            self.numbers.append(row.number - 1 - self.n_blank)
        else:
            self.n_blank += 1
        return "skip"


def _csv_parts(path: Path) -> Iterator[Part]:
    kind = next(kind for kind in COMPRESSIONS if path.name.endswith(kind))
    return _csv(path, kind, path.stat().st_size)


def _csv(source: Path | BytesIO, kind: str, n_bytes: int) -> Iterator[Part]:
    separator = " " if kind.startswith(".asc") else find_separator(source, COMPRESSIONS[kind])
    with _opened(source, COMPRESSIONS[kind])[1] as stream:
        names = _reader(stream, separator, [], lambda row: "skip").schema.names
    torn, first = _Torn(), 1
    file, stream = _opened(source, COMPRESSIONS[kind])
    shown = [name or f"Unnamed: {i}" for i, name in enumerate(names)]
    with file, stream:
        reader = _reader(stream, separator, names, torn)
        for table in _sliced(reader):
            rows = _torn_within(torn.numbers, first, len(table))
            share = file.tell() / n_bytes
            yield Part(table.rename_columns(shown), True, first, rows, share)
            first += len(table) + len(rows)
    rest = tuple(number for number in torn.numbers if number >= first)
    if rest:
        nothing = pa.table({name: pa.array([], pa.string()) for name in shown})
        yield Part(nothing, True, first, rest, 1.0)


def _reader(stream: Any, separator: str, names: list[str], torn: Callable[[Any], str]) -> Any:
    return pyarrow.csv.open_csv(
        stream,
        # In one thread, which numbers the rows that it cannot take.
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=torn
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=list(MISSING),
            strings_can_be_null=True,
        ),
    )


def _torn_within(numbers: list[int], first: int, n_rows: int) -> tuple[int, ...]:
    """Numbers of the torn rows that stand before the last of the next ``n_rows`` whole ones."""
    begin = bisect.bisect_left(numbers, first)
    end = begin
    while end < len(numbers) and numbers[end] < first + n_rows + (end - begin):
        end += 1
    return tuple(numbers[begin:end])


def _opened(source: Path | BytesIO, compression: str | None) -> tuple[Any, Any]:
    if isinstance(source, BytesIO):  # noqa: SIM108 - too long for one line
        file = pa.BufferReader(source.getvalue())
    else:
        file = pa.OSFile(str(source), "rb")
    return file, file if compression is None else pa.CompressedInputStream(file, compression)


def _parquet(source: Any) -> Iterator[Part]:
    with pyarrow.parquet.ParquetFile(source) as file:
        first, n_rows = 1, file.metadata.num_rows
        for table in _sliced(file.iter_batches(ROWS_OF_A_PART, use_threads=False)):
            share = (first - 1 + len(table)) / n_rows
            yield Part(table, False, first, (), share)
            first += len(table)


def _sliced(batches: Any) -> Iterator[pa.Table]:
    for batch in batches:
        for begin in range(0, len(batch), ROWS_OF_A_PART):
            yield pa.Table.from_batches([batch.slice(begin, ROWS_OF_A_PART)])


def _json_parts(path: Path) -> Iterator[Part]:
    """One object a line. Read twice: which columns there are is known at the end."""
    names: dict[str, None] = {}
    n_rows = 0
    for row in _json_rows(path):
        names |= dict.fromkeys(row)
        n_rows += 1
    rows, first = _json_rows(path), 1
    while part := list(itertools.islice(rows, ROWS_OF_A_PART)):
        share = (first - 1 + len(part)) / n_rows
        yield Part(pd.DataFrame(part, columns=list(names)), False, first, (), share)
        first += len(part)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield json_object(line, number, str(path))


_READERS: dict[str, Callable[[Path], Iterator[Part]]] = {
    ".parquet": _parquet,
    ".jsonl": _json_parts,
}
