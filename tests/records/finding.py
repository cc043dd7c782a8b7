"""How long it takes to find a decision, and to open it: ``python -m tests.records.finding`` reads CREDIT_HOME."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from sqlalchemy import select

from credit.records import LocalKeyFile, RecordReader
from credit.records.store.schema import records
from credit.settings import Settings

N_FOUND = 1_000
EVERY = 1_009
"""Records apart from which the ids are taken: all over the log, however large it is."""


def took_ms(do: Callable[[tuple[str, str]], object], wanted: list[tuple[str, str]]) -> str:
    """Do something for each; quantiles in milliseconds."""
    took = []
    for one in wanted:
        started = time.perf_counter()
        do(one)
        took.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.quantile(took, (0.5, 0.99))
    return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, slowest {max(took):.2f} ms"


def main() -> None:
    """Find and open decisions of the store of this home."""
    settings = Settings()
    with RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader:
        statement = select(records.c.tenant, records.c.decision_id)
        with reader.reading() as connection:
            assert connection is not None, "there is no store in this home"
            rows = connection.execute(statement.where(records.c.position % EVERY == 0)).all()
        wanted = [(row.tenant, row.decision_id) for row in rows]
        order = np.random.default_rng(1).permutation(len(wanted))[:N_FOUND]
        wanted = [wanted[i] for i in order]

        def find_and_open(one: tuple[str, str]) -> None:
            found = reader.find(*one)
            assert found is not None
            reader.open(found)

        sys.stdout.write(f"{reader.count():,} records, {len(wanted):,} of them looked for\n")
        sys.stdout.write(f"found: {took_ms(lambda one: reader.find(*one), wanted)}\n")
        sys.stdout.write(f"found and opened: {took_ms(find_and_open, wanted)}\n")


if __name__ == "__main__":
    main()
