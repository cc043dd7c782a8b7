"""Tables out of an object store."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlsplit

import pandas as pd
import pyarrow

from credit.data.parsing import parse_table
from credit.errors import DataError

SCHEMES = ("s3", "gs", "gcs")

LONGEST_CAUSE = 200
"""Clients of object stores answer with pages; the cause stands at the beginning."""


def read_object(reference: str) -> pd.DataFrame:
    """Read the CSV, Parquet or JSON lines object that a URL such as ``s3://bucket/key.csv`` names.

    Credentials, region and endpoint come from the environment (``AWS_ACCESS_KEY_ID``,
    ``AWS_ENDPOINT_URL``, ``GOOGLE_APPLICATION_CREDENTIALS``, ...) or from the query of the URL, as
    pyarrow reads them: ``?region=eu-central-1``, ``?endpoint_override=host:port&scheme=http``. The
    numbers are those that the same file gives locally.

    Raises
    ------
    DataError
        When there is no such object, the store cannot be reached, or the object is not a table.
    """
    from pyarrow import fs

    parts = urlsplit(reference)
    bucket, key = parts.netloc.rpartition("@")[2], parts.path.lstrip("/")
    label = f"{parts.scheme}://{bucket}/{key}"  # keys may stand before @ and in the query
    if not bucket or not key:
        raise DataError(f"{label}: expected a bucket and a key, such as s3://bucket/loans.parquet")
    try:
        store, path = fs.FileSystem.from_uri(reference)
        with store.open_input_stream(path, compression=None) as stream:
            content = stream.read()
    except FileNotFoundError as error:
        raise DataError(f"{label}: there is no such object") from error
    except (pyarrow.ArrowException, OSError) as error:
        cause = str(error).replace(reference, label)[:LONGEST_CAUSE]
        raise DataError(f"{label}: cannot be read: {cause}") from error
    return parse_table(BytesIO(content), name=key, label=label)
