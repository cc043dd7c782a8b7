"""``credit grpc``: the inference protocol over gRPC, in front of a service."""

from __future__ import annotations

from typing import Annotated

import typer

from cluster.cli.terminal import console


def grpc(
    to: Annotated[
        str, typer.Option(help="Address of the service that decides.")
    ] = "http://127.0.0.1:8000",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8001,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Answer the Open Inference Protocol over gRPC until Ctrl-C, by asking a service that runs.

    A call becomes one request to the service's `/v2`, with the call's own token (metadata `authorization`). It
    takes the extra `grpc`.
    """
    import asyncio

    asyncio.run(_until_interrupted(to, host, port))


async def _until_interrupted(to: str, host: str, port: int) -> None:
    import asyncio
    import signal

    from credit.settings import Settings
    from serve_app.inference_grpc import GrpcDoor, Upstream

    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with (
        Upstream(to) as upstream,
        GrpcDoor(upstream, host, port, max_message_bytes=Settings().max_batch_bytes) as door,
    ):
        console.print(f"Inference protocol over gRPC at {host}:{door.port}, answered by {to}.")
        console.print("Ctrl-C stops it.")
        await asked.wait()
