"""Predictions as a file."""

from __future__ import annotations

import contextlib
import csv
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from credit.errors import SettingsInvalid
from credit.records.lineage.predictions import Prediction

_FIELDS = Prediction.__struct_fields__
_NUMBERS = ("default_probability", "credit_score")


def write_predictions(
    pages: Iterable[Sequence[Prediction]], path: Path, advance: Callable[[], None] = lambda: None
) -> int:
    """Write all predictions; the file appears whole or not at all, and only its owner can read it.

    Returns
    -------
    How many there were.

    Raises
    ------
    SettingsInvalid
        The name ends otherwise than .csv or .parquet, or nothing can be written there.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    if path.suffix not in writers:
        raise SettingsInvalid(f"{path}: write to a file that ends in .csv or .parquet")
    with _whole_file(path) as aside:
        return writers[path.suffix](pages, aside, advance)


def _write_csv(
    pages: Iterable[Sequence[Prediction]], path: Path, advance: Callable[[], None]
) -> int:
    n = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_FIELDS)
        for page in pages:
            for row in page:
                # repr is the shortest text that gives the same float back.
                writer.writerow(msgspec.structs.astuple(row))
                n += 1
                advance()
    return n


def _write_parquet(
    pages: Iterable[Sequence[Prediction]], path: Path, advance: Callable[[], None]
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [(name, pa.float64() if name in _NUMBERS else pa.string()) for name in _FIELDS]
    n = 0
    with pq.ParquetWriter(path, pa.schema(kinds)) as writer:
        for page in pages:
            rows = [msgspec.structs.asdict(row) for row in page]
            writer.write_table(pa.Table.from_pylist(rows, schema=pa.schema(kinds)))
            n += len(page)
            for _ in page:
                advance()
    return n


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        aside.touch(mode=0o600)
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise SettingsInvalid(
            f"{path} cannot be written: {error.strerror}; name another file"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
