"""What people and time added to a decision: reviews and outcomes, in the state database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from sqlalchemy import inspect, text

from credit.errors import RecordStoreUnavailable
from credit.records.store.engine import STORE_ERRORS, cause_of, open_engine
from credit.records.store.location import Location, name_of

Kind = Literal["reviews", "outcomes"]


def added_later(
    state: Location, kind: Kind, *, tenant: str, decision_id: str
) -> tuple[dict[str, Any], ...]:
    """Read what was added to one decision; empty while there is no such table yet.

    Raises
    ------
    RecordStoreUnavailable
        The state database cannot be read.
    """
    if isinstance(state, Path) and not state.exists():
        return ()
    engine = open_engine(state, read_only=True)
    try:
        with engine.begin() as connection:
            if not inspect(connection).has_table(kind):
                return ()
            statement = text(
                f"SELECT * FROM {kind} WHERE tenant = :tenant AND decision_id = :decision_id"  # noqa: S608
            )
            wanted = {"tenant": tenant, "decision_id": decision_id}
            return tuple(dict(row) for row in connection.execute(statement, wanted).mappings())
    except STORE_ERRORS as error:
        raise RecordStoreUnavailable(
            f"The state database {name_of(state)} cannot be read ({cause_of(error)}); check that it runs "
            "and that its disk is well."
        ) from error
    finally:
        engine.dispose()
