"""Fill a store fast, through the code that writers run; also as a program, for measurements.

python -m tests.records.proof.filling FOLDER 1000000
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from credit.records import LocalKeyFile, Location
from credit.records.append.batch import write_batch
from credit.records.append.prepare import Prepared, prepare
from credit.records.ids import time_ordered_id
from credit.records.proof.chain import new_chain
from credit.records.sealing.binding import bind_keys
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import begin_write
from credit.records.store.opening import open_store
from tests.records.samples import new_record


def fill(
    location: Location,
    keys: LocalKeyFile,
    n_records: int,
    *,
    n_chains: int = 1,
    batch: int = 50,
    n_bytes: int = 300,
) -> None:
    """Append records in `n_chains` chains that take turns, batch by batch.

    Parameters
    ----------
    n_bytes
        About how long the sealed part of each is.
    """
    engine = open_store(location)
    bind_keys(engine, keys, "the filled store")
    subject_keys = SubjectKeys(keys)
    heads = [new_chain() for _ in range(n_chains)]
    patterns = [_pattern(keys, n_bytes, seed) for seed in range(7)]
    n_done = 0
    while n_done < n_records:
        size, chain = min(batch, n_records - n_done), (n_done // batch) % n_chains
        prepared = [_again(patterns[i % len(patterns)]) for i in range(size)]
        with begin_write(engine) as connection:
            _, heads[chain] = write_batch(connection, prepared, heads[chain], subject_keys)
        n_done += size
    engine.dispose()


def _pattern(keys: LocalKeyFile, n_bytes: int, seed: int) -> Prepared:
    """One record whose values do not compress, like those of real applications."""
    rng = np.random.default_rng(seed)
    record = new_record(applicant_id=f"applicant-{seed}")
    features = rng.normal(size=max(1, n_bytes // 16)).tolist()
    shap_values = rng.normal(size=max(1, n_bytes // 16)).tolist()
    sealed = msgspec.structs.replace(record.sealed, features=features, shap_values=shap_values)
    return prepare(msgspec.structs.replace(record, sealed=sealed), keys)


def _again(pattern: Prepared) -> Prepared:
    """The same content under a decision id of its own."""
    record = msgspec.structs.replace(pattern.record, decision_id=time_ordered_id())
    return replace(pattern, record=record)


if __name__ == "__main__":
    folder, n_records = Path(sys.argv[1]), int(sys.argv[2])
    location: Location = sys.argv[3] if len(sys.argv) > 3 else folder / "records.db"
    started = time.monotonic()
    fill(
        location,
        LocalKeyFile(folder / "keys" / "master.json"),
        n_records,
        n_chains=8,
        batch=1000,
        n_bytes=2800,
    )
    sys.stdout.write(f"{n_records / (time.monotonic() - started):,.0f} records a second\n")
