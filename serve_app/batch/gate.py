"""How many rows of batches begin, and how many are under way."""

from __future__ import annotations

import asyncio
from collections import deque


class RowGate:
    """Lets one row of all batches begin in a turn of the event loop, and bounds how many are under way.

    So between two rows, which keep the loop busy for less than half a millisecond each, every other request is
    seen and one of them begins to be decided (``serve_app.admission``): a batch takes half of the loop while
    others ask, however long it is and however many batches there are. Batches take turns, first come first
    served.

    Parameters
    ----------
    maximum
        Rows under way: what waits for the record store must leave room there for who is alone.
    """

    def __init__(self, maximum: int) -> None:
        self._room = maximum
        self._line: deque[asyncio.Future[None]] = deque()
        self._is_due = False

    @property
    def has_room(self) -> bool:
        """Whether a row that comes now gets its turn within a few turns of the loop, whatever others do."""
        return self._room > len(self._line)

    async def enter(self) -> None:
        """Wait for the turn of a row; :meth:`leave` once it is decided."""
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        self._look_again()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was let in while it was being cancelled
                self.leave()
            raise

    def leave(self) -> None:
        """Make room for another row."""
        self._room += 1
        self._look_again()

    def _look_again(self) -> None:
        if self._line and self._room and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._is_due = False
        while self._line:
            turn = self._line.popleft()
            if not turn.done():  # who waits no longer is passed over
                self._room -= 1
                turn.set_result(None)
                break
        self._look_again()
