"""Find out whether decisions can be recorded now."""

from __future__ import annotations

from sqlalchemy import update

from credit.errors import CreditError, RecordStoreUnavailable
from credit.records.append.refusals import failed
from credit.records.store.engine import begin_write
from credit.records.store.location import Location
from credit.records.store.opening import open_store
from credit.records.store.schema import store_info


def probe(location: Location) -> None:
    """Commit and sync an empty change over a connection of its own; blocking, from any thread.

    Raises
    ------
    RecordStoreUnavailable
        Nothing can be written now.
    """
    try:
        engine = open_store(location)
        try:
            with begin_write(engine) as connection:
                connection.execute(update(store_info).values(probes=store_info.c.probes + 1))
        finally:
            engine.dispose()
    except CreditError:
        raise
    except Exception as error:
        raise RecordStoreUnavailable(
            f"Decisions cannot be recorded now: {failed(location, error)}."
        ) from error
