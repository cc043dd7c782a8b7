"""``credit model``: judge a bundle, and bring in a model from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import rejects
from cluster.cli.options import DATA_HELP, ContractOption
from cluster.cli.terminal import console, errors_console, near, stage
from cluster.exits import NO, OK

if TYPE_CHECKING:
    from cluster.importing import Brought

app = typer.Typer(
    help="Models: a card of everything that is known of one, its gates, and imports.",
    no_args_is_help=True,
)

BundleArgument = Annotated[
    str,
    typer.Argument(
        help="A bundle's folder, its hash or the beginning of it, or an alias such as champion."
    ),
]
DataOption = Annotated[str, typer.Option(help=DATA_HELP)]
AliasContract = Annotated[
    str | None,
    typer.Option("--contract", "-c", help="Whose alias is meant; only an alias needs it."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def report(
    bundle: BundleArgument,
    data: DataOption,
    contract: AliasContract = None,
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("card.html"),
    gates: Annotated[Path | None, typer.Option(help="Gate file to hold it against.")] = None,
    interest_income: Annotated[
        float | None,
        typer.Option(
            help="Share of a loan that a good earns; with the next, draws a profit curve."
        ),
    ] = None,
    loss_given_default: Annotated[
        float | None, typer.Option(help="Share of a loan that a bad costs.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the model card: one HTML page that needs nothing else; with --json, its numbers instead.

    Measured are the rows that the bundle has not learned from, as far as the file shows.
    """
    import msgspec

    from cluster.datasets import read_data
    from cluster.model_rows import choose_rows, find_bundle, outcome_of
    from credit.errors import SettingsInvalid
    from credit.gates import load_gates
    from credit.metrics import LoanTerms
    from credit.report import measure_card, render_card, report_values
    from credit.settings import Settings

    if (interest_income is None) != (loss_given_default is None):
        raise SettingsInvalid("give both --interest-income and --loss-given-default, or neither")
    terms = None
    if interest_income is not None and loss_given_default is not None:
        terms = LoanTerms(interest_income=interest_income, loss_given_default=loss_given_default)
    asked = None if gates is None else load_gates(gates)
    settings = Settings()
    with stage(f"loading {bundle}"):
        found = find_bundle(bundle, contract, settings)
    with stage(f"reading {data}"):
        sample = choose_rows(found, read_data(data, settings), settings)
    with stage("measuring"):
        card = measure_card(
            found,
            sample.measured,
            sample.check,
            training=sample.training,
            outcome=outcome_of(found, settings),
            gates=asked,
            terms=terms,
        )
    if json:
        typer.echo(msgspec.json.encode(report_values(card)))
        return
    with stage("drawing"):
        page = render_card(card, found.scale)
    out.write_text(page, encoding="utf-8")
    console.print(sample.told, soft_wrap=True)
    console.print(f"AUC {card.discrimination.auc}. Card: {near(out.resolve())}", soft_wrap=True)


@app.command("gates")
def hold_against_gates(
    bundle: BundleArgument,
    data: DataOption,
    gates: Annotated[Path, typer.Option(help="Gate file (YAML).")],
    contract: AliasContract = None,
    json: JsonOption = False,
) -> None:
    """Hold a bundle against a gate file: exit code 0 when every gate is passed, 1 when one is not."""
    import msgspec

    from cluster.datasets import read_data
    from cluster.model_rows import choose_rows, find_bundle
    from credit.gates import evaluate_gates, gate_table, load_gates
    from credit.report import card_gates, score_rows
    from credit.settings import Settings

    asked = load_gates(gates)
    settings = Settings()
    with stage(f"loading {bundle}"):
        found = find_bundle(bundle, contract, settings)
    with stage(f"reading {data}"):
        sample = choose_rows(found, read_data(data, settings), settings)
    with stage("measuring"):
        scored = score_rows(found, sample.measured)
        results = evaluate_gates(asked, scored.labels, scored.probabilities, found.contract.policy)
    told = card_gates(results)
    if json:
        document = {
            "bundle": found.hash,
            "is_held_out": sample.training is not None,
            "n": len(scored.labels),
            "n_bads": int(scored.labels.sum()),
            "passed": told.passed,
            "gates": told.lines,
        }
        typer.echo(msgspec.json.encode(document))
    else:
        console.print(gate_table(results), markup=False, soft_wrap=True)
        errors_console.print(sample.told, soft_wrap=True)
    raise typer.Exit(OK if told.passed else NO)


@app.command("import")
def bring_in_model(
    file: Annotated[Path, typer.Argument(help="Joblib file of a scikit-learn classifier.")],
    data: DataOption,
    contract: ContractOption = "give_me_some_credit",
    sha256: Annotated[
        str | None, typer.Option(help="Hash that the file is known by; compared before it opens.")
    ] = None,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle", help="Open it: that runs whatever is in it. For files you trust."
        ),
    ] = False,
    fill: Annotated[
        list[str] | None,
        typer.Option(help="FEATURE=NUMBER: what stands for a missing value; can be repeated."),
    ] = None,
    bad_class: Annotated[int, typer.Option(help="The model's class that means bad.")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the joblib file, also where it could be converted.")
    ] = False,
    alias: Annotated[
        str | None, typer.Option(help="Also register it in MLflow under this alias.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a bundle of a classifier that was trained elsewhere.

    Its columns are matched with the contract's features by their names, or by the names of columns
    and source columns. It is calibrated on four fifths of the data and verified on the last fifth,
    on the assumption that it has learned from none of these rows.
    """
    from cluster.importing import look_unopened, parse_fill
    from credit.errors import SettingsInvalid

    unopened = look_unopened(file)
    errors_console.print(
        f"SHA-256 {unopened.sha256}, {unopened.n_bytes:,} bytes; saved under scikit-learn "
        f"{', '.join(unopened.sklearn) or 'of a version that cannot be read without opening it'}.",
        soft_wrap=True,
    )
    values = parse_fill(fill or [])
    if not allow_pickle:
        raise SettingsInvalid(
            "the file was not opened: a joblib file is a program, and opening it runs it; repeat with "
            "--allow-pickle if you trust where it comes from"
        )
    from cluster.datasets import read_data
    from cluster.importing import bring_in, register
    from credit.contract import load_contract
    from credit.settings import Settings
    from tune.rows import prepare

    settings = Settings()
    terms = load_contract(contract)
    with stage(f"reading {data}"):
        rows, _ = prepare(read_data(data, settings), terms)
    with stage("calibrating and verifying"):
        brought = bring_in(
            file,
            terms,
            rows,
            settings,
            expected_sha256=sha256,
            fill=values,
            bad_class=bad_class,
            convert=not keep,
        )
    version = None
    if alias is not None:
        with stage("registering"):
            version = register(brought, terms, settings, alias)
    _show_import(brought, version, alias, as_json=json)


def _show_import(
    brought: Brought, version: str | None, alias: str | None, *, as_json: bool
) -> None:
    import msgspec

    from credit.models.pickles import VARIABLE

    imported, bundle = brought.imported, brought.bundle
    if as_json:
        document = {
            "bundle": bundle.hash,
            "family": bundle.manifest.family,
            "sha256": imported.sha256,
            "is_converted": imported.is_converted,
            "found": imported.found,
            "n_calibration": brought.n_calibration,
            "n_held_out": brought.n_held_out,
            "held_out": brought.verification,
            "version": version,
            "alias": alias,
        }
        typer.echo(msgspec.json.encode(document))
        return
    for line in imported.found:
        console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print(
        f"Calibrated on {brought.n_calibration:,} rows and verified on {brought.n_held_out:,}, on the assumption "
        "that the model has learned from none of them; if it has, the figures are too good.",
        soft_wrap=True,
    )
    checked = brought.verification
    console.print(f"AUC {checked.auc}, ECE {checked.ece}, slope {checked.slope}", soft_wrap=True)
    console.print(
        f"Bundle {bundle.hash} ({bundle.manifest.family}) in {near(brought.folder.parent)}",
        soft_wrap=True,
    )
    if alias is not None:
        console.print(f"{bundle.contract.registry_name} version {version}, alias {alias}")
    if bundle.contract.consents:
        console.print(
            "It has no fallbacks: applicants who withhold a source are refused.", soft_wrap=True
        )
    if not imported.is_converted:
        console.print(
            f"The bundle holds the joblib file: what loads it must be told {VARIABLE}=1.",
            soft_wrap=True,
        )


app.command("rejects")(rejects.rejects)
