"""``credit records migrate``."""

from __future__ import annotations

import typer

from cluster.cli.terminal import console, stage


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(migrate)


def migrate() -> None:
    """Bring the record store and the state database to this program's schema, with all their data.

    Stop every service that uses them, and back both up, first: an older program refuses a newer schema. Each
    database is moved in one transaction, so it is moved whole or not at all. Nothing is sealed anew: records
    keep their bytes, and their chains.
    """
    from credit.records.store.engine import make_durable, open_engine
    from credit.records.store.location import name_of
    from credit.records.store.migrate import RECORDS, STATE, migrate
    from credit.settings import Settings

    settings = Settings()
    for location, history in ((settings.records, RECORDS), (settings.state, STATE)):
        engine = open_engine(location)
        try:
            with stage(f"{history.name}: {name_of(location)}"):
                make_durable(engine)
                before, after = migrate(engine, history)
        finally:
            engine.dispose()
        done = f"already at {after}" if before == after else f"{before or 'empty'} -> {after}"
        console.print(f"{history.name}: {done}")
