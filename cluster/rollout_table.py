"""The rollout on one screen."""

from __future__ import annotations

import msgspec
import typer
from rich.table import Table

from cluster.cli.terminal import console
from cluster.rollout import processes
from credit.decision import Rollout
from credit.errors import RolloutRefused
from serve_app.rollout.operate import Status
from serve_app.rollout.store import Past

_SHORT = 12


def show_status(status: Status | None, product: str, *, as_json: bool) -> None:
    """Print who answers, what waits, and who serves.

    Raises
    ------
    RolloutRefused
        When no service ever ran here.
    """
    if status is None:
        raise RolloutRefused(
            f"there is no rollout of {product} yet: `credit serve` begins one with its champion"
        )
    if as_json:
        typer.echo(msgspec.json.encode(status))
        return
    active = status.active
    console.print(arms_table(active, f"{product}, generation {active.generation}"))
    if active.is_paused:
        console.print(
            "Paused: the champion answers everybody. End it with `credit rollout resume`."
        )
    if status.change is not None:
        console.print(f"Since {status.changed_at}: {status.change}", highlight=False)
    if status.staged is not None:
        stage = status.staged
        told = f"cannot be loaded: {stage.refusal}" if stage.refusal else "is being loaded"
        console.print(
            f"Generation {stage.rollout.generation} ({stage.change}) {told}", highlight=False
        )
    behind = [m for m in status.members if m.generation != active.generation]
    if not status.members:
        console.print("Nobody serves it now.")
    elif behind:
        told = ", ".join(f"{m.role} (generation {m.generation})" for m in behind)
        console.print(
            f"{len(behind)} of {len(status.members)} processes are not there yet: {told}."
        )
    else:
        console.print(f"It answers on {processes(len(status.members))}.")


def arms_table(rollout: Rollout, title: str) -> Table:
    """Draw arms with their shares, then shadows."""
    table = Table(title=title, title_justify="left")
    for name in ("arm", "bundle"):
        table.add_column(name)
    table.add_column("share", justify="right")
    for arm in rollout.arms:
        table.add_row(arm.name, arm.bundle[:_SHORT], f"{rollout.share(arm):.1%}")
    for shadow in rollout.shadows:
        table.add_row(shadow.name, shadow.bundle[:_SHORT], "shadow")
    return table


def show_history(history: list[Past], product: str, *, as_json: bool) -> None:
    """Print generations, the newest first."""
    if as_json:
        typer.echo(msgspec.json.encode(history))
        return
    table = Table(title=f"{product}, newest first", title_justify="left")
    for name in ("generation", "when", "what", "who", "why"):
        table.add_column(name)
    for past in history:
        change = past.change
        when = past.changed_at[:19].replace("T", " ")
        table.add_row(str(past.rollout.generation), when, change.action, change.by, change.note)
    console.print(table)
