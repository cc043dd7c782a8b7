"""The store alone: processes that append, each with so many records in flight, for so long."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cluster.bench.records.made_up import RecordMaker
from credit.errors import RecordStoreBusy
from credit.records import LocalKeyFile, Location, Receipt, RecordReader, RecordWriter, begin_write
from credit.records.store.opening import open_store
from credit.records.store.schema import store_info

Waits = NDArray[np.float64]
_LAG_EVERY_S = 0.005
_N_REFUSED = 1000


@dataclass(frozen=True)
class StoreMeasured:
    """What several writers reached together.

    Attributes
    ----------
    records_per_second
        Acknowledged, so on disk.
    wait_p50_ms, wait_p99_ms, wait_max_ms
        From handing a record over to its receipt.
    loop_lag_p99_ms, loop_lag_max_ms
        How late the event loop of a writer's process woke up: what every other request there would feel.
    refused_ms
        How long a record is refused for when the queue is full, at most.
    probe_ms
        Median of a sync of 4 kB to a file beside the store, in the same minute.
    cpu_us_per_record
        CPU time of the writers' processes, making the records and the event loop included.
    """

    database: str
    n_writers: int
    in_flight: int
    seconds: float
    n_records: int
    bytes_per_record: float
    cpu_us_per_record: float
    records_per_second: float
    wait_p50_ms: float
    wait_p99_ms: float
    wait_max_ms: float
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    refused_ms: float
    probe_ms: float


def measure_store(
    location: Location,
    key_file: Path,
    *,
    n_writers: int,
    in_flight: int,
    seconds: float,
    advance: Callable[[], None],
) -> StoreMeasured:
    """Append from `n_writers` processes at once; `advance` is called for each that ended."""
    with RecordWriter(location, LocalKeyFile(key_file)) as writer:
        writer.append(RecordMaker(0, name="first")()).result()  # tables and keys are there
    probe_ms = sync_probe(key_file.parent)
    spawn = multiprocessing.get_context("spawn")
    begin_at = time.time() + 1.0 + 0.5 * n_writers  # importing takes longer than appending
    with ProcessPoolExecutor(n_writers, mp_context=spawn) as pool:
        running = [
            pool.submit(_write_for, location, key_file, number, in_flight, begin_at, seconds)
            for number in range(n_writers)
        ]
        ended = []
        for future in as_completed(running):
            ended.append(future.result())
            advance()
    waits = np.concatenate([waits for waits, _, _ in ended])
    lags = np.concatenate([lags for _, lags, _ in ended])
    return StoreMeasured(
        database="SQLite" if isinstance(location, Path) else "PostgreSQL",
        n_writers=n_writers,
        in_flight=in_flight,
        seconds=seconds,
        n_records=len(waits),
        cpu_us_per_record=1e6 * sum(cpu for _, _, cpu in ended) / len(waits),
        bytes_per_record=_bytes_per_record(location),
        records_per_second=len(waits) / seconds,
        wait_p50_ms=float(np.quantile(waits, 0.5)),
        wait_p99_ms=float(np.quantile(waits, 0.99)),
        wait_max_ms=float(waits.max()),
        loop_lag_p99_ms=float(np.quantile(lags, 0.99)),
        loop_lag_max_ms=float(lags.max()),
        refused_ms=_refused_ms(location, key_file),
        probe_ms=probe_ms,
    )


def sync_probe(folder: Path, *, n: int = 200) -> float:
    """Median milliseconds of writing 4 kB and waiting until they are on disk."""
    path, took = folder / "probe", []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(n):
            started = time.perf_counter()
            os.pwrite(descriptor, os.urandom(4096), 0)
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - started)
    finally:
        os.close(descriptor)
        path.unlink()
    return 1000 * float(np.median(took))


def _write_for(
    location: Location, key_file: Path, number: int, in_flight: int, begin_at: float, seconds: float
) -> tuple[Waits, Waits, float]:
    """Be one of the writers; returns waits and lags in milliseconds, and CPU seconds."""
    make = RecordMaker(number, name=f"{number}-{os.getpid()}-{begin_at}")
    with RecordWriter(location, LocalKeyFile(key_file)) as writer:
        return asyncio.run(_write(writer, make, in_flight, begin_at, seconds))


async def _write(
    writer: RecordWriter, make: RecordMaker, in_flight: int, begin_at: float, seconds: float
) -> tuple[Waits, Waits, float]:
    waits: list[float] = []
    lags: list[float] = []
    await asyncio.sleep(max(0.0, begin_at - time.time()))
    until = time.perf_counter() + seconds
    cpu = time.process_time()

    async def append() -> None:
        while time.perf_counter() < until:
            record = make()
            started = time.perf_counter()
            await writer.append_async(record)
            waits.append(1000 * (time.perf_counter() - started))

    async def watch() -> None:
        while time.perf_counter() < until:
            due = time.perf_counter() + _LAG_EVERY_S
            await asyncio.sleep(_LAG_EVERY_S)
            lags.append(1000 * (time.perf_counter() - due))

    await asyncio.gather(watch(), *(append() for _ in range(in_flight)))
    return np.array(waits), np.array(lags), time.process_time() - cpu


def _refused_ms(location: Location, key_file: Path) -> float:
    """Fill a queue while the store stands still, then time refusals."""
    make = RecordMaker(99, name=f"refused-{time.time()}")
    took: list[float] = []
    with RecordWriter(location, LocalKeyFile(key_file), max_queue=64) as writer:
        engine = open_store(location)
        waiting: list[Future[Receipt]] = []
        with begin_write(engine) as connection:
            # The writer's own first statement waits for this transaction, on both databases.
            connection.execute(store_info.update().values(probes=store_info.c.probes + 1))
            if not isinstance(location, Path):
                connection.exec_driver_sql("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
            while len(took) < _N_REFUSED:
                record = make()
                started = time.perf_counter()
                try:
                    waiting.append(writer.append(record))
                except RecordStoreBusy:
                    took.append(1000 * (time.perf_counter() - started))
        engine.dispose()
        for receipt in waiting:
            receipt.result()
    return max(took)


def _bytes_per_record(location: Location) -> float:
    with RecordReader(location) as reader:
        n_records = reader.count()
    if isinstance(location, Path):
        return location.stat().st_size / n_records
    engine = open_store(location)
    try:
        with engine.begin() as connection:
            statement = "SELECT pg_database_size(current_database())"
            return float(connection.exec_driver_sql(statement).scalar_one()) / n_records
    finally:
        engine.dispose()
