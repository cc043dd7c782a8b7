"""How this project opens PostgreSQL: durable, bounded in its waits, quiet about values."""

from __future__ import annotations

import os

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from credit.errors import RecordStoreUnavailable, SettingsInvalid
from credit.records.store.arrays import teach_driver
from credit.records.store.location import name_of, postgres_url

# A server that is gone without a word (a pulled cable) is given up after this time.
_PATIENCE_S = 10
_STATEMENT_TIMEOUT_S = 30
# Any number will do, as long as it is always the same one.
_ADVISORY_LOCK = 0x_C4ED17

_MUST_BE_ON = ("fsync", "full_page_writes")
_WAITS_FOR_DISK = frozenset({"on", "local", "remote_write", "remote_apply"})


def postgres_engine(address: str, *, read_only: bool = False) -> Engine:
    """Describe how to connect to a database; nothing is opened yet.

    Errors do not quote parameters. Connections are never shared with a forked child.

    Raises
    ------
    SettingsInvalid
        The address cannot be read, or the driver is not installed.
    """
    options = [
        "-c default_transaction_isolation=read\\ committed",
        f"-c statement_timeout={_STATEMENT_TIMEOUT_S}s",
        f"-c idle_in_transaction_session_timeout={_STATEMENT_TIMEOUT_S}s",
    ]
    if read_only:
        options.append("-c default_transaction_read_only=on")
    try:
        teach_driver()  # first, because the engine copies what the driver knows
        engine = create_engine(
            postgres_url(address),
            connect_args={
                "options": " ".join(options),
                "connect_timeout": _PATIENCE_S,
                "tcp_user_timeout": _PATIENCE_S * 1000,
                "keepalives_idle": _PATIENCE_S,
                "application_name": "credit-records",
            },
            hide_parameters=True,
            pool_reset_on_return="rollback",
        )
    except (ImportError, NoSuchModuleError) as error:
        raise SettingsInvalid(
            f"{name_of(address)} needs the PostgreSQL driver; install credit-cluster[postgres]."
        ) from error
    event.listen(engine, "connect", _remember_process)
    event.listen(engine, "checkout", _refuse_inherited)
    return engine


def refuse_unsafe_settings(engine: Engine) -> None:
    """Refuse a server that acknowledges commits which a power cut would take back.

    Raises
    ------
    RecordStoreUnavailable
        Naming the setting.
    """
    with engine.begin() as connection:
        found = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in (*_MUST_BE_ON, "synchronous_commit")
        }
    unsafe = [name for name in _MUST_BE_ON if found[name] != "on"]
    if found["synchronous_commit"] not in _WAITS_FOR_DISK:
        unsafe.append("synchronous_commit")
    if unsafe:
        names = " and ".join(f"{name} = {found[name]}" for name in unsafe)
        raise RecordStoreUnavailable(
            f"The database runs with {names}: it would acknowledge decisions that are not on disk. "
            "Switch it on for this database and start again."
        )


def refuse_foreign_order(connection: Connection) -> None:
    """Refuse records of another server, whose transactions this one has not reached.

    A dump carries them over; consumers would wait for transactions that are long done.

    Raises
    ------
    RecordStoreUnavailable
        Saying how far the server must be brought.
    """
    newest, next_ = connection.execute(
        text(
            "SELECT (SELECT max(commit_xid) FROM records), "
            "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
    ).one()
    if newest is not None and newest >= next_:
        raise RecordStoreUnavailable(
            f"These records were written by another PostgreSQL server (transaction {newest}, this server is "
            f"at {next_}), so their order cannot be told. Restore a physical backup instead of a dump, or stop "
            f"this server and bring its counter beyond {newest} with pg_resetwal -x (and -e)."
        )


def expect_lookups_only(connection: Connection) -> None:
    """Let every plan of this connection go through indexes, and be made once.

    A plan that was made while the tables were empty would read them whole, and be kept while they grow.
    """
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        connection.exec_driver_sql(f"SET {setting} = off")
    connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
    connection.commit()


def exclude_others(connection: Connection) -> None:
    """Wait until no other transaction that asked for this is open; ends with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _remember_process(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    entry.info["process"] = os.getpid()


def _refuse_inherited(
    _: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    if entry.info["process"] != os.getpid():
        raise DisconnectionError("the connection belongs to the parent process")
