"""``credit serve``: run the graph on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from cluster.cli.options import DetectorName, NodeName, Placement
from cluster.cli.terminal import stage


def serve(
    product: Annotated[str, typer.Option(help="Packaged contract name.")] = "give_me_some_credit",
    champion: Annotated[
        str | None,
        typer.Option(
            help="Registry alias, hash or path of a bundle folder. Without it, what `credit rollout status` "
            "shows, and the first time the alias champion."
        ),
    ] = None,
    challenger: Annotated[
        list[str] | None,
        typer.Option(
            help="The same for challengers; can be repeated. Without it, what the rollout says."
        ),
    ] = None,
    share: Annotated[
        int, typer.Option(min=0, max=1000, help="Applicants out of 1,000 for each challenger.")
    ] = 200,
    placement: Annotated[
        Placement, typer.Option(help="fused is fastest, graph scales each node.")
    ] = (Placement.GRAPH),
    replicas: Annotated[int, typer.Option(min=1, max=1000, help="Replicas of the gateway.")] = 1,
    own: Annotated[
        list[NodeName] | None,
        typer.Option(help="A node that is a deployment of its own whatever --placement says."),
    ] = None,
    shadows: Annotated[
        bool, typer.Option("--shadows", help="A node that scores for the rollout's shadows.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    auth: Annotated[bool, typer.Option(help="Ask for a token; off on loopback only.")] = True,
    drift_window: Annotated[int, typer.Option(help="Decisions per drift report.")] = 500,
    detector: Annotated[
        list[DetectorName] | None, typer.Option(help="Drift detectors; default: all.")
    ] = None,
) -> None:
    """Compose the graph from the bundles of the rollout and serve it until Ctrl-C."""
    from cluster.local_ray import local_ray
    from cluster.running import require_startable, running_service
    from cluster.serving import say_where, wait_for_interrupt
    from credit.contract import load_contract
    from serve_app.settings import NodeArgs, PlacedNodeArgs, ServiceArgs

    args = ServiceArgs(
        product=product,
        champion=champion,
        challengers=tuple(challenger) if challenger else None,
        challenger_share=share,
        placement=placement.value,
        gateway=NodeArgs(replicas=replicas),
        **{name.value: PlacedNodeArgs(placement="own") for name in own or ()},
        shadows=shadows,
        host=host,
        auth=auth,
        drift_window=drift_window,
        drift_detectors=tuple(d.value for d in detector or DetectorName),
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
