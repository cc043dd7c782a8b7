"""``credit score``: score a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from cluster.cli.contract import ContractOption
from cluster.cli.terminal import console, counting_bar, errors_console
from cluster.exits import NO
from cluster.scoring_files import read_applications, score_locally, score_remotely
from credit.contract import load_contract
from credit.decision import Rollout, load_bundle
from credit.decision.score import Answer
from credit.errors import SettingsInvalid
from credit.records import open_state
from credit.settings import Settings
from serve_app.auth import service_token
from serve_app.client import ScoringClient
from serve_app.rollout import read_rollout

SHOWN = 20


def score(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with the contract's columns.")],
    contract: ContractOption = "give_me_some_credit",
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    local: Annotated[
        bool, typer.Option("--local", help="Score in this process, without Ray; records nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON answer a line.")] = False,
    shap_values: Annotated[
        bool, typer.Option(help="Add the contributions of every feature.")
    ] = False,
) -> None:
    """Score the good rows of a file through a running service, or in process with --local.

    Both give the same scores to the bit. Rows that break the contract are reported and not scored;
    the exit code is then 1.
    """
    rows, check = read_applications(file, load_contract(contract))
    settings = Settings()
    with counting_bar("scoring", len(rows)) as advance:
        if local:
            rollout = _stored_rollout(settings, load_contract(contract).product)
            bundles = {
                a.bundle: load_bundle(settings.bundles_path / a.bundle) for a in rollout.arms
            }
            found = score_locally(rows, rollout, bundles, shap_values=shap_values, advance=advance)
            answers = list(found)
        else:
            with ScoringClient(url, service_token(settings)) as client:
                answers = list(
                    score_remotely(rows, client, shap_values=shap_values, advance=advance)
                )
    _show(iter(answers), as_json=json)
    for failure in check.failures:
        errors_console.print(f"not scored: {failure}")
    if check.n_bad_rows:
        raise typer.Exit(NO)


def _stored_rollout(settings: Settings, product: str) -> Rollout:
    state = open_state(settings.state_path)
    try:
        rollout = read_rollout(state, product)
    finally:
        state.dispose()
    if rollout is None:
        raise SettingsInvalid(
            f"{settings.home} has no rollout of {product}: run `credit demo` or `credit serve` once"
        )
    return rollout


def _show(answers: Iterator[Answer], *, as_json: bool) -> None:
    if as_json:
        for answer in answers:
            typer.echo(msgspec.json.encode(answer))
        return
    table = Table("application", "PD", "score", "decision", "reasons", "arm")
    rest = 0
    for n, answer in enumerate(answers):
        if n >= SHOWN:
            rest += 1
            continue
        reasons = "\n".join(reason.text for reason in answer.reason_codes)
        table.add_row(
            answer.application_id,
            f"{answer.probability_of_default:.4f}",
            f"{answer.score:.0f}",
            answer.decision,
            reasons,
            answer.arm,
        )
    console.print(table)
    if rest:
        errors_console.print(f"and {rest:,} more; --json prints every row")
