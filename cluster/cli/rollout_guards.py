"""``credit rollout guards``: how often the guard rails are wrong, and how late they are right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.terminal import console, counting_bar, errors_console


def guards(
    runs: Annotated[int, typer.Option(min=1, help="Simulated rollouts of each kind.")] = 200,
    share: Annotated[
        int, typer.Option(min=1, max=999, help="Applicants of the challenger, out of 1,000.")
    ] = 200,
    horizon: Annotated[
        int, typer.Option(min=50, help="Requests to both arms after which a rollout ends.")
    ] = 50_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same table.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Also write the table here, as part of a page (Markdown).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Let the guards watch simulated challengers: a healthy one, and four that are bad.

    Shown is in how many rollouts the challenger was taken off, by which rail, and after how many of its own
    requests. Of the healthy one that is the rate of false alarms. Nothing that serves is looked at or changed;
    tolerances and alpha are those that the guards act on.
    """
    import msgspec

    from cluster.guard_table import outcomes_markdown, outcomes_table
    from credit.errors import SettingsInvalid
    from credit.experiment.books import SCENARIOS
    from credit.experiment.guards import GuardSettings
    from credit.experiment.simulate import simulate

    if out is not None and not out.parent.is_dir():
        raise SettingsInvalid(f"--out: expected a file in a folder that exists, came {out}")
    with counting_bar("watching simulated rollouts", runs * len(SCENARIOS)) as advance:
        outcomes = simulate(
            GuardSettings(),
            n_runs=runs,
            share_per_mille=share,
            horizon=horizon,
            seed=seed,
            advance=advance,
        )
    command = (
        f"credit rollout guards --runs {runs} --share {share} --horizon {horizon} --seed {seed}"
    )
    if out is not None:
        out.write_text(outcomes_markdown(outcomes, command), encoding="utf-8")
    if json:
        typer.echo(msgspec.json.encode(outcomes))
        return
    title = f"{runs} rollouts each, {share} per mille to the challenger, {horizon:,} requests"
    console.print(outcomes_table(outcomes, title))
    console.print(
        "Median and 90%: requests to the challenger until it was taken off.",
        soft_wrap=True,
    )
    if out is not None:
        errors_console.print(f"written to {out}", soft_wrap=True)
