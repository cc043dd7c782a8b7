"""Open a store that holds data, with the keys it was filled with, to change keys or subjects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Engine

from credit.errors import RecordStoreUnavailable
from credit.records.sealing.binding import check_keys
from credit.records.sealing.keys import KeyProvider
from credit.records.store.engine import STORE_ERRORS, cause_of
from credit.records.store.location import Location, name_of
from credit.records.store.opening import open_store


@contextlib.contextmanager
def store_with_keys(location: Location, keys: KeyProvider) -> Iterator[Engine]:
    """Open an existing store for writing; nothing is created and no key is made.

    Raises
    ------
    RecordStoreUnavailable
        There is no store there, it cannot be opened, or a statement of the block failed.
    KeyUnavailable
        The keys cannot be used, or are not those of this store.
    """
    open_store(location, read_only=True).dispose()  # says so when there is none
    engine = open_store(location)
    try:
        with engine.begin() as connection:
            check_keys(connection, keys, name_of(location))
        yield engine
    except STORE_ERRORS as error:
        raise RecordStoreUnavailable(
            f"The record store {name_of(location)} could not be changed ({cause_of(error)}). What was "
            "committed before stays; check the database and its disk, and run the command again."
        ) from error
    finally:
        engine.dispose()
