"""Why a record is not taken, or may not be written: one sentence for each, whichever writer says it."""

from __future__ import annotations

from credit.errors import RecordStoreBusy, RecordStoreUnavailable
from credit.records.store.engine import cause_of
from credit.records.store.location import Location, name_of


def full(n_waiting: int) -> RecordStoreBusy:
    """Refuse a record because as many as may wait do."""
    return RecordStoreBusy(f"{n_waiting} decisions wait to be recorded; try again in a second.")


def closed(location: Location) -> RecordStoreUnavailable:
    """Refuse a record because the writer was closed."""
    return RecordStoreUnavailable(f"The record writer of {name_of(location)} is closed.")


def made_elsewhere(location: Location) -> RecordStoreUnavailable:
    """Refuse a record because a fork took place since the writer was made."""
    return RecordStoreUnavailable(
        f"The record writer of {name_of(location)} belongs to the process that made it; make one in this "
        "process."
    )


def uncertain(location: Location, cause: Exception) -> RecordStoreUnavailable:
    """Say that nobody knows whether a record was written.

    Make one for each caller: an exception that is raised twice collects tracebacks.
    """
    error = RecordStoreUnavailable(
        f"It is not certain that the decision was recorded: {failed(location, cause)}. Repeat the request "
        "with the same Idempotency-Key."
    )
    error.__cause__ = cause
    return error


def failed(location: Location, cause: Exception) -> str:
    """Say that a write failed, and what to look at."""
    return (
        f"writing to {name_of(location)} failed ({cause_of(cause)}); check the database and the free space "
        "and health of its disk"
    )
