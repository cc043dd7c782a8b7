"""``credit bench``: measurements that anyone can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
