"""The service behind the door."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from serve_app.client_deadlines import LONGEST_MS
from serve_app.inference_grpc.refusals import CallRefused

Context = Any
"""``grpc.aio.ServicerContext``, whose package has no types."""

HANDED_ON = ("authorization", "idempotency-key", "traceparent", "tracestate", "x-request-id")
"""Metadata of a call that become headers."""
HANDED_BACK = ("retry-after", "x-request-id")
"""Headers of an answer that become metadata."""

UNREACHED = 503

_CONNECT_S = 2.0


class Upstream:
    """The service that decides.

    Parameters
    ----------
    url
        Such as ``http://127.0.0.1:8000``.
    transport
        How requests travel, in place of the network.
    """

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        # How long an answer may take, the service knows, and the client of the call.
        timeout = httpx.Timeout(LONGEST_MS / 1000, connect=_CONNECT_S)
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        """Return it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def get(self, context: Context, path: str) -> httpx.Response:
        """Ask for what stands at a path; as `post`."""
        return await self._ask(context, self._http.build_request("GET", path))

    async def post(
        self, context: Context, path: str, body: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        """Send a body; give the answer, whatever its status.

        Tokens and ids of the call go along, and the time that its client still waits. When the client hangs up,
        so does this.

        Raises
        ------
        CallRefused
            When the service cannot be reached.
        """
        request = self._http.build_request("POST", path, content=body, headers=headers)
        return await self._ask(context, request)

    async def _ask(self, context: Context, request: httpx.Request) -> httpx.Response:
        for key, value in context.invocation_metadata() or ():
            if key in HANDED_ON:
                request.headers[key] = value
        remaining_s = context.time_remaining()
        if remaining_s is not None:
            milliseconds = min(max(int(remaining_s * 1000), 1), LONGEST_MS)
            request.headers["x-request-timeout-ms"] = str(milliseconds)
        try:
            response = await self._http.send(request)
        except httpx.HTTPError as error:
            why = type(error).__name__
            raise CallRefused(
                UNREACHED, f"the service at {self._url} cannot be reached ({why})"
            ) from None
        context.set_trailing_metadata(
            [(key, response.headers[key]) for key in HANDED_BACK if key in response.headers]
        )
        return response
