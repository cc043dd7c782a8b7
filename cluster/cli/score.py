"""``credit score``: score a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.options import ContractOption
from cluster.cli.terminal import console, counting_bar, errors_console
from cluster.exits import NO

if TYPE_CHECKING:
    from credit.decision.score import Answer

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
    from cluster.scoring_files import (
        read_applications,
        score_locally,
        score_remotely,
        stored_rollout,
    )
    from credit.contract import load_contract
    from credit.decision import load_bundle
    from credit.settings import Settings
    from serve_app.auth import service_token
    from serve_app.client import ScoringClient

    terms = load_contract(contract)
    rows, check = read_applications(file, terms)
    settings = Settings()
    with counting_bar("scoring", len(rows)) as advance:
        if local:
            rollout = stored_rollout(settings, terms.product)
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
    _show(answers, as_json=json)
    for failure in check.failures:
        errors_console.print(f"not scored: {failure}")
    if check.n_bad_rows:
        raise typer.Exit(NO)


def _show(answers: list[Answer], *, as_json: bool) -> None:
    import msgspec

    if as_json:
        for answer in answers:
            typer.echo(msgspec.json.encode(answer))
        return
    table = Table("application", "PD", "score", "decision", "reasons", "arm")
    for answer in answers[:SHOWN]:
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
    if len(answers) > SHOWN:
        errors_console.print(f"and {len(answers) - SHOWN:,} more; --json prints every row")
