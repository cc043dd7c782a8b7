"""``credit bench serve``: the service beside what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cluster.cli.options import DATA_HELP
from cluster.cli.terminal import console, errors_console, named_bar

if TYPE_CHECKING:
    from cluster.bench.serve.result import Result

CONTRACT = "give_me_some_credit"
"""The product that the contenders were written by hand for."""


def serve(
    bundle: Annotated[
        Path | None,
        typer.Option(help="LightGBM bundle of give_me_some_credit; without it, one is trained."),
    ] = None,
    data: Annotated[str, typer.Option(help=DATA_HELP)] = CONTRACT,
    only: Annotated[
        str | None,
        typer.Option(help="Contenders, such as fastapi,fused; without it, all but the peers."),
    ] = None,
    peers: Annotated[
        str | None,
        typer.Option(
            help="Other servers to take part: mlserver,bentoml,mlflow. They are installed into environments of "
            "their own below CREDIT_HOME/peers on first use."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each contender.")] = 3,
    seconds: Annotated[
        float, typer.Option(min=0.5, help="Of each load: 1, 16 and 64 connections in a turn.")
    ] = 5,
    open_loop_seconds: Annotated[
        float, typer.Option(min=1, help="Of the load at fixed times, at 80% of saturation.")
    ] = 30,
    explain: Annotated[
        bool, typer.Option(help="Also compare explanations with pred_contrib and shap.")
    ] = True,
    batch: Annotated[bool, typer.Option(help="Also score files in process.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the page here, such as docs/benchmarks.md, and its chart beside it."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare the service with FastAPI, MLServer, BentoML, MLflow and Ray Serve as documented.

    Each contender is started on a free loopback port, must give the right answers, takes its turn under
    the same load and is ended. All write what they decide: ours a durable record, the others a line of a
    log. One that does not start is named with its reason, and the run goes on.
    """
    import msgspec

    from cluster.bench.serve.bench import Plan, chosen, run_bench
    from cluster.bench.serve.report import write_page
    from cluster.datasets import read_data
    from cluster.local_ray import training_threads
    from credit.contract import load_contract
    from credit.settings import Settings
    from tune.rows import prepare

    asked = _names(peers)
    plan = Plan(chosen(_names(only), asked), rounds, seconds, open_loop_seconds, explain, batch)
    settings, contract = Settings(), load_contract(CONTRACT)
    rows, _ = prepare(read_data(data, settings), contract)
    failed = _install(asked, settings.home / "peers")
    with named_bar("serve", plan.n_steps) as advance:
        result = run_bench(
            plan,
            rows,
            contract,
            bundle=bundle,
            home=settings.home,
            num_threads=training_threads(),
            failed=failed,
            advance=advance,
        )
    if out is not None:
        write_page(result, out)
        errors_console.print(f"Written: {out}")
    if json:
        typer.echo(msgspec.json.encode(result))
    else:
        _show(result)


def _names(given: str | None) -> list[str]:
    return [] if given is None else [name.strip() for name in given.split(",") if name.strip()]


def _install(peers: list[str], folder: Path) -> dict[str, str]:
    """Make the environments; returns why some could not be made."""
    from cluster.bench.serve.peers import install_peer
    from credit.errors import ServiceUnavailable

    failed = {}
    with _working_bar() as advance:
        for name in peers:
            try:
                install_peer(name, folder, advance)
            except ServiceUnavailable as error:
                failed[name] = str(error)
    return failed


@contextmanager
def _working_bar() -> Iterator[Callable[[str], None]]:
    """Show what is being done while nobody knows how much there is."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=errors_console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda what: progress.update(task, description=what, visible=True)


def _show(result: Result) -> None:
    from cluster.bench.serve.chart import memory
    from cluster.bench.serve.measure import CONNECTIONS
    from cluster.bench.serve.promises import PROMISES
    from cluster.bench.serve.report import bound_of, figure, verdict

    table = Table("contender", title="answers/s at 1, 16, 64 connections; p50 at 1; CPU at 16")
    for head in (*(f"{n}" for n in CONNECTIONS), "p50 ms", "CPU us", "MiB", "start s", "errors"):
        table.add_column(head, justify="right")
    for name, told in result.contenders.items():
        f = told.figures
        table.add_row(
            name,
            *(f"{f.per_second[n]:,.0f}" for n in CONNECTIONS),
            f"{f.p50_ms[1]:.2f}",
            f"{f.cpu_us[16]:,.0f}",
            f"{memory(f):,.0f}",
            f"{f.start_s:.1f}",
            f"{f.n_errors:,}",
        )
    console.print(table)
    promises = Table("", "must reach", "measured", "")
    for promise in PROMISES:
        value = result.ratios[promise.key]
        promises.add_row(promise.text, bound_of(promise), figure(value), verdict(promise, value))
    console.print(promises)
    for name, reason in {**result.failed, **result.explaining.failed}.items():
        errors_console.print(f"{name}: {reason}", style="yellow", markup=False, soft_wrap=True)
