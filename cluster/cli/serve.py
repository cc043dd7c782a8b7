"""``credit serve``: run the graph on this machine."""

from __future__ import annotations

import signal
import threading
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from cluster.cli.terminal import console, stage
from cluster.local_ray import local_ray
from cluster.running import Running, require_startable, running_service
from credit.contract import Contract, load_contract
from serve_app.openapi import example_application
from serve_app.settings import ServiceArgs


class Placement(StrEnum):
    """Where the nodes live."""

    GRAPH = "graph"
    FUSED = "fused"


def serve(
    product: Annotated[str, typer.Option(help="Packaged contract name.")] = "give_me_some_credit",
    champion: Annotated[
        str, typer.Option(help="Registry alias, or path of a bundle folder.")
    ] = "champion",
    challenger: Annotated[
        list[str] | None, typer.Option(help="The same for challengers; repeat it, or give none.")
    ] = None,
    share: Annotated[
        int, typer.Option(min=0, max=1000, help="Applicants out of 1,000 for each challenger.")
    ] = 200,
    placement: Annotated[
        Placement, typer.Option(help="fused is fastest, graph scales each node.")
    ] = (Placement.GRAPH),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    auth: Annotated[bool, typer.Option(help="Ask for a token; off on loopback only.")] = True,
    drift_window: Annotated[int, typer.Option(help="Decisions per drift report.")] = 500,
) -> None:
    """Compose the graph from MLflow aliases or bundle folders and serve it until Ctrl-C."""
    args = ServiceArgs(
        product=product,
        champion=champion,
        challengers=tuple(challenger or ()),
        challenger_share=share,
        placement=placement.value,
        host=host,
        auth=auth,
        drift_window=drift_window,
    )
    require_startable(args, port)
    with (
        stage("starting Ray and the graph") as started,
        local_ray(serving=True),
        running_service(args, port=port) as running,
    ):
        started()
        say_where(running, args, load_contract(product))
        wait_for_interrupt()


def say_where(running: Running, args: ServiceArgs, contract: Contract) -> None:
    """Print the addresses and a request that works."""
    body = msgspec.json.encode(example_application(contract)).decode()
    token_path = args.settings.token_path
    header = f'  -H "Authorization: Bearer $(cat {token_path})" \\\n' if running.token else ""
    console.print(f"Serving {args.product} ({args.placement}) at {running.url}. Ctrl-C stops it.")
    console.print(f"Routes for people: {running.url}/docs   metrics: {running.url}/metrics\n")
    console.print(
        f"curl -s {running.url}/v1/score \\\n{header}  -H 'Content-Type: application/json' \\\n  -d '{body}'",
        soft_wrap=True,
        markup=False,
    )


def wait_for_interrupt() -> None:
    """Return on Ctrl-C or on a polite request to end."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()
