"""``credit rollout report``: how a challenger compares with the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.options import ContractOption
from cluster.cli.shadow import ExposureOption, IncomeOption, LossOption, OutcomesOption, OutOption
from cluster.cli.terminal import console, near, stage
from cluster.exits import NO


def report(
    product: ContractOption = "give_me_some_credit",
    arm: Annotated[str, typer.Option(help="Name of the challenger.")] = "challenger",
    shadow: Annotated[
        list[str] | None,
        typer.Option(
            help="A shadow that scored the same time; may be given twice, for the bundles of both arms."
        ),
    ] = None,
    outcomes: OutcomesOption = None,
    difference: Annotated[
        float,
        typer.Option(
            min=0.0001, max=0.5, help="Smallest difference of approval rates that would matter."
        ),
    ] = 0.02,
    interest_income: IncomeOption = None,
    loss_given_default: LossOption = None,
    exposure: ExposureOption = None,
    out: OutOption = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare a challenger with the champion on the applicants that each of them answered.

    Counted is the first decision on each applicant while both had the bundles they have now, or had last.
    Look as often as you like, and go by the bounds "at every look". Exit code 1: the arms did not get the
    applicants that their slots should give them, so nothing can be said.
    """
    import msgspec

    from cluster.rollout import opened_state
    from cluster.rollout_report import measure_rollout, show_rollout
    from cluster.shadow_report import loan_terms
    from credit.errors import SettingsInvalid
    from credit.experiment.report import render_rollout
    from credit.settings import Settings

    if exposure is not None and not shadow:
        raise SettingsInvalid("--exposure weighs the swap set of a shadow: name one with --shadow")
    terms = loan_terms(interest_income, loss_given_default, exposure)
    with stage("measuring"), opened_state() as state:
        found = measure_rollout(
            Settings(),
            state,
            product,
            arm,
            shadows=shadow or (),
            outcomes=outcomes,
            smallest_difference=difference,
            terms=terms,
            exposure=exposure,
        )
    if out is not None:
        with stage("drawing"):
            page = render_rollout(found)
        Path(out).write_text(page, encoding="utf-8")
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        show_rollout(found)
        if out is not None:
            console.print(f"Page: {near(Path(out).resolve())}", soft_wrap=True)
    if found.comparison.ratio.failed:
        raise typer.Exit(NO)
