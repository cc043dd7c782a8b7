"""``credit bench soak``: whether memory grows under load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cluster.cli.bench_serve import CONTRACT
from cluster.cli.options import Placement
from cluster.cli.terminal import console, named_bar


def soak(
    placement: Annotated[Placement, typer.Option(help="Where the nodes live.")] = Placement.FUSED,
    seconds: Annotated[float, typer.Option(min=10, help="How long.")] = 60,
    bundle: Annotated[
        Path | None,
        typer.Option(help="LightGBM bundle of give_me_some_credit; without it, one is trained."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Load the service at half of what it can, and watch the memory of all its processes.

    The slope is given with its interval at 95%; the first quarter, while caches fill, is left out.
    """
    import msgspec

    from cluster.bench.serve.bench import prepared
    from cluster.bench.serve.contenders.every import EVERY
    from cluster.bench.serve.soak import measure_soak
    from cluster.local_ray import training_threads
    from credit.contract import load_contract
    from credit.data import give_me_some_credit
    from credit.settings import Settings
    from tune.rows import prepare

    contract = load_contract(CONTRACT)
    rows, _ = prepare(give_me_some_credit(), contract)
    with (
        named_bar("soak", 3) as advance,
        prepared(
            rows,
            contract,
            bundle=bundle,
            home=Settings().home,
            num_threads=training_threads(),
            advance=advance,
        ) as bench,
    ):
        found = measure_soak(bench, EVERY[placement.value], seconds)
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table(
        title=f"{found.placement}, {found.per_second:,.0f} requests/s for {seconds:,.0f} s"
    )
    for head in ("MiB", "slope, MiB/hour", "95% interval", "p50 ms", "p99 ms", "errors"):
        table.add_column(head, justify="right")
    grown = found.growth
    table.add_row(
        f"{grown.first:,.0f} to {grown.last:,.0f} {grown.kind}",
        f"{grown.slope:,.1f}",
        f"{grown.low:,.1f} to {grown.high:,.1f}",
        f"{found.load.p50_ms:.2f}",
        f"{found.load.p99_ms:.2f}",
        f"{found.load.n_errors:,}",
    )
    console.print(table)
