"""``credit records export``: decisions as evidence that a stranger can check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.records_show import JsonOption, known_public_keys
from cluster.cli.terminal import console, counting_bar

if TYPE_CHECKING:
    from credit.records import LocalKeyFile, RecordReader
    from credit.records.evidence import Chosen, EvidenceManifest

STDIN = "-"


def register(app: typer.Typer) -> None:
    """Add the command to the group ``credit records``."""
    app.command()(export)


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder, or an empty one.")],
    subject: Annotated[
        str | None,
        typer.Option(
            help="All decisions about one applicant id; `-` reads it from standard input, so that it stays "
            "out of the shell's history."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="All decisions of one bundle: its hash, or 12 digits of it.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="FROM..TO, UTC, TO not included; either may be left out.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Only this tenant's; with --subject `default` unless given.")
    ] = None,
    opened: Annotated[
        bool, typer.Option("--open", help="Also write sealed parts as JSON; needs the keys.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write decisions, what proves them, and a script that checks it without this product.

    The folder holds Parquet and JSON, a manifest with the SHA-256 of every file, and
    verify_evidence.py. Records that no checkpoint covers are exported and not proven: make one first
    with `credit records checkpoint`. Of the records that lie between these and their checkpoints the folder
    holds hashes, and nothing of their content. Hashes of the first version do not allow that: what needs
    such links is refused.

    Erased and restricted people stay sealed. The folder appears whole or not at all.
    """
    import msgspec

    from credit.records import LocalKeyFile, RecordReader
    from credit.records.evidence import export_evidence
    from credit.settings import Settings

    settings = Settings()
    keys = LocalKeyFile(settings.key_path)
    with RecordReader(settings.records, keys if opened else None) as reader:
        chosen = _chosen(reader, keys, subject=subject, model=model, period=period, tenant=tenant)
        with counting_bar("exporting", chosen.n) as step:

            def advance(n: int) -> None:
                for _ in range(n):
                    step()

            manifest = export_evidence(
                reader,
                chosen,
                folder,
                opened=opened,
                public_keys=known_public_keys(settings),
                advance=advance,
            )
    if json:
        typer.echo(msgspec.json.encode(manifest))
    else:
        _show(manifest, folder)


def _chosen(
    reader: RecordReader,
    keys: LocalKeyFile,
    *,
    subject: str | None,
    model: str | None,
    period: str | None,
    tenant: str | None,
) -> Chosen:
    from credit.errors import SettingsInvalid
    from credit.records.evidence import of_model, of_period, of_subject
    from credit.records.reading.selection import period as read_period

    if sum(option is not None for option in (subject, model, period)) != 1:
        raise SettingsInvalid(
            "say which decisions to export: one of --subject, --model and --period FROM..TO"
        )
    if subject is not None:
        applicant_id = sys.stdin.readline().strip() if subject == STDIN else subject
        keys.prepare(create=False)
        return of_subject(reader, keys, tenant=tenant or "default", applicant_id=applicant_id)
    if model is not None:
        return of_model(reader, model, tenant=tenant)
    return of_period(reader, read_period(period or ""), tenant=tenant)


def _show(manifest: EvidenceManifest, folder: Path) -> None:
    counts = manifest.counts
    closed = counts.n_erased + counts.n_restricted
    told = [
        f"{counts.n_records:,} decisions in {folder}"
        + (f", {counts.n_opened:,} opened" if manifest.opened else "")
        + (
            f"; {counts.n_erased:,} erased and {counts.n_restricted:,} restricted stay sealed"
            if closed
            else ""
        ),
        f"{counts.n_covered:,} of them are under a checkpoint; of {counts.n_links:,} between only hashes go along.",
    ]
    if counts.n_covered < counts.n_records:
        told.append(
            f"{counts.n_records - counts.n_covered:,} are not proven yet: run `credit records checkpoint` and "
            "export again."
        )
    told.append(f"Check it with: python {folder / 'verify_evidence.py'}")
    for line in told:
        console.print(line, markup=False, soft_wrap=True)
