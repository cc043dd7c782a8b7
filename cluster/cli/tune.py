"""``credit tune``: from a file to registered bundles."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from cluster.cli.options import DATA_HELP, Family
from cluster.cli.terminal import console, errors_console, near, stage, sweep_bar

if TYPE_CHECKING:
    from credit.settings import Settings
    from tune.leaderboard import Entry, TuneOutcome
    from tune.spec import SweepSpec


def tune(
    sweep: Annotated[
        str | None,
        typer.Argument(
            help="A preset (baselines, lightgbm, scorecard, imbalance-study, classic-rf, classic-gb, "
            "home-credit) or the path of a YAML file. Without one: `--model` alone."
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help=DATA_HELP)] = None,
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract",
            "-c",
            help="Packaged product or path of a YAML file; see `credit contract`.",
        ),
    ] = None,
    model: Annotated[
        Family, typer.Option(help="Family to search when no sweep is named.")
    ] = Family.LIGHTGBM,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each candidate; default: its family's.")
    ] = None,
    outer: Annotated[
        int | None,
        typer.Option(min=1, help="Repeat the search in so many outer folds, and report those."),
    ] = None,
    concurrent: Annotated[
        int | None,
        typer.Option(min=1, help="Trials at a time; 1 makes a seeded sweep repeatable."),
    ] = None,
    warm_start: Annotated[
        bool, typer.Option("--warm-start", help="Begin with the last sweep's best parameters.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option(help="Go on with an interrupted sweep of this name.")
    ] = None,
    alias: Annotated[str, typer.Option(help="Registry alias for the best.")] = "challenger",
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seeds the search, the folds and every fit; default 42.")
    ] = None,
) -> None:
    """Search hyper-parameters, refit and calibrate the winners, verify them, register them in MLflow.

    One fifth of the rows is held out and verifies; neither search nor model nor calibrator sees it.
    Ctrl-C ends the sweep and registers nothing; `--resume` goes on with it.
    """
    from cluster.datasets import read_data
    from cluster.local_ray import local_ray, training_threads
    from credit.contract import load_contract
    from credit.settings import Settings

    settings = Settings()
    changes = {
        "data": data,
        "contract": contract,
        "outer": outer,
        "concurrent": concurrent,
        "trials": trials,
        "seed": seed,
        "warm_start": warm_start or None,
    }
    spec = _spec(sweep, model, resume, changes, settings)
    with stage(f"reading {spec.data}"):
        frame = read_data(spec.data or "", settings)
    terms = load_contract(spec.contract or "")
    name = resume or f"{terms.product}-{sweep_label(sweep, model)}-{time.strftime('%Y%m%d-%H%M%S')}"
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
        errors_console.print(
            f"Sweep {name}: {len(rows):,} rows, {int(rows.labels.sum()):,} bads.", soft_wrap=True
        )
        request = TuneRequest(terms, spec, alias, training_threads(), name)
        with sweep_bar(spec.n_trials) as show:
            outcome = train_and_register(
                request, rows, settings, on_progress=show, on_stage=errors_console.print
            )
    _show(outcome, alias, as_json=json)


def sweep_label(sweep: str | None, model: Family) -> str:
    """Short name of a sweep: its preset, its file, or its family."""
    from pathlib import Path

    return model.value if sweep is None else Path(sweep).stem


def _spec(
    sweep: str | None,
    model: Family,
    resume: str | None,
    changes: Mapping[str, object],
    settings: Settings,
) -> SweepSpec:
    """Read the sweep and lay the command's options over it."""
    from credit.errors import SettingsInvalid
    from tune.spec import Candidate, SweepSpec, load_sweep, with_changes
    from tune.workbook import stored_spec

    if resume is not None:
        given = [name for name, value in changes.items() if value is not None and name != "data"]
        if given or sweep is not None:
            raise SettingsInvalid(
                "--resume goes on with what the sweep was asked: only --data may differ"
            )
        spec = stored_spec(settings.sweeps_path, resume)
        return spec.model_copy(update={"data": changes["data"] or spec.data})
    spec = (
        load_sweep(sweep)
        if sweep is not None
        else SweepSpec(candidates=(Candidate(family=model.value),))
    )
    spec = with_changes(spec, **changes)
    if spec.data is None:
        raise SettingsInvalid("no data: name a file with --data, or `data:` in the sweep")
    return spec.model_copy(update={"contract": spec.contract or "give_me_some_credit"})


def _show(outcome: TuneOutcome, alias: str, *, as_json: bool) -> None:
    import msgspec

    from tune.leaderboard import outcome_document

    if as_json:
        document = {**outcome_document(outcome), "alias": alias}
        typer.echo(msgspec.json.encode(document))
        return
    for entry in outcome.entries:
        _show_trials(entry)
    table = Table(
        Column("candidate", overflow="fold"),  # cut off, two candidates would look alike
        "AUC searched",
        "AUC held out",
        "Brier",
        "ECE",
        "approved",
        title="Leaderboard, ranked by inner folds; held-out rows were seen by nobody",
    )
    for entry in outcome.entries:
        checked = entry.verification
        table.add_row(
            entry.candidate.label,
            f"{entry.searched_auc:.4f}",
            str(checked.auc),
            str(checked.brier),
            str(checked.ece),
            f"{checked.approval_rate.estimate:.1%}",
        )
    console.print(table)
    for entry in outcome.entries:
        if entry.outer is not None:
            console.print(
                f"{entry.candidate.label}: AUC {entry.outer.auc} over {len(entry.outer.fold_aucs)} outer "
                f"folds, ECE pooled {entry.outer.pooled.ece}"
            )
    for entry in outcome.entries:
        registered = entry.registered
        told = f", alias {alias}" if entry is outcome.best else ""
        console.print(
            f"{entry.candidate.label}: bundle {entry.bundle.hash[:12]} in {near(entry.folder.parent)}, "
            f"{registered.name} version {registered.version}{told}",
            soft_wrap=True,
        )
        _show_suspicious(entry)
    if outcome.joblib is not None:
        path, digest = outcome.joblib
        console.print(f"As joblib: {near(path)}, SHA-256 {digest}", soft_wrap=True)


def _show_trials(entry: Entry) -> None:
    front = {trial.trial for trial in entry.front} if len(entry.front) > 1 else set()
    second = [
        name
        for name in ("calibration", "fairness")
        if getattr(entry.board[0].best, name) is not None
    ]
    table = Table(
        "trial",
        "AUC (mean of folds)",
        "range",
        "log loss",
        *second,
        "steps",
        title=f"{entry.candidate.label}: {len(entry.board)} trials"
        + (", * on the Pareto front" if front else ""),
    )
    for trial in entry.board[:MOST_TRIALS_SHOWN]:
        table.add_row(
            trial.trial + (" *" if trial.trial in front else ""),
            f"{trial.best.auc:.4f}",
            f"{trial.best.auc_spread:.4f}",
            f"{trial.best.log_loss:.4f}",
            *(f"{getattr(trial.best, name):.4f}" for name in second),
            str(trial.steps),
        )
    console.print(table)


MOST_TRIALS_SHOWN = 12


def _show_suspicious(entry: Entry) -> None:
    """Name features so strong that they may know the outcome."""
    from credit.models.scorecard import ScorecardModel

    if not isinstance(entry.bundle.model, ScorecardModel):
        return
    strong = [
        f"{strength.feature} ({strength.iv:.2f})"
        for strength in entry.bundle.model.card.strengths
        if strength.suspicious and strength.selected
    ]
    if strong:
        console.print(
            f"{entry.candidate.label}: information value above 0.5, check that these were known on the "
            f"application's date: {', '.join(strong)}",
            soft_wrap=True,
        )
