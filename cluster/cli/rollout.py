"""``credit rollout``: who answers, and how it changes under load."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import rollout_guards, rollout_report
from cluster.cli.options import ContractOption
from cluster.cli.terminal import console, errors_console, stage

if TYPE_CHECKING:
    from serve_app.rollout.commands import Command

app = typer.Typer(
    help="Champion, challengers and shadows: who answers which applicants, changed while the service runs.\n\n"
    "A change is staged, loaded by every replica, and answers once all have it; what cannot be loaded "
    "everywhere reaches nobody, and the bundles before go on. Needed is the state database of the service "
    "(CREDIT_HOME or CREDIT_STATE_URL), not the service itself.",
    no_args_is_help=True,
)

app.command("guards")(rollout_guards.guards)
app.command("report")(rollout_report.report)

ArmArgument = Annotated[str, typer.Argument(help="champion, or the name of a challenger.")]
BUNDLE_HELP = "Registry alias, hash or the beginning of one, or folder of a bundle."
BundleOption = Annotated[str, typer.Option(help=BUNDLE_HELP)]
NoteOption = Annotated[str, typer.Option(help="Why; kept in the history.")]
ByOption = Annotated[str | None, typer.Option(help="Who does it. [default: the user]")]
WaitOption = Annotated[bool, typer.Option(help="Return when every replica answers with it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def status(product: ContractOption = "give_me_some_credit", json: JsonOption = False) -> None:
    """Show who answers whom, what is being loaded, and who serves."""
    from cluster.rollout import opened_state
    from cluster.rollout_table import show_status
    from serve_app.rollout.operate import rollout_status

    with opened_state() as state:
        found = rollout_status(state, product)
    show_status(found, product, as_json=json)


@app.command("set")
def set_arm(
    arm: ArmArgument,
    bundle: Annotated[str | None, typer.Option(help=BUNDLE_HELP)] = None,
    share: Annotated[
        int | None,
        typer.Option(
            min=0, max=1000, help="Applicants out of 1,000; only the slots that change hands move."
        ),
    ] = None,
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Give an arm a bundle, a share, or both; a name that is new becomes a challenger."""
    from serve_app.rollout.commands import Set

    _carry_out(Set(arm=arm, bundle=bundle, share=share, note=note), product, by, wait=wait)


@app.command()
def promote(
    arm: ArmArgument = "challenger",
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Let a challenger's bundle be the champion's; MLflow's alias follows."""
    from serve_app.rollout.commands import Promote

    _carry_out(Promote(arm=arm, note=note), product, by, wait=wait)


@app.command()
def rollback(
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Let the generation before answer again; twice goes two generations back."""
    from serve_app.rollout.commands import Rollback

    _carry_out(Rollback(note=note), product, by, wait=wait)


@app.command()
def pause(
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Let the champion answer everybody; challengers keep their slots."""
    from serve_app.rollout.commands import Pause

    _carry_out(Pause(note=note), product, by, wait=wait)


@app.command()
def resume(
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """End a pause."""
    from serve_app.rollout.commands import Resume

    _carry_out(Resume(note=note), product, by, wait=wait)


@app.command()
def shadow(
    name: Annotated[str, typer.Argument(help="Name of the shadow.")],
    bundle: BundleOption,
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Let a bundle score, unseen, what others answer."""
    from serve_app.rollout.commands import Shadow

    _carry_out(Shadow(arm=name, bundle=bundle, note=note), product, by, wait=wait)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a challenger or a shadow.")],
    product: ContractOption = "give_me_some_credit",
    note: NoteOption = "",
    by: ByOption = None,
    wait: WaitOption = True,
) -> None:
    """Take a challenger or a shadow out; the champion gets its applicants."""
    from serve_app.rollout.commands import Remove

    _carry_out(Remove(arm=name, note=note), product, by, wait=wait)


@app.command()
def cancel(product: ContractOption = "give_me_some_credit") -> None:
    """Take back a change that is still being loaded."""
    from serve_app.rollout.commands import Cancel

    _carry_out(Cancel(), product, None, wait=False)


@app.command()
def history(
    product: ContractOption = "give_me_some_credit",
    limit: Annotated[int, typer.Option(min=1, help="Generations to show.")] = 20,
    json: JsonOption = False,
) -> None:
    """Show what was changed, by whom and why, the newest first."""
    from cluster.rollout import opened_state
    from cluster.rollout_table import show_history
    from serve_app.rollout.store import read_history

    with opened_state() as state:
        past = read_history(state, product, limit=limit)
    show_history(past, product, as_json=json)


def _carry_out(command: Command, product: str, by: str | None, *, wait: bool) -> None:
    from cluster.rollout import carry_out

    with stage("changing who answers"):
        done = carry_out(command, product, by or getpass.getuser(), wait=wait)
    console.print(done.sentence, soft_wrap=True)
    for remark in done.remarks:
        errors_console.print(remark, soft_wrap=True)
