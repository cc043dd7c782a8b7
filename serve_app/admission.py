"""Who may be decided now, who waits in line, and who is told to come again later.

A replica decides a bounded number of requests at a time. In front of that is a bounded number of
places, which hold requests whose body is still on its way and requests that wait in line. Whoever finds no
place is refused at once, before a byte of the body is read.

Three rules keep it fair between tenants:

- *Turns.* Each tenant has a line of its own, and the lines are served in turn, one request each: fair
  queueing by round robin (J. Nagle, RFC 970, 1985). It needs no deficit counters as M. Shreedhar and
  G. Varghese added them (SIGCOMM 1995), for decisions cost about the same.
- *Places.* A tenant may hold as many places as are still free (A. Choudhury and E. Hahne, "Dynamic queue
  length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998,
  with alpha = 1). One that floods gets half of them, two that flood a third each; some are always free for
  who comes next. Who stands in line while slots are free only waits for a turn, and takes no place from others.
- *One at a time.* In one turn of the event loop one decision begins: between two decisions, which keep
  the loop busy, arrivals are seen, answered or put in line. For every few that were refused in a turn one more
  begins in the next, so that a flood of refusals takes half of the loop's time and no more.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

from serve_app.limits import Limits
from serve_app.pace import Pace, RefusalLog

REFUSALS_FOR_ONE = 4
"""Requests that are refused in about the time that one is decided (0.19 and 0.87 ms on two busy cores)."""


class Overloaded(Exception):
    """Not now. Not a :class:`CreditError`: only the HTTP edge knows of it."""

    def __init__(self, detail: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(detail)


class HungUp(Exception):
    """The client is gone; there is nobody to answer."""


class Place:
    """What one request holds: a place from its arrival, then a slot, until it leaves."""

    __slots__ = ("_admission", "_turn", "has_slot", "tenant")

    def __init__(self, admission: Admission, tenant: str) -> None:
        self._admission = admission
        self._turn: asyncio.Future[None] | None = None
        self.tenant = tenant
        self.has_slot = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.leave(self)

    async def turn(self, gone: Callable[[], Awaitable[Any]]) -> None:
        """Wait for a slot, which costs nothing while the replica is idle.

        Parameters
        ----------
        gone
            Waits until the client hangs up; asked only when there is a line, after the whole body was read.

        Raises
        ------
        HungUp
            When the client did, before it had a slot.
        """
        if self._admission.try_begin(self):
            return
        self._turn = asyncio.get_running_loop().create_future()
        self._admission.line_up(self)
        if self._admission.has_slots:  # only turns of the loop lie between: shorter than to watch
            await self._turn
            return
        watch = asyncio.ensure_future(gone())
        try:
            await asyncio.wait((self._turn, watch), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
        if not self.has_slot:
            raise HungUp

    def grant(self) -> None:
        """Wake the request up: it has a slot."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)


class Admission:
    """The door of one replica; belongs to one event loop.

    Parameters
    ----------
    clock
        Seconds that never run backwards.

    Attributes
    ----------
    n_refused, n_late
        Requests that were told to come again later: at once, or after they had waited in vain.
    n_unavailable
        Requests that could not be answered for another reason that will pass.
    n_hung_up
        Requests whose client left before its answer: there was nobody to tell.
    n_deadline
        Requests that ran into the deadline of their client.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._pace = Pace(clock)
        self._log = RefusalLog(clock)
        self._slots = limits.max_in_flight
        self._places = limits.max_waiting
        self._held: dict[str, int] = {}
        self._lines: dict[str, deque[Place]] = {}
        self._in_line = 0
        self._may_begin = 1
        self._refused_in_turn = 0
        self._replica = secrets.token_hex(4)
        self.n_refused = 0
        self.n_late = 0
        self.n_unavailable = 0
        self.n_hung_up = 0
        self.n_deadline = 0

    @property
    def has_slots(self) -> bool:
        """Whether more could be decided at a time."""
        return self._slots > 0

    @property
    def in_flight(self) -> int:
        """Requests that are being decided."""
        return self._limits.max_in_flight - self._slots

    @property
    def waiting(self) -> int:
        """Requests that hold a place: their body is on its way, or they stand in line."""
        return self._limits.max_waiting - self._places

    def arrive(self, tenant: str) -> Place:
        """Give a request a place.

        Raises
        ------
        Overloaded
            When its tenant holds as many as are free.
        """
        held = self._held.get(tenant, 0)
        soon = min(self._slots, self._in_line)  # in line for a turn only: as good as gone
        if held - min(soon, len(self._lines.get(tenant, ()))) >= self._places + soon:
            self.n_refused += 1
            self._refused_in_turn += 1
            self._log.note(in_flight=self.in_flight, waiting=self.waiting)
            raise Overloaded(
                f"{self.waiting} requests wait already; nothing was decided. Try again after Retry-After",
                self.retry_after_s(),
            )
        self._held[tenant] = held + 1
        self._places -= 1
        return Place(self, tenant)

    def late(self) -> Overloaded:
        """Refuse a request that waited as long as an answer may take."""
        self.n_late += 1
        self._log.note(in_flight=self.in_flight, waiting=self.waiting)
        return Overloaded(
            f"waited for {self._limits.answer_timeout_s:g} s without a turn; nothing was decided. Try again "
            "after Retry-After",
            self.retry_after_s(),
        )

    def retry_after_s(self) -> int:
        """Seconds until those who wait now will have left, at the pace of those who left last: 1 to 60."""
        return self._pace.retry_after_s(self.waiting, is_waiting=bool(self._lines))

    def try_begin(self, place: Place) -> bool:
        """Give a slot at once, when nobody stands before this request."""
        if self._lines or not self._may_begin or not self._slots:
            return False
        self._begin(place)
        return True

    def line_up(self, place: Place) -> None:
        """Put a request at the end of its tenant's line."""
        if not self._lines:
            self._pace.begin()
        self._lines.setdefault(place.tenant, deque()).append(place)
        self._in_line += 1

    def leave(self, place: Place) -> None:
        """Take back what a request holds, however it ended."""
        if not place.has_slot:
            self._give_up_place(place)
            return
        self._slots += 1
        if self._lines:
            self._pace.one_left()
        self._serve()

    def metrics(self) -> bytes:
        """Metrics of this replica in the Prometheus text format; the label tells replicas apart, not clients."""
        figures = (
            (
                "requests_in_flight",
                "gauge",
                "Requests being decided by this replica",
                self.in_flight,
            ),
            ("requests_waiting", "gauge", "Requests with a place and no slot", self.waiting),
            ("requests_refused_total", "counter", "Refused at the door: 503", self.n_refused),
            ("requests_late_total", "counter", "Refused after waiting too long: 503", self.n_late),
            (
                "requests_unavailable_total",
                "counter",
                "Not answered because a store, a node or a bundle was not there: 503",
                self.n_unavailable,
            ),
            (
                "requests_hung_up_total",
                "counter",
                "Left before an answer was made, so that nobody was told: 499",
                self.n_hung_up,
            ),
            (
                "requests_deadline_passed_total",
                "counter",
                "Not answered by the deadline of the client: 504",
                self.n_deadline,
            ),
        )
        return "".join(
            f"# HELP credit_{name} {text}\n# TYPE credit_{name} {kind}\n"
            f'credit_{name}{{replica="{self._replica}"}} {value}\n'
            for name, kind, text, value in figures
        ).encode()

    def _begin(self, place: Place) -> None:
        self._slots -= 1
        self._release_place(place.tenant)
        place.has_slot = True
        self._may_begin -= 1
        if not self._may_begin:
            asyncio.get_running_loop().call_soon(self._next_turn_of_loop)

    def _next_turn_of_loop(self) -> None:
        self._may_begin = 1 + self._refused_in_turn // REFUSALS_FOR_ONE
        self._refused_in_turn = 0
        self._serve()
        self._may_begin = min(self._may_begin, 1)

    def _serve(self) -> None:
        """Give slots to the tenants in turn."""
        while self._lines and self._may_begin and self._slots:
            tenant = next(iter(self._lines))
            line = self._lines.pop(tenant)
            place = line.popleft()
            self._in_line -= 1
            if line:
                self._lines[tenant] = line  # behind all others: they come first now
            self._begin(place)
            place.grant()

    def _give_up_place(self, place: Place) -> None:
        self._release_place(place.tenant)
        line = self._lines.get(place.tenant)
        if line is not None and place in line:
            line.remove(place)
            self._in_line -= 1
            if not line:
                del self._lines[place.tenant]

    def _release_place(self, tenant: str) -> None:
        self._places += 1
        held = self._held[tenant] - 1
        if held:
            self._held[tenant] = held
        else:
            del self._held[tenant]
