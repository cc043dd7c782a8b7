"""``credit bench``: measurements that anyone can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cluster.cli.options import DATA_HELP, ContractOption
from cluster.cli.terminal import console, errors_console, named_bar

app = typer.Typer(help="Measure what is promised.", no_args_is_help=True)


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
