"""Tables from files."""

from __future__ import annotations

import zlib
from pathlib import Path

import pandas as pd
import pyarrow

from credit.errors import DataError

CSV_SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".csv.bz2")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV or Parquet file.

    Floats are parsed exactly: pandas' default CSV parser is off by one bit in 16% of the values of
    Give Me Some Credit, enough for a file and an HTTP request to score differently.

    Raises
    ------
    DataError
        When the file is missing, empty, of another kind or unreadable.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.name.endswith(CSV_SUFFIXES):
            frame = pd.read_csv(path, float_precision="round_trip", low_memory=False)
        else:
            kinds = ", ".join((*CSV_SUFFIXES, ".parquet"))
            raise DataError(f"{path}: unknown kind of file; expected one of {kinds}")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from error
    # EOFError and zlib.error: a compressed file was cut; ImportError: its codec is not installed.
    except (pyarrow.ArrowInvalid, OSError, EOFError, zlib.error, ImportError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if frame.empty:
        raise DataError(f"{path}: holds no rows")
    return frame
