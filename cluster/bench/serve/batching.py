"""What batch scoring in process reaches."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.bench.batch import measure_batch

N_ROWS = {False: 500_000, True: 300_000}
"""Rows without and with a record of each: processes start within the time that is measured."""

WORKERS = 2


@dataclass(frozen=True)
class Batch:
    """Rows a minute with reasons on two cores; None where it was not measured.

    ``recorded`` has a durable record of each row.
    """

    plain: float | None = None
    recorded: float | None = None


def measure_batches(bundle: Path, room: Path, advance: Callable[[str], None]) -> Batch:
    """Score a file of made-up applicants, then a smaller one with a record of each row.

    Parameters
    ----------
    bundle
        Folder of a bundle, named by its hash.
    room
        A folder on a disk.
    """
    return Batch(
        plain=_rows_per_minute(bundle, room, advance, record=False),
        recorded=_rows_per_minute(bundle, room, advance, record=True),
    )


def _rows_per_minute(
    bundle: Path, room: Path, advance: Callable[[str], None], *, record: bool
) -> float:
    n_rows = N_ROWS[record]
    advance(f"batch: {n_rows:,} rows{', recorded' if record else ''}")
    with tempfile.TemporaryDirectory(dir=room, prefix="batch-") as home:
        found = measure_batch(bundle, Path(home), n_rows=n_rows, workers=WORKERS, record=record)
    return found.rows_per_minute
