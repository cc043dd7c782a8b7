"""A consumer runs once: who holds its lease may work, until it stops renewing.

The lease saves work, it does not guard results: an instance that was paused beyond its lease and
wakes up finds its cursor moved (`advance_cursor`), and discards what it did.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from sqlalchemy import Engine, delete, or_, update

from credit.records.store.engine import begin_write, insert_into
from credit.records.store.state import leases

DURATION_S = 30.0
"""How long the instances of a consumer wait before one takes over from another that fell silent."""


class Lease:
    """The right of one instance to run a consumer.

    Parameters
    ----------
    state
        The state database.
    consumer
        Name of the consumer, as its cursor has it.
    duration_s
        Renew well within it, at each step; the others take over after it.
    clock
        Unix time. Clocks of instances may differ by seconds, which only moves the time of a
        take-over.
    """

    def __init__(
        self,
        state: Engine,
        consumer: str,
        *,
        duration_s: float = DURATION_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._consumer = consumer
        self._duration_s = duration_s
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._ours_until = 0.0

    def hold(self) -> bool:
        """Take the lease, or renew it in time; False while another instance holds it.

        Costs a write for each third of the duration, however often it is asked.
        """
        now = self._clock()
        if now < self._ours_until - self._duration_s * 2 / 3:
            return True
        held = self._write(now)
        self._ours_until = now + self._duration_s if held else 0.0
        return held

    def release(self) -> None:
        """Give the lease back, so that the next instance need not wait."""
        self._ours_until = 0.0
        with begin_write(self._state) as connection:
            connection.execute(
                delete(leases).where(
                    leases.c.consumer == self._consumer, leases.c.holder == self._holder
                )
            )

    def _write(self, now: float) -> bool:
        values = {"holder": self._holder, "expires_at": now + self._duration_s}
        ours_or_free = or_(leases.c.holder == self._holder, leases.c.expires_at < now)
        with begin_write(self._state) as connection:
            renewed = connection.execute(
                update(leases)
                .where(leases.c.consumer == self._consumer, ours_or_free)
                .values(values)
            )
            if renewed.rowcount == 1:
                return True
            first = insert_into(connection, leases).values(consumer=self._consumer, **values)
            taken = first.on_conflict_do_nothing().returning(leases.c.consumer)
            return connection.execute(taken).one_or_none() is not None
