"""The server of the gRPC door."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import grpc

from credit.errors import SettingsInvalid
from serve_app.inference_grpc.calls import InferenceCalls
from serve_app.inference_grpc.stubs import SERVICE
from serve_app.inference_grpc.upstream import Upstream

GRACE_S = 10.0
"""How long calls that are under way have when the door closes."""


class GrpcDoor:
    """Answers calls of the protocol until it is left; it belongs to the running event loop.

    Parameters
    ----------
    upstream
        The service that decides.
    host, port
        Where it listens; port 0 takes any that is free. There is no TLS: what is not on loopback belongs behind
        an ingress that has it.
    max_message_bytes
        Of a request.

    Attributes
    ----------
    port : int
        Where it listens.

    Raises
    ------
    SettingsInvalid
        When the address is taken, or the extra is not installed.
    """

    def __init__(self, upstream: Upstream, host: str, port: int, *, max_message_bytes: int) -> None:
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", max_message_bytes),
                (
                    "grpc.max_send_message_length",
                    -1,
                ),  # what was decided is told, however long it is
                # Two doors at one address would share its calls without a word.
                ("grpc.so_reuseport", 0),
            ]
        )
        handlers = InferenceCalls(upstream).handlers()
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, handlers),)
        )
        try:
            at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            self.port: int = self._server.add_insecure_port(at)
        except RuntimeError:
            raise SettingsInvalid(f"cannot listen on {host}:{port}; is it taken?") from None

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take no more calls, and let those that are under way end."""
        await self._server.stop(GRACE_S)
