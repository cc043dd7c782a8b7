"""``credit tune``: from a file to a registered bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.options import DEFAULT_TRIALS, PACKAGED_DATA, ContractOption, Family
from cluster.cli.terminal import console, errors_console, stage, sweep_bar

if TYPE_CHECKING:
    from tune.pipeline import TuneOutcome


def tune(
    data: Annotated[
        str, typer.Option(help="CSV or Parquet; or give_me_some_credit for the packaged set.")
    ],
    contract: ContractOption = "give_me_some_credit",
    model: Annotated[Family, typer.Option(help="Model family to search.")] = Family.LIGHTGBM,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Default: 12 lightgbm, 6 scorecard.")
    ] = None,
    alias: Annotated[str, typer.Option(help="Registry alias for the winner.")] = "challenger",
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    seed: Annotated[int, typer.Option(help="Seeds the search, the folds and every fit.")] = 42,
) -> None:
    """Search hyper-parameters, refit and calibrate the winner, verify it, register it in MLflow.

    One fifth of the rows is held out and verifies the winner; neither model nor calibrator sees it.
    Ctrl-C ends the sweep and registers nothing.
    """
    from cluster.local_ray import local_ray, training_threads
    from credit.contract import load_contract
    from credit.data import give_me_some_credit, read_table
    from credit.settings import Settings

    terms = load_contract(contract)
    settings = Settings()
    with stage(f"reading {data}"):
        frame = give_me_some_credit() if data == PACKAGED_DATA else read_table(data)
    n_trials = trials or DEFAULT_TRIALS[model.value]
    with local_ray(serving=False):
        # Ray reads its environment at import, so what imports it comes after.
        from tune.pipeline import TuneRequest, train_and_register
        from tune.rows import prepare

        rows, check = prepare(frame, terms)
        if check.n_bad_rows:
            errors_console.print(
                f"{check.n_bad_rows:,} of {check.n_rows:,} rows break the contract and are left out; "
                "`credit contract check` says why."
            )
        request = TuneRequest(terms, model.value, n_trials, seed, alias, training_threads())
        with sweep_bar(model.value, n_trials) as show:
            outcome = train_and_register(
                request, rows, settings, on_progress=show, on_stage=errors_console.print
            )
    _show(outcome, alias, as_json=json)


def _show(outcome: TuneOutcome, alias: str, *, as_json: bool) -> None:
    import msgspec

    registered, checked = outcome.registered, outcome.verification
    if as_json:
        found = {
            "bundle": outcome.bundle.hash,
            "registered": registered,
            "alias": alias,
            "held_out": checked,
            "leaderboard": outcome.board,
        }
        typer.echo(msgspec.json.encode(found))
        return
    table = Table("trial", "AUC (mean of folds)", "range", "log loss", "steps", title="Leaderboard")
    for trial in outcome.board:
        table.add_row(
            trial.trial,
            f"{trial.best.auc:.4f}",
            f"{trial.best.auc_spread:.4f}",
            f"{trial.best.log_loss:.4f}",
            str(trial.steps),
        )
    console.print(table)
    console.print(
        f"Held out, never seen: AUC {checked.auc}, Brier {checked.brier}, ECE {checked.ece}"
    )
    console.print(f"Bundle {outcome.bundle.hash} in {outcome.folder.parent}", soft_wrap=True)
    console.print(f"Registered as {registered.name} version {registered.version}, alias {alias}")
