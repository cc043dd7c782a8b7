"""Bytes become a table, the same one wherever they came from."""

from __future__ import annotations

import json
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pyarrow
from zstandard import ZstdError

from credit.errors import DataError

COMPRESSIONS = {
    ".csv": None,
    ".csv.gz": "gzip",
    ".csv.zst": "zstd",
    ".csv.bz2": "bz2",
    ".asc": None,
    ".asc.gz": "gzip",
}
"""Endings of text tables, and how each is compressed; ``.asc`` separates by spaces."""

_SEPARATORS = (",", ";", "\t", "|")

_NO_TEXT_TABLE = (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError)

UNREADABLE = (
    *_NO_TEXT_TABLE,
    pyarrow.ArrowException,
    OSError,
    *(EOFError, zlib.error, ZstdError),  # a compressed file was cut
    ImportError,  # a codec is not installed
)
"""What libraries raise over a file that is not what its ending says."""

KINDS = (*COMPRESSIONS, ".parquet", ".jsonl")
"""Endings that are understood."""


def parse_table(source: Path | BytesIO, *, name: str, label: str) -> pd.DataFrame:
    """Read a table of the kind that its name ends in.

    Floats are parsed exactly: pandas' default CSV parser is off by one bit in 16% of the values of
    Give Me Some Credit, enough for a file and an HTTP request to score differently.

    Parameters
    ----------
    source
        A file, or its content.
    name
        Name of the file; its ending says what it is.
    label
        What messages call it, without any credentials.

    Raises
    ------
    DataError
        When it is empty, of another kind or unreadable.
    """
    kind = next((kind for kind in KINDS if name.endswith(kind)), None)
    if kind is None:
        raise DataError(f"{label}: unknown kind of file; expected one of {', '.join(KINDS)}")
    try:
        frame = _parsed(source, kind, label)
    except _NO_TEXT_TABLE as error:
        text = "JSON lines" if kind == ".jsonl" else "CSV"
        raise DataError(f"{label}: cannot be read as {text}: {error}") from error
    except UNREADABLE as error:
        raise DataError(f"{label}: cannot be read: {error}") from error
    if frame.empty:
        raise DataError(f"{label}: holds no rows")
    return frame


def _parsed(source: Path | BytesIO, kind: str, label: str) -> pd.DataFrame:
    if kind == ".parquet":
        return pd.read_parquet(source)
    if kind == ".jsonl":
        content = source.read_bytes() if isinstance(source, Path) else source.getvalue()
        return _json_lines(content.decode("utf-8"), label)
    # The stubs know compressions by their literal names only.
    options: Any = {"compression": COMPRESSIONS[kind]}
    options["sep"] = " " if kind.startswith(".asc") else find_separator(source, COMPRESSIONS[kind])
    frame: pd.DataFrame = pd.read_csv(
        source, float_precision="round_trip", low_memory=False, **options
    )
    return frame


def find_separator(source: Path | BytesIO, compression: str | None) -> str:
    """Find what the names in the first line stand apart by: the one that gives the most; else a comma."""
    # The stubs know compressions by their literal names only.
    options: Any = {"compression": compression}

    def n_names(separator: str) -> int:
        header = pd.read_csv(source, nrows=0, sep=separator, **options)
        if isinstance(source, BytesIO):
            source.seek(0)
        return len(header.columns)

    return max(_SEPARATORS, key=n_names)


def _json_lines(text: str, label: str) -> pd.DataFrame:
    """One object a line, through Python's own parser: pandas' guesses dates and rounds floats."""
    lines = enumerate(text.splitlines(), start=1)
    return pd.DataFrame(
        [json_object(line, number, label) for number, line in lines if line.strip()]
    )


def json_object(line: str, number: int, label: str) -> dict[str, Any]:
    """Read one line of JSON lines.

    Raises
    ------
    DataError
        When it is no object.
    """
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise DataError(f"{label}: line {number:,} is not a JSON object; write one a line")
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
