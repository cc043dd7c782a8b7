"""``credit bench``: measurements that anyone can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cluster.cli import bench_rollout, bench_serve, bench_shadow, bench_soak
from cluster.cli.options import DATA_HELP, ContractOption
from cluster.cli.terminal import console, counting_bar, errors_console, named_bar

app = typer.Typer(help="Measure what is promised.", no_args_is_help=True)
app.command("serve")(bench_serve.serve)
app.command("soak")(bench_soak.soak)
app.command("rollout")(bench_rollout.rollout)
app.command("shadow")(bench_shadow.shadow)


@app.command()
def accuracy(
    data: Annotated[Path, typer.Option(help="Folder with the published files.")],
    only: Annotated[str | None, typer.Option(help="One product, such as taiwan.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the table here, such as docs/accuracy.md.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each fit.")] = 2,
    json: Annotated[bool, typer.Option("--json", help="For machines, one line a row.")] = False,
) -> None:
    """Cross-validate fixed settings of every family on published data sets.

    Looks below the folder for givemesomecredit/cs-training.csv.gz, taiwan/UCI_Credit_Card.csv.gz and
    german/south_german_credit.asc.gz, and measures those that are there.
    """
    import msgspec

    from cluster.bench.accuracy import measure_all, n_measurements
    from cluster.bench.report import accuracy_page

    measured = []
    with named_bar("accuracy", n_measurements(data, only)) as advance:
        for found in measure_all(data, only=only, num_threads=threads, advance=advance):
            measured.append(found)
            if json:
                typer.echo(msgspec.json.encode(found.flat()))
    page = accuracy_page(measured, "credit bench accuracy --data DIR")
    if out is not None:
        out.write_text(page, encoding="utf-8")
        errors_console.print(f"Written: {out}")
    elif not json:
        console.print(page, markup=False, soft_wrap=True)


@app.command()
def tune(
    data: Annotated[str, typer.Option(help=DATA_HELP)],
    contract: ContractOption = "give_me_some_credit",
    trials: Annotated[int, typer.Option(min=1, help="Trials of each way.")] = 50,
    seed: Annotated[int, typer.Option(help="Seeds every search.")] = 42,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare a sweep on Ray Tune with a plain Optuna loop: same folds, same space, one run."""
    import msgspec

    from cluster.bench.sweeps import compare_sweeps
    from cluster.datasets import read_data
    from credit.contract import load_contract
    from credit.settings import Settings
    from tune.rows import prepare

    terms = load_contract(contract)
    rows, _ = prepare(read_data(data, Settings()), terms)
    with named_bar("sweeps", 3) as advance:
        costs = compare_sweeps(
            rows,
            terms,
            n_trials=trials,
            seed=seed,
            on_progress=lambda progress: None,
            advance=advance,
        )
    plain = min(cost.seconds for cost in costs[:-1])
    ratio = costs[-1].seconds / plain
    if json:
        typer.echo(msgspec.json.encode({"ways": costs, "ratio": ratio}))
        return
    table = Table("way", "trials", "seconds", "best AUC (mean of inner folds)")
    for cost in costs:
        table.add_row(cost.way, str(cost.n_trials), f"{cost.seconds:.1f}", f"{cost.best_auc:.4f}")
    console.print(table)
    console.print(f"Ray Tune takes {ratio:.2f} times the faster plain loop, its start included.")


@app.command()
def record(
    bundle: Annotated[
        Path | None,
        typer.Option(help="Bundle folder to serve; without it, the registered champion."),
    ] = None,
    contract: ContractOption = "give_me_some_credit",
    database: Annotated[
        str | None,
        typer.Option(help="Also measure the store alone on this empty PostgreSQL database."),
    ] = None,
    writers: Annotated[int, typer.Option(min=1, help="Processes that append to the store.")] = 4,
    in_flight: Annotated[int, typer.Option(min=1, help="Records each has in flight.")] = 16,
    seconds: Annotated[float, typer.Option(min=1, help="Of each run of the store alone.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of the service, on and off.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Measure what the decision record costs: the store alone, then a service with and without it.

    The services are the gateway's HTTP app with every node in its process (placement fused), each in one
    process, without the proxy in front; they take turns under the same load.
    """
    import tempfile

    import msgspec

    from cluster.bench.records.service import measure_record_cost
    from cluster.bench.records.store import StoreMeasured, measure_store
    from cluster.bench.report import record_tables
    from credit.contract import load_contract
    from credit.records import Location
    from credit.settings import Settings
    from serve_app.registry import fetch_alias

    settings = Settings()
    if bundle is None:
        name = load_contract(contract).registry_name
        bundle = settings.bundles_path / fetch_alias(settings, name, "champion")
    settings.home.mkdir(parents=True, exist_ok=True)
    # Below home, because a temporary folder is often in memory, where a sync costs nothing.
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="bench-") as folder:
        home = Path(folder)
        stores: list[StoreMeasured] = []
        locations: list[Location] = [home / "store" / "records.db"]
        locations += [] if database is None else [database]
        for location in locations:
            key_file = home / f"keys-{len(stores)}.json"
            with counting_bar("writers", writers) as advance:
                stores.append(
                    measure_store(
                        location,
                        key_file,
                        n_writers=writers,
                        in_flight=in_flight,
                        seconds=seconds,
                        advance=advance,
                    )
                )
        with counting_bar("rounds", rounds) as advance:
            cost = measure_record_cost(
                bundle.resolve(), home, rounds=rounds, seconds=2, advance=advance
            )
    if json:
        typer.echo(msgspec.json.encode({"stores": stores, "service": cost}))
        return
    console.print(record_tables(stores, cost), markup=False, soft_wrap=True)
