"""``credit contract``: look at a product's contract and hold data against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cluster.cli import contract_typescript
from cluster.cli.options import DATA_HELP, ContractOption
from cluster.cli.terminal import console, errors_console, stage
from cluster.exits import NO, OK

app = typer.Typer(
    help="Contracts: what the columns of a lending product mean.", no_args_is_help=True
)
app.command("typescript")(contract_typescript.typescript)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help=DATA_HELP)],
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

    from cluster.datasets import read_data
    from credit.contract import check_frame, load_contract
    from credit.settings import Settings

    terms = load_contract(contract)
    with stage(f"checking {file}"):
        frame = read_data(file, Settings())
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


@app.command("list")
def list_contracts() -> None:
    """Name the products whose contracts ship with the package."""
    from credit.contract import load_contract, packaged_contracts

    table = Table("product", "columns", "features", "description")
    for name in packaged_contracts():
        terms = load_contract(name)
        table.add_row(name, str(len(terms.inputs)), str(len(terms.features)), terms.description)
    console.print(table)


@app.command()
def infer(
    file: Annotated[str, typer.Argument(help=DATA_HELP)],
    target: Annotated[str, typer.Option(help="Column that holds the outcome.")],
    product: Annotated[
        str | None, typer.Option(help="Name of the product; default: the file's name.")
    ] = None,
    bad: Annotated[
        str | None, typer.Option(help="Value of the target that means bad, when it is not 1.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the draft here; default: PRODUCT.yaml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Draft a contract for any table, and say what a person should check in it.

    Types, ranges with slack, categories, missing and sentinel guesses; identifiers and constant
    columns are set aside, likely protected ones asked about, columns that know the outcome flagged.
    The draft works at once: `credit tune --data FILE -c PRODUCT.yaml`.
    """
    from cluster.datasets import product_name, read_data
    from credit.contract.inference import draft_contract, to_yaml
    from credit.errors import SettingsInvalid
    from credit.settings import Settings

    name = product or product_name(file)
    path = out or Path(f"{name}.yaml")
    if path.exists() and not force:
        raise SettingsInvalid(
            f"{path} exists: name another file with --out, or replace it with --force"
        )
    with stage(f"reading {file}"):
        frame = read_data(file, Settings())
        draft = draft_contract(frame, target=target, product=name, bad=bad)
    path.write_text(to_yaml(draft), encoding="utf-8")
    console.print(f"Drafted {path} from {len(frame):,} rows. Check before you rely on it:")
    for number, note in enumerate(draft.notes, start=1):
        style = {"warn": "red", "ask": "yellow"}.get(note.severity)
        where = f"{note.field}: " if note.field else ""
        console.print(
            f"{number:3}. {note.severity}  {where}{note.text}",
            style=style,
            markup=False,
            soft_wrap=True,
        )
    console.print(f"Then: credit tune --data {file} -c {path}", soft_wrap=True)
