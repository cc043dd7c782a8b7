"""``credit records show | predictions``: the whole story of one decision, and many under their earlier names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.records_replay import SinceOption, UntilOption
from cluster.cli.terminal import console, counting_bar, errors_console, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credit.records.lineage.predictions import Prediction
    from credit.settings import Settings

SHOWN = 20

TenantOption = Annotated[str, typer.Option(help="Whose decisions.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``credit records``."""
    app.command()(show)
    app.command()(predictions)


def show(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="Decision id, as answered.")],
    tenant: TenantOption = "default",
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Show the clear part alone; needs no keys.")
    ] = False,
    registry: Annotated[
        bool,
        typer.Option("--registry", help="Also ask MLflow which version and search the model is."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tell the whole story of one decision: asked, read, scored, explained, recorded, proven.

    The application and the values behind the reasons are opened with the keys below CREDIT_HOME, unless
    --sealed. Those of erased and restricted people stay closed. The chain is checked at this record
    only: `credit records verify` walks all of it.
    """
    import msgspec

    from cluster.lineage import Registered, registered_as
    from cluster.story_page import story_page
    from credit.records import LocalKeyFile, RecordReader
    from credit.records.lineage import tell_story
    from credit.records.replay import BundleFolder
    from credit.settings import Settings

    settings = Settings()
    keys = None if sealed else LocalKeyFile(settings.key_path)
    with RecordReader(settings.records, keys) as reader:
        story = tell_story(
            reader,
            BundleFolder(settings.bundles_path),
            settings.state,
            tenant=tenant,
            decision_id=decision_id,
            opened=not sealed,
            public_keys=known_public_keys(settings),
        )
    found: Registered | None = None
    if registry:
        with stage("asking the registry"):
            found = registered_as(settings, story.made.bundle)
    if json:
        typer.echo(msgspec.json.encode({"story": story, "registered": found}))
        return
    for line in story_page(story, found, asked_registry=registry):
        console.print(line, markup=False, soft_wrap=True)


def known_public_keys(settings: Settings) -> Mapping[str, bytes]:
    """Read the published keys of checkpoint signers; none while there is no checkpoint."""
    from credit.records.proof.signing import read_public_keys

    path = settings.public_keys_path
    return read_public_keys(path) if path.exists() else {}


def predictions(
    since: SinceOption = None,
    until: UntilOption = None,
    tenant: TenantOption = "default",
    opened: Annotated[
        bool, typer.Option("--open", help="Fill `input` with the application; needs the keys.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write all of them: FILE.csv or FILE.parquet.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="All of them, one JSON object a line.")
    ] = False,
) -> None:
    """List decisions under the names of earlier systems: timestamp, input, default_probability and so on.

    The same columns as the view `predictions` of the database. `input` is null unless --open, and stays
    null for erased and restricted people. Without --out and --json, the newest 20 are shown.
    """
    from credit.records import LocalKeyFile, RecordReader
    from credit.records.lineage import predictions as listing
    from credit.records.lineage.predictions_file import write_predictions
    from credit.records.reading.selection import count_in_period, make_period
    from credit.settings import Settings

    settings, wanted = Settings(), make_period(since, until)
    keys = LocalKeyFile(settings.key_path) if opened else None
    with RecordReader(settings.records, keys) as reader:
        if out is None and not json:
            newest = listing.newest_predictions(reader, wanted, SHOWN, tenant=tenant, opened=opened)
            _show(newest, count_in_period(reader, wanted, tenant=tenant))
            return
        pages = listing.predictions(reader, wanted, tenant=tenant, opened=opened)
        if out is None:
            _print(pages)
        else:
            total = count_in_period(reader, wanted, tenant=tenant)
            with counting_bar("writing", total) as advance:
                n = write_predictions(pages, out, advance)
            errors_console.print(f"{n:,} predictions in {out}", soft_wrap=True)


def _print(pages: Iterator[list[Prediction]]) -> None:
    import msgspec

    for page in pages:
        for row in page:
            typer.echo(msgspec.json.encode(row))


def _show(newest: list[Prediction], n: int) -> None:
    table = Table("timestamp", "decision", "PD", "score", "rating", "", "input")
    for row in newest:
        table.add_row(
            row.timestamp[:19],
            row.decision_id,
            f"{row.default_probability:.4f}",
            f"{row.credit_score:.0f}",
            row.rating,
            row.decision,
            row.input or "",
        )
    console.print(table)
    if n > len(newest):
        errors_console.print(f"and {n - len(newest):,} earlier; --out FILE.csv writes all")
