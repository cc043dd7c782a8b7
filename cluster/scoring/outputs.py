"""Where answers go: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cluster.scoring.job import Form
from credit.errors import SettingsInvalid

Write = Callable[[Any], object]
"""Takes the content of one part: JSON lines, or columns."""

FORMS: dict[str, Form] = {
    ".ndjson": "lines",
    ".jsonl": "lines",
    ".csv": "table",
    ".parquet": "table",
}
"""Endings of output files, and the form of the content they take."""


def form_of(path: Path) -> Form:
    """Find in which form a file takes answers.

    Raises
    ------
    SettingsInvalid
        When its ending is not known, or its folder is not there.
    """
    if path.suffix not in FORMS:
        raise SettingsInvalid(f"--out {path}: expected an ending out of {', '.join(FORMS)}")
    if not path.parent.is_dir():
        raise SettingsInvalid(f"--out {path}: there is no folder {path.parent}")
    return FORMS[path.suffix]


@contextmanager
def output_file(path: Path) -> Iterator[Write]:
    """Write a file beside its name, and give it the name when the block has ended well.

    Only its owner may read it: it is about persons.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as file:
            with ExitStack() as stack:
                open_columns = _COLUMNS.get(path.suffix)
                yield file.write if open_columns is None else _Columns(open_columns, file, stack)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Columns:
    """Writes parts in columns; their first tells which."""

    def __init__(self, make: Callable[..., Any], file: BinaryIO, stack: ExitStack) -> None:
        self._make = make
        self._file = file
        self._stack = stack
        self._writer: Any = None

    def __call__(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            self._writer = self._stack.enter_context(self._make(self._file, batch.schema))
        self._writer.write_batch(batch)


_COLUMNS: dict[str, Callable[..., Any]] = {
    ".csv": pyarrow.csv.CSVWriter,
    ".parquet": pyarrow.parquet.ParquetWriter,
}
