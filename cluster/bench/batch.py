"""How many rows of a file are scored a minute, from the first byte read to the last answer on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cluster.scoring.deliver import deliver
from cluster.scoring.job import Recording, ScoringJob
from cluster.scoring.outputs import output_file
from cluster.scoring.pool import score_parts
from credit.contract.cells import CONSENTS
from credit.data.parts import read_parts
from credit.decision import Arm, Bundle, Rollout, load_bundle
from credit.errors import DataError
from credit.records import LocalKeyFile, RecordWriter

ROWS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class BatchMeasured:
    """One file, scored once.

    Attributes
    ----------
    rows_per_minute
        Of the whole run: processes start, bundles load, answers are on disk.
    cpu_us_per_row
        CPU time of all processes, their start included.
    """

    n_rows: int
    workers: int
    recorded: bool
    rows_per_minute: float
    cpu_us_per_row: float


def measure_batch(
    bundle: Path,
    home: Path,
    *,
    n_rows: int,
    workers: int,
    record: bool,
    advance: Callable[[int, float], None] = lambda n_rows, share: None,
) -> BatchMeasured:
    """Write a CSV of made-up applicants and score it into a file of JSON lines, reasons included.

    Parameters
    ----------
    bundle
        Folder of a bundle, named by its hash.
    home
        An empty folder on a disk; it takes about 1 kB a row, with records 4 kB.
    record
        Whether each row is recorded, in a store below ``home``.
    advance
        Told as rows are done.

    Raises
    ------
    DataError
        When a row was not scored.
    """
    source = home / "rows.csv"
    write_made_up(load_bundle(bundle), source, n_rows)
    rollout = Rollout(
        product="bench", generation=1, salt="bench", arms=(Arm("champion", bundle.name),)
    )
    recording = Recording(home / "records.db", home / "keys.json", "bench") if record else None
    if recording is not None:
        with RecordWriter(recording.location, LocalKeyFile(recording.key_path)) as writer:
            writer.probe()  # tables and keys are there before processes ask for them at once
    job = ScoringJob(rollout, bundle.parent, home / "cache", "lines", False, recording)
    cpu, started = _cpu_s(), time.perf_counter()
    with output_file(home / "answers.ndjson") as write:
        done = deliver(score_parts(read_parts(source), job, workers=workers), write, advance)
    took, used = time.perf_counter() - started, _cpu_s() - cpu
    if done.n_scored != n_rows:
        raise DataError(f"{n_rows - done.n_scored:,} of {n_rows:,} made-up rows were not scored")
    return BatchMeasured(n_rows, workers, record, 60 * n_rows / took, 1e6 * used / n_rows)


def write_made_up(bundle: Bundle, path: Path, n_rows: int, *, seed: int = 1) -> None:
    """Write applicants whose columns are drawn each by itself from the bundle's golden rows."""
    contract, generator = bundle.contract, np.random.default_rng(seed)
    golden = pd.DataFrame([row.application for row in bundle.golden.rows])
    path.unlink(missing_ok=True)
    for first in range(0, n_rows, ROWS_AT_A_TIME):
        numbers = range(first, min(first + ROWS_AT_A_TIME, n_rows))
        columns: dict[str, object] = {}
        for column in contract.columns:
            if column.role in ("id", "applicant_id"):
                columns[column.name] = [f"{column.role}-{number}" for number in numbers]
        if contract.consents:
            columns[CONSENTS] = ";".join(contract.consent_sources)
        for column in contract.inputs:
            places = generator.integers(0, len(golden), len(numbers))
            columns[column.name] = golden[column.name].to_numpy()[places]
        frame = pd.DataFrame(columns, index=numbers)
        frame.to_csv(path, mode="a", header=first == 0, index=False)


def _cpu_s() -> float:
    """CPU seconds of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
