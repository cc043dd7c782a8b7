"""The service behind the door."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from credit.errors import SettingsInvalid
from serve_app.client_deadlines import LONGEST_MS
from serve_app.inference_grpc.refusals import CallRefused

Context = Any
"""``grpc.aio.ServicerContext``, whose package has no types."""

HANDED_ON = ("authorization", "idempotency-key", "traceparent", "tracestate", "x-request-id")
"""Metadata of a call that become headers."""
HANDED_BACK = ("retry-after", "x-request-id")
"""Headers of an answer that become metadata."""

UNREACHED = 503
UNCERTAIN = 0
"""No status of HTTP: the service was asked, and its answer did not come."""

_CONNECT_S = 2.0
# The service bounds what it takes on, and says so at once; calls must not queue here before that.
# All are kept, for the reason of `serve_app.client.connections`.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)
_NOT_ASKED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Upstream:
    """The service that decides.

    Parameters
    ----------
    url
        Such as ``http://127.0.0.1:8000``.
    transport
        How requests travel, in place of the network.

    Raises
    ------
    SettingsInvalid
        When that is no address of a service.
    """

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsInvalid(f"{url!r} is no address of a service: expected http://HOST:PORT")
        # How long an answer may take, the service knows, and the client of the call.
        timeout = httpx.Timeout(LONGEST_MS / 1000, connect=_CONNECT_S)
        try:
            self._http = httpx.AsyncClient(
                base_url=url,
                timeout=timeout,
                transport=transport,
                limits=_LIMITS,
                # It is near: packing costs more than sending.
                headers={"accept-encoding": "identity"},
            )
        except httpx.InvalidURL as error:
            raise SettingsInvalid(f"{url!r} is no address of a service: {error}") from None

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
            When the service cannot be reached, or its answer does not come.
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
        except _NOT_ASKED as error:
            raise CallRefused(
                UNREACHED, f"the service cannot be reached ({type(error).__name__})"
            ) from None
        except httpx.HTTPError as error:
            raise CallRefused(
                UNCERTAIN,
                f"the answer of the service did not come ({type(error).__name__}): what was asked for may have "
                "been decided; repeat the call with the same idempotency-key",
            ) from None
        context.set_trailing_metadata(
            [(key, response.headers[key]) for key in HANDED_BACK if key in response.headers]
        )
        return response
