"""``credit bench rollout``: whether anybody notices that models change."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cluster.cli.options import ContractOption, Placement
from cluster.cli.terminal import console, named_bar

REFERENCE = "Alias, hash or folder of a bundle."


def rollout(
    champion: Annotated[str, typer.Option(help=REFERENCE)] = "champion",
    challenger: Annotated[str, typer.Option(help=REFERENCE)] = "challenger",
    product: ContractOption = "give_me_some_credit",
    placement: Annotated[Placement, typer.Option(help="Where the nodes live.")] = Placement.FUSED,
    rounds: Annotated[int, typer.Option(min=1, help="Promotions, and as many rollbacks.")] = 50,
    kills: Annotated[int, typer.Option(min=0, help="SIGKILLs of a replica of each node.")] = 1,
    per_second: Annotated[float, typer.Option(min=1, help="Requests a second, all along.")] = 40,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Promote, roll back, change shares, scale, update and kill, under a load that never pauses.

    Every try that fails is counted and repeated with its key; every answer is held against the history of the
    rollout. The service is one of its own, below CREDIT_HOME, and is gone afterwards.
    """
    import msgspec

    from cluster.bench.rollout.plan import Plan, n_events
    from cluster.bench.rollout.start import measure_rollout

    plan = Plan(rounds=rounds, kills=kills, per_second=per_second)
    n_deployments = 2 if placement is Placement.FUSED else 6
    with named_bar("starting a service of its own", n_events(plan, n_deployments)) as advance:
        found = measure_rollout(
            champion,
            challenger,
            product,
            placement.value,
            plan,
            advance=advance,
        )
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table(title=f"{found.n_requests:,} requests, {found.n_generations:,} generations")
    table.add_column("what")
    table.add_column("times", justify="right")
    for event, n in found.events.items():
        table.add_row(event, f"{n:,}")
    for failure, n in sorted(found.failures.items()):
        table.add_row(f"try failed: {failure}", f"{n:,}")
    table.add_row("repeat got the stored answer", f"{found.reused:,}")
    table.add_row("request without an answer", f"{found.given_up:,}")
    table.add_row("answer of the wrong arm or bundle", f"{len(found.wrong):,}")
    console.print(table)
    for line in found.wrong[:10]:
        console.print(line, markup=False)
    latency = ", ".join(f"{name} {ms:,.1f}" for name, ms in found.latency_ms.items())
    console.print(f"Latency in ms, with repeats: {latency}.")
    console.print(
        f"Slowest switch to a generation that was active: {found.slowest_switch_s:.2f} s."
    )
