"""``credit shadow``: let a model score what another one answered, and see what would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.options import ContractOption
from cluster.cli.terminal import console, counting_bar, near, stage

if TYPE_CHECKING:
    from credit.shadow import ShadowConsumer

app = typer.Typer(
    help="Shadows: bundles that score, unseen, what others answered.\n\n"
    "`run` scores recorded decisions with another bundle, before it gets any traffic; `report` says whom it "
    "would let in and keep out, and what that costs. While the service runs, `credit rollout shadow` does "
    "the same for each new decision.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="Name of the shadow.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        help="Decisions from then on: a date, or date and time; UTC unless it says otherwise."
    ),
]
UntilOption = Annotated[str | None, typer.Option(help="Up to, not including, then.")]
IncomeOption = Annotated[
    float | None,
    typer.Option(help="Share of a loan that a good earns; with the next, says it in money."),
]
LossOption = Annotated[float | None, typer.Option(help="Share of a loan that a bad costs.")]
ExposureOption = Annotated[
    str | None,
    typer.Option(
        help="Column of the contract with the amount at risk; without it each loan counts as one."
    ),
]
OutcomesOption = Annotated[
    Path | None,
    typer.Option(help="CSV or Parquet file with decision_id and defaulted (1 = bad)."),
]
OutOption = Annotated[Path | None, typer.Option(help="Write an HTML page that needs nothing else.")]

POLL_S = 1.0


@app.command()
def run(
    name: NameArgument,
    bundle: Annotated[
        str,
        typer.Option(help="Registry alias, hash or the beginning of one, or folder of a bundle."),
    ],
    since: SinceOption = None,
    until: UntilOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with new decisions until Ctrl-C.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Forget what this bundle scored under this name, and begin anew."
        ),
    ] = False,
    product: ContractOption = "give_me_some_credit",
) -> None:
    """Score recorded decisions with a bundle; nobody is told what it says.

    Each record is scored once, also over many runs: after Ctrl-C, repeat the command, and it goes on where
    it was. Another bundle under the same name begins anew. Records of people who were erased, or asked for
    it, are counted and not opened; records of another contract are refused, and the report says so.
    """
    from cluster.shadow_runs import opened_consumer
    from credit.records.reading.selection import make_period

    wanted = make_period(since, until)
    with opened_consumer(product, name, bundle, wanted, anew=again) as consumer:
        _score(consumer)
        done = consumer.status()
        console.print(
            f"Shadow {name} with bundle {done.bundle[:12]}: {done.n_scored:,} decisions scored, "
            f"{sum(done.unscored.values()):,} not. See what would change: credit shadow report {name}",
            soft_wrap=True,
        )
        if follow:
            _follow(consumer)


def _score(consumer: ShadowConsumer) -> None:
    """Show how many records are read, by this process or another that holds the lease."""
    import time

    total = consumer.waiting()
    n_done = 0
    with counting_bar("scoring", total) as advance:
        while True:
            worked = consumer.step()
            waiting = consumer.waiting()
            for _ in range(total - waiting - n_done):
                advance()
            n_done = max(n_done, total - waiting)
            if not worked and (consumer.is_ours() or not waiting):
                return
            if not worked:
                time.sleep(POLL_S)


def _follow(consumer: ShadowConsumer) -> None:
    import time

    console.print("Following new decisions; Ctrl-C ends it and keeps what was scored.")
    while True:
        if not consumer.step():
            time.sleep(POLL_S)


@app.command()
def report(
    name: NameArgument,
    bundle: Annotated[
        str, typer.Option(help="Beginning of the hash, when the name was used for several.")
    ] = "",
    since: SinceOption = None,
    until: UntilOption = None,
    interest_income: IncomeOption = None,
    loss_given_default: LossOption = None,
    exposure: ExposureOption = None,
    outcomes: OutcomesOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    product: ContractOption = "give_me_some_credit",
) -> None:
    """Say what would change if the shadow decided: whom it lets in, whom it keeps out, at what risk.

    Both models judged the same applicants. What would have become of those it lets in is never known, so
    their bad rate is a bracket between the two models' views.
    """
    import msgspec

    from cluster.rollout import opened_state
    from cluster.shadow_report import loan_terms, measure_shadow, read_outcomes, show_shadow
    from credit.experiment.report import render_shadow
    from credit.records.reading.selection import make_period
    from credit.settings import Settings
    from credit.shadow import find_run
    from credit.shadow.consumer import stamp
    from credit.shadow.store import create_tables

    terms = loan_terms(interest_income, loss_given_default, exposure)
    wanted = make_period(since, until)
    known = None if outcomes is None else read_outcomes(outcomes)
    with stage("measuring"), opened_state() as state:
        create_tables(state)
        found = measure_shadow(
            Settings(),
            state,
            find_run(state, name, product, bundle),
            since=stamp(wanted.since),
            until=stamp(wanted.until),
            terms=terms,
            exposure=exposure,
            outcomes=known,
        )
    if out is not None:
        with stage("drawing"):
            page = render_shadow(found)
        out.write_text(page, encoding="utf-8")
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    show_shadow(found)
    if out is not None:
        console.print(f"Page: {near(out.resolve())}", soft_wrap=True)


@app.command("list")
def list_shadows(product: ContractOption = "give_me_some_credit", json: JsonOption = False) -> None:
    """Show the shadows that have scored anything, the one begun last first."""
    import msgspec

    from cluster.rollout import opened_state
    from credit.shadow import list_runs
    from credit.shadow.store import create_tables

    with opened_state() as state:
        create_tables(state)
        runs = list_runs(state, product)
    if json:
        typer.echo(msgspec.json.encode(runs))
        return
    table = Table("shadow", "bundle", "begun", "from")
    for column in ("scored", "not scored"):
        table.add_column(column, justify="right")
    for found in runs:
        table.add_row(
            found.name,
            found.bundle[:12],
            found.begun_at[:19].replace("T", " "),
            "the first record" if found.since is None else found.since[:19].replace("T", " "),
            f"{found.n_scored:,}",
            f"{sum(found.unscored.values()):,}",
        )
    console.print(table if runs else f"no shadow of {product} has scored anything yet")
