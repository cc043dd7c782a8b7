"""Tables by reference: a file, a public data set, a database, an object store."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from credit.data.database import read_database
from credit.data.object_store import SCHEMES, read_object
from credit.data.openml import read_openml
from credit.data.parsing import parse_table
from credit.errors import DataError


def read_source(reference: str, *, cache: Path | None = None) -> pd.DataFrame:
    """Read a table from wherever a reference points.

    ================================================ =============================================
    ``loans.csv``, ``.csv.gz``, ``.parquet``,        a local file: :func:`read_table`
    ``.jsonl``
    ``openml:31``                                    a data set of OpenML, by its id
    ``sqlite:///loans.db#applications``              a table of a database, by SQLAlchemy URL
    ``postgresql+psycopg://me@host/db#select ...``   the rows of a query
    ``s3://bucket/loans.parquet``, ``gs://...``      an object, with the credentials that pyarrow
                                                     finds in the environment
    ================================================ =============================================

    Parameters
    ----------
    cache
        Folder that keeps what OpenML sent, so that it is asked once; without it, nothing is kept.

    Raises
    ------
    DataError
        When the reference is of no known kind, or there is no table to be had from it. Passwords
        stay out of the message.
    """
    scheme, mark, _ = reference.partition(":")
    if mark and scheme == "openml":
        return read_openml(reference, cache=cache)
    if "://" not in reference:
        return read_table(reference)
    return read_object(reference) if scheme in SCHEMES else read_database(reference)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV, Parquet or JSON lines file; see :func:`credit.data.parsing.parse_table`.

    Raises
    ------
    DataError
        When the file is missing, empty, of another kind or unreadable.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    return parse_table(path, name=path.name, label=str(path))
