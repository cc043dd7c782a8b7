"""Rotate the master key: every subject key is wrapped anew, and nothing is encrypted again.

A new master key enters the key file first, so a crash at any later point leaves keys under both, and
both open. Running it again goes on. Readers and writers work meanwhile: who meets a master key that it
does not know reads its key file again.

Dropping the old master keys is what makes copies useless that nobody can reach: backups, archived
logs and freed pages hold subject keys, also destroyed ones, wrapped under a master key that is then
gone. It also means that no backup from before can be opened any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, text, update

from credit.errors import SettingsInvalid
from credit.records.sealing.keys import KeyProvider, MasterKeyHolder
from credit.records.sealing.opening import store_with_keys
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.engine import begin_alone, begin_write, is_sqlite
from credit.records.store.location import Location
from credit.records.store.schema import subject_keys

ROWS_AT_ONCE = 1000
"""Rows that one transaction changes: bounds how long a writer waits for it."""

_alive = subject_keys.c.wrapped_key.is_not(None)
_OTHERS = (
    select(subject_keys)
    .where(
        _alive,
        subject_keys.c.master_key_id != bindparam("current"),
        subject_keys.c.key_id > bindparam("after"),
    )
    .order_by(subject_keys.c.key_id)
    .limit(ROWS_AT_ONCE)
)
_COUNT_OTHERS = (
    select(func.count())
    .select_from(subject_keys)
    .where(_alive, subject_keys.c.master_key_id != bindparam("current"))
)
# Only what is still as it was read: a key that was destroyed meanwhile must not come back.
_REWRAP = (
    update(subject_keys)
    .where(subject_keys.c.key_id == bindparam("id"), subject_keys.c.wrapped_key == bindparam("old"))
    .values(wrapped_key=bindparam("new"), master_key_id=bindparam("name"))
)
_NEEDED = select(subject_keys.c.master_key_id).where(_alive).distinct()
# Whoever makes a subject key has read or written `subjects` in that transaction before: after this
# lock no key is on its way into the store under an older master key.
_NO_WRITERS = text("LOCK TABLE subjects, subject_keys IN EXCLUSIVE MODE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a rotation did.

    Attributes
    ----------
    master_key_id
        The current master key.
    added
        Whether it is new. False: an earlier rotation was finished, or the provider rotates by itself.
    n_rewrapped
        Subject keys that were wrapped anew.
    n_left
        Subject keys under older master keys: made meanwhile by a program with an older key file.
    dropped
        Older master keys that are gone.
    """

    master_key_id: str
    added: bool
    n_rewrapped: int
    n_left: int
    dropped: tuple[str, ...]


def rotate_master_key(
    location: Location,
    keys: KeyProvider,
    *,
    drop_old: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Rotation:
    """Give every subject key a new wrapping, in short transactions; blocking.

    While subject keys lie under an older master key, an earlier rotation is finished instead and no
    key is added.

    Parameters
    ----------
    drop_old
        Destroy the master keys that no subject key needs any more. Every machine must have the new key
        file by then; backups made before can no longer be opened.
    advance
        Told how many keys a transaction was about, after each.

    Raises
    ------
    SettingsInvalid
        `drop_old`, and the provider keeps its master keys itself.
    KeyUnavailable
        The keys are not those of this store, cannot be changed, or do not open a subject key.
    RecordStoreUnavailable
        The store cannot be read or written.
    """
    if drop_old and not isinstance(keys, MasterKeyHolder):
        raise SettingsInvalid(
            "The master keys are kept by a key management service; drop old ones there, once a rotation "
            "here has left no subject key under them."
        )
    with store_with_keys(location, keys) as engine:
        added = False
        if isinstance(keys, MasterKeyHolder) and count_others(engine, keys) == 0:
            keys.add_master_key()
            added = True
        n_rewrapped = _rewrap_all(engine, keys, advance)
        # Once more, for what writers made before they noticed.
        n_rewrapped += _rewrap_all(engine, keys, advance)
        dropped: tuple[str, ...] = ()
        if drop_old and isinstance(keys, MasterKeyHolder):
            dropped = _drop(engine, keys)
        return Rotation(
            master_key_id=keys.master_key_id,
            added=added,
            n_rewrapped=n_rewrapped,
            n_left=count_others(engine, keys),
            dropped=dropped,
        )


def count_keys(location: Location, keys: KeyProvider) -> int:
    """Count the subject keys that a rotation would wrap anew; reads the table to its end."""
    with store_with_keys(location, keys) as engine, engine.begin() as connection:
        everything = select(func.count()).select_from(subject_keys).where(_alive)
        return connection.execute(everything).scalar_one()


def count_others(engine: Engine, keys: KeyProvider) -> int:
    """Count the subject keys under another master key than the current one."""
    with engine.begin() as connection:
        return connection.execute(_COUNT_OTHERS, {"current": keys.master_key_id}).scalar_one()


def _rewrap_all(engine: Engine, keys: KeyProvider, advance: Callable[[int], None]) -> int:
    wrapping, done, after = SubjectKeys(keys), 0, ""
    while rows := _read(engine, keys.master_key_id, after):
        done += _rewrap(engine, wrapping, rows)
        after = rows[-1].key_id
        advance(len(rows))
    return done


def _read(engine: Engine, current: str, after: str) -> Sequence[Row[Any]]:
    with engine.begin() as connection:
        return connection.execute(_OTHERS, {"current": current, "after": after}).all()


def _rewrap(engine: Engine, wrapping: SubjectKeys, rows: Sequence[Row[Any]]) -> int:
    """Wrap before the transaction, so that writers wait for the database's work only."""
    stored = [
        WrappedKey(row.key_id, row.subject_ref, row.master_key_id, row.wrapped_key) for row in rows
    ]
    changes = [
        {
            "id": old.key_id,
            "old": old.wrapped_key,
            "new": new.wrapped_key,
            "name": new.master_key_id,
        }
        for old, new in zip(stored, wrapping.rewrap(stored), strict=True)
    ]
    with begin_write(engine) as connection:
        return connection.execute(_REWRAP, changes).rowcount


def _drop(engine: Engine, keys: MasterKeyHolder) -> tuple[str, ...]:
    with begin_alone(engine) as connection:
        _exclude_writers(connection)
        return keys.drop_master_keys(set(connection.execute(_NEEDED).scalars()))


def _exclude_writers(connection: Connection) -> None:
    if not is_sqlite(connection):  # where `begin_alone` excludes them
        connection.execute(_NO_WRITERS)
