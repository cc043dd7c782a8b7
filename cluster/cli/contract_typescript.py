"""``credit contract typescript``: write a client for JavaScript and TypeScript."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.options import ContractOption
from cluster.cli.terminal import console


def typescript(
    contract: ContractOption = "give_me_some_credit",
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write the module; default: PRODUCT.mjs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Write a client of the service with the types of a contract.

    Two files: NAME.mjs runs in browsers and in Node.js from 18 on without a build step or a dependency, NAME.d.mts
    holds its types. Write them again when the contract changes.
    """
    import msgspec

    from credit.contract import load_contract
    from credit.errors import SettingsInvalid
    from serve_app.typescript import typescript_client

    terms = load_contract(contract)
    path = out or Path(f"{terms.product}.mjs")
    if path.suffix != ".mjs":
        raise SettingsInvalid(f"--out {path}: expected a name that ends in .mjs")
    there = [each for each in (path, path.with_suffix(".d.mts")) if each.exists()]
    if there and not force:
        raise SettingsInvalid(
            f"{there[0]} exists: name another file with --out, or replace it with --force"
        )
    module, declarations = typescript_client(terms).write(path)
    if json:
        told = {"module": str(module), "declarations": str(declarations)}
        console.print_json(msgspec.json.encode(told).decode())
    else:
        console.print(f"Wrote {module} and its types, {declarations}.")
        console.print(f'import {{ ScoringClient }} from "./{module.name}";', markup=False)
