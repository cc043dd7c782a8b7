"""``credit bench shadow``: whether shadows slow the service down."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cluster.cli.bench_rollout import REFERENCE
from cluster.cli.options import ContractOption, Placement
from cluster.cli.terminal import console, named_bar


def shadow(
    champion: Annotated[str, typer.Option(help=REFERENCE)] = "champion",
    challenger: Annotated[str, typer.Option(help="The shadow's bundle, likewise.")] = "challenger",
    product: ContractOption = "give_me_some_credit",
    placement: Annotated[Placement, typer.Option(help="Where the nodes live.")] = Placement.FUSED,
    rounds: Annotated[int, typer.Option(min=1, help="Runs with each kind of shadow.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="Of each run.")] = 20,
    per_second: Annotated[float, typer.Option(min=1, help="Requests a second, all along.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Measure response times with a shadow that fares well, is dead, slow or crashing, between runs without one.

    Dead is a process that is stopped, slow one that runs a tenth of the time, crashing one that is killed
    whenever it is there. What each changed at p99 is held against what two identical runs differ by. The service
    is one of its own, below CREDIT_HOME, and is gone afterwards.
    """
    import msgspec

    from cluster.bench.shadowing.effect import FAULTS
    from cluster.bench.shadowing.start import measure_shadowing

    n_runs = 2 * len(FAULTS) * rounds + 2
    with named_bar("starting a service of its own", n_runs) as advance:
        found = measure_shadowing(
            champion,
            challenger,
            product,
            placement.value,
            rounds=rounds,
            seconds=seconds,
            per_second=per_second,
            advance=advance,
        )
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table(title=f"{found.n_answers:,} answers at {per_second:,.0f} requests a second")
    table.add_column("shadow")
    for head in ("p50 ms", "p99 ms", "change of p99, ms", "from", "to", "errors"):
        table.add_column(head, justify="right")
    alone = (found.alone_p50_ms, found.alone_p99_ms)
    table.add_row("none", *[f"{ms:.2f}" for ms in alone], "", "", "", f"{found.alone_n_errors:,}")
    for effect in found.effects:
        table.add_row(
            effect.shadow,
            f"{effect.p50_ms:.2f}",
            f"{effect.p99_ms:.2f}",
            *[f"{ms:+.2f}" for ms in (effect.change_ms, effect.least_ms, effect.most_ms)],
            f"{effect.n_errors:,}",
        )
    console.print(table)
    console.print(
        f"p99 of two identical runs without a shadow: {found.median_noise_ms:.2f} ms apart in the median, "
        f"{found.noise_ms:.2f} ms at most in 19 of 20 pairs. "
        + ("No shadow changed more." if found.is_unnoticed else "[red]A shadow changed more.[/]")
    )
