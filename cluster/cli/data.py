"""``credit data``: made-up data to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.terminal import console, stage

app = typer.Typer(help="Made-up data, seeded; no row is a person.", no_args_is_help=True)

RowsOption = Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")]
SeedOption = Annotated[int, typer.Option(help="Same seed, same bytes.")]


@app.command()
def mock(
    out: Annotated[Path, typer.Option(help="Where to write.")] = Path("mock_credit_data.csv"),
    rows: RowsOption = 5_000,
    seed: SeedOption = 42,
) -> None:
    """Write flat credit data with `target_variable`, such as earlier systems used."""
    from credit.data.book import mock_credit_data

    with stage(f"making {rows:,} rows"):
        mock_credit_data(rows, seed).to_csv(out, index=False)
    console.print(f"{rows:,} rows in {out}. Then: credit tune --data {out} -c mock", soft_wrap=True)


@app.command()
def product(
    name: Annotated[
        str,
        typer.Argument(help="mock, consumer_instalment, thin_file or small_business."),
    ],
    out: Annotated[Path | None, typer.Option(help="Default: NAME.parquet; also .csv.")] = None,
    rows: RowsOption = 5_000,
    seed: SeedOption = 42,
) -> None:
    """Write applications of one product that fit its contract exactly."""
    from cluster.datasets import write_table
    from credit.data.book import synthetic

    path = out or Path(f"{name}.parquet")
    with stage(f"making {rows:,} rows"):
        write_table(synthetic(name, rows, seed), path)
    console.print(
        f"{rows:,} rows in {path}. Then: credit tune --data {path} -c {name}", soft_wrap=True
    )


@app.command()
def book(
    out: Annotated[Path, typer.Argument(help="Folder for the tables.")] = Path("book"),
    customers: Annotated[int, typer.Option(min=1, help="How many customers.")] = 5_000,
    seed: SeedOption = 42,
) -> None:
    """Write the synthetic loan book as Parquet: customers, loans, bureau reports, true PDs and more.

    `training.parquet` is the three merged, one row a loan, as known on its application date.
    """
    from cluster.datasets import write_table
    from credit.data.book import BookSettings, make_book, training_table

    with stage("making the book"):
        made = make_book(BookSettings(n_customers=customers, seed=seed))
        tables = {
            "customers": made.customers,
            "loans": made.loans,
            "bureau": made.bureau,
            "alternative": made.alternative,
            "businesses": made.businesses,
            "truth": made.truth,
            "training": training_table(made),
        }
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            write_table(table, out / f"{name}.parquet")
    for name, table in tables.items():
        console.print(f"{len(table):9,} rows  {out / name}.parquet", soft_wrap=True)
