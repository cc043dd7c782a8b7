"""``credit contract``: look at a product's contract and hold data against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cluster.cli.options import PACKAGED_DATA, ContractOption
from cluster.cli.terminal import console, errors_console, stage
from cluster.exits import NO, OK

app = typer.Typer(
    help="Contracts: what the columns of a lending product mean.", no_args_is_help=True
)


@app.command()
def check(
    file: Annotated[
        str, typer.Argument(help="CSV or Parquet; or give_me_some_credit for the packaged set.")
    ],
    contract: ContractOption = "give_me_some_credit",
    good: Annotated[
        Path | None, typer.Option(help="Write the rows that satisfy the contract here (Parquet).")
    ] = None,
    target: Annotated[bool, typer.Option(help="Ask for the outcome column, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Hold a file against a contract: how many rows are good, and which rules the others break.

    Exit code 0 when every row is good, 1 when some are not, 3 when the columns do not fit at all.
    """
    import msgspec

    from credit.contract import check_frame, load_contract
    from credit.data import give_me_some_credit, read_table

    terms = load_contract(contract)
    with stage(f"checking {file}"):
        frame = give_me_some_credit() if file == PACKAGED_DATA else read_table(file)
        found = check_frame(frame, terms, target=target)
        if good is not None:
            found.good.to_parquet(good)
    if json:
        console.print_json(
            msgspec.json.encode(
                {
                    "contract": terms.product,
                    "n_rows": found.n_rows,
                    "n_bad_rows": found.n_bad_rows,
                    "failures": found.failures,
                }
            ).decode()
        )
    else:
        n_good = found.n_rows - found.n_bad_rows
        console.print(
            f"{n_good:,} of {found.n_rows:,} rows satisfy {terms.product} v{terms.version}."
        )
        if found.failures:
            table = Table("field", "rule", "expected", "rows", "first at row")
            for f in found.failures:
                table.add_row(f.field, f.rule, f.message, f"{f.n_rows:,}", f"{f.first_row:,}")
            console.print(table)
        if good is not None:
            errors_console.print(f"Good rows: {good}")
    raise typer.Exit(NO if found.n_bad_rows else OK)
