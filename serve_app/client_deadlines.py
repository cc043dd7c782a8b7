"""``X-Request-Timeout-Ms``: how long a client waits, so that nobody works for one that has given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from serve_app.deadlines import DeadlinePassed, Deadlines
from serve_app.problems import MalformedRequest
from serve_app.reply import Reply
from serve_app.requests import Request

LONGEST_MS = 600_000
"""As long as any limit of the service may be."""

_DIGITS = len(str(LONGEST_MS))


class ClientDeadlines:
    """Keeps the deadlines that clients set, inside of which the limits of the routes hold as ever."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    async def answer(
        self, endpoint: Callable[[Request], Awaitable[Reply]], request: Request
    ) -> Reply:
        """Answer a request by its deadline.

        Raises
        ------
        MalformedRequest
            When the header is not a number of milliseconds.
        DeadlinePassed
            When there was no answer by then.
        """
        milliseconds = _milliseconds(request.headers[b"x-request-timeout-ms"])
        deadline = self._deadlines.exactly(milliseconds / 1000)
        try:
            with deadline:
                request.deadline = deadline
                return await endpoint(request)
        except TimeoutError:
            if not deadline.has_passed:
                raise
            raise DeadlinePassed(has_begun=request.has_begun) from None


def _milliseconds(value: bytes) -> int:
    text = value.strip()
    if not text.isdigit() or len(text) > _DIGITS or not 1 <= int(text) <= LONGEST_MS:
        raise MalformedRequest(
            400, f"X-Request-Timeout-Ms: expected whole milliseconds, 1 to {LONGEST_MS}"
        )
    return int(text)
