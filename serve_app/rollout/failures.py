"""How many requests each arm was asked, and how many it failed.

A request that fails leaves no record, so a reader of the records sees an arm that fails as one that is
asked less. Gateways therefore count in memory, and add what is new to a table of the state database now
and then; whoever watches arms reads the totals.

Counted are only applicants who have a slot: those outside the experiment all go to the champion, and
are others. What a process counted since its last flush is lost when it is killed; both arms lose alike.
"""

from __future__ import annotations

import asyncio
import threading

import msgspec
import sqlalchemy as sa

from credit.errors import (
    ApplicationInvalid,
    CreditError,
    KeyUnavailable,
    NotJson,
    RecordError,
    RecordStoreUnavailable,
)
from credit.records.store.engine import STORE_ERRORS, begin_write, cause_of, insert_into
from credit.records.store.state import ensure_tables
from serve_app.admission import HungUp, Overloaded
from serve_app.rollout.store import metadata

arm_failures = sa.Table(
    "arm_failures",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("arm", sa.String(64), primary_key=True),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
)

_NOBODYS_FAULT = (ApplicationInvalid, NotJson, RecordError, KeyUnavailable)


class Requests(msgspec.Struct, frozen=True):
    """Requests to an arm. Adding two gives those of both.

    Attributes
    ----------
    failed
        Those without a decision for which the arm is to blame (:func:`is_arms_fault`).
    """

    asked: int = 0
    failed: int = 0

    def __add__(self, other: Requests) -> Requests:
        return Requests(self.asked + other.asked, self.failed + other.failed)


def is_arms_fault(error: BaseException) -> bool:
    """Whether an arm is to blame for an error that was raised after it was chosen.

    It is for everything that scoring raises: a bundle that is not loaded or damaged, reasons that do
    not add up, a node that does not answer, and what nobody planned. It also is when scoring was
    cancelled: the time limit passed or the client was tired of waiting, of which an arm that hangs has
    more than another. It is not for

    - an application that breaks the contract, which all arms share;
    - the record store, its queue and its keys (`RecordError`, `KeyUnavailable`): the score was there;
    - what the door refuses for want of a place (`Overloaded`): no arm was asked; nor for an interpreter that
      is told to end.
    """
    if isinstance(error, CreditError):
        return not isinstance(error, _NOBODYS_FAULT)
    if isinstance(error, asyncio.CancelledError):
        return True
    return isinstance(error, Exception) and not isinstance(error, Overloaded | HungUp)


class ArmCounter:
    """Counts requests and failures of a process; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: dict[tuple[int, str], Requests] = {}
        self._has_table = False

    def count(self, generation: int, arm: str, slot: int | None, *, failed: bool) -> None:
        """Count one request whose end is known; without a slot it is in no experiment and is not counted."""
        if slot is not None:
            self._add({(generation, arm): Requests(1, int(failed))})

    def raised(self, generation: int, arm: str, slot: int | None, error: BaseException) -> None:
        """Count one request that ended with an error; as failed when it is the arm's fault."""
        self.count(generation, arm, slot, failed=is_arms_fault(error))

    def flush(self, engine: sa.Engine, product: str) -> None:
        """Add what was counted since the last flush to the table, in one transaction.

        Raises
        ------
        RecordStoreUnavailable
            When the state database cannot be written; the counts are kept for the next flush.
        """
        with self._lock:
            new, self._new = self._new, {}
        if not new:
            return
        try:
            if not self._has_table:
                create_failures(engine)
                self._has_table = True
            with begin_write(engine) as connection:
                # In one order in all processes, so that none waits for a row of another in a circle.
                for (generation, arm), requests in sorted(new.items()):
                    _add(connection, (product, generation, arm), requests)
        except BaseException as error:
            self._add(new)
            if isinstance(error, STORE_ERRORS):
                raise RecordStoreUnavailable(
                    f"the failures of arms cannot be written to the state database ({cause_of(error)}); they "
                    "are kept, and scores are not affected"
                ) from error
            raise

    def _add(self, counted: dict[tuple[int, str], Requests]) -> None:
        with self._lock:
            for key, requests in counted.items():
                self._new[key] = self._new.get(key, Requests()) + requests


def create_failures(engine: sa.Engine) -> None:
    """Create the table, and the others of the rollout, if they are missing."""
    ensure_tables(engine, metadata)


def read_failures(
    engine: sa.Engine, product: str, *, since: int = 0
) -> dict[tuple[int, str], Requests]:
    """Read what was counted in all, by generation and arm, from a generation on; the table must exist."""
    found = sa.select(
        arm_failures.c.generation,
        arm_failures.c.arm,
        arm_failures.c.asked,
        arm_failures.c.failed,
    ).where(arm_failures.c.product == product, arm_failures.c.generation >= since)
    with engine.connect() as connection:
        return {
            (row.generation, row.arm): Requests(row.asked, row.failed)
            for row in connection.execute(found)
        }


def _add(connection: sa.Connection, key: tuple[str, int, str], requests: Requests) -> None:
    product, generation, arm = key
    statement = insert_into(connection, arm_failures).values(
        product=product,
        generation=generation,
        arm=arm,
        asked=requests.asked,
        failed=requests.failed,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[
                arm_failures.c.product,
                arm_failures.c.generation,
                arm_failures.c.arm,
            ],
            set_={
                "asked": arm_failures.c.asked + statement.excluded.asked,
                "failed": arm_failures.c.failed + statement.excluded.failed,
            },
        )
    )
