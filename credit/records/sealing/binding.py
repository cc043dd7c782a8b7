"""A store and the keys it was filled with belong together.

With another lookup key, known applicants would look new and repeated requests would be decided
twice, without any error. So the first writer leaves a digest of a constant in the store, and
everyone compares it.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select, update

from credit.errors import KeyUnavailable
from credit.records.sealing.keys import KeyProvider
from credit.records.store.engine import begin_alone
from credit.records.store.schema import store_info

_CONSTANT = b"lookup-check"


def bind_keys(engine: Engine, keys: KeyProvider, name: str) -> None:
    """Prepare `keys` for writing to the store; only a store without data may have new keys made.

    Raises
    ------
    KeyUnavailable
        The keys cannot be used, or are not those of this store.
    """
    with begin_alone(engine) as connection:
        found = connection.execute(select(store_info.c.lookup_check)).scalar_one()
        keys.prepare(create=found is None)
        digest = keys.lookup_digest(_CONSTANT)
        if found is None:
            connection.execute(update(store_info).values(lookup_check=digest))
        else:
            _compare(found, digest, name)


def check_keys(connection: Connection, keys: KeyProvider, name: str) -> None:
    """Prepare `keys` for reading from the store.

    Raises
    ------
    KeyUnavailable
        The keys cannot be used, or are not those of this store.
    """
    found = connection.execute(select(store_info.c.lookup_check)).scalar_one()
    keys.prepare(create=False)
    _compare(found, keys.lookup_digest(_CONSTANT), name)


def _compare(found: bytes | None, digest: bytes, name: str) -> None:
    if found != digest:
        raise KeyUnavailable(
            f"The record store {name} was filled with other keys than the ones given; restore the "
            "key file that belongs to it."
        )
