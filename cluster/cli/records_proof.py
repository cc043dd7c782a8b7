"""``credit records verify``, ``checkpoint`` and ``keys rotate-signing``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.terminal import console, errors_console, near
from cluster.exits import NO, OK

if TYPE_CHECKING:
    from credit.records.proof.anchors import Anchor
    from credit.records.proof.findings import Finding, VerifyReport
    from credit.records.proof.signing import LocalSigningKey
    from credit.records.proof.verify import Progress
    from credit.settings import Settings

_SHOWN = 10

keys_app = typer.Typer(help="Keys that sign.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
AnchorOption = Annotated[
    str | None,
    typer.Option(
        help="Place outside: a file, or s3://bucket/prefix. Default: CREDIT_ANCHOR, else checkpoints.jsonl "
        "in CREDIT_HOME."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``credit records``."""
    app.command()(verify)
    app.command()(checkpoint)
    app.add_typer(keys_app, name="keys")


def verify(
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes. Default: one for each processor."),
    ] = None,
    public_keys: Annotated[
        Path | None,
        typer.Option(
            help="Your own copy of the public keys. Default: keys/signing-public.json in CREDIT_HOME, which "
            "whoever changes the database may be able to change, too."
        ),
    ] = None,
    anchor: AnchorOption = None,
    json: JsonOption = False,
) -> None:
    """Check every record, checkpoint, tombstone and anchored checkpoint; name the first that is wrong.

    Exit code 0 when all is as it was written, 1 when something is not. Writers may go on meanwhile.

    **What each part proves**

    - The *chain* of each writer: no record in it was changed, removed, added or moved. A chain holds no
      secret: who can write the database could write a whole chain anew.

    - *Signed checkpoints* over the ends of all chains: nothing was cut off an end, and no chain was written
      anew, before the last checkpoint. That needs the signing key.

    - The *anchor*, outside: who holds the database AND the signing key could replace the whole history, or
      put an old backup in its place. The anchor still knows what was signed then. It is worth as much as the
      place it lies in: a file beside the database proves nothing against its owner, a bucket with object
      lock does.

    **What is not proven**: records behind the last checkpoint (they are counted here; a checkpoint a minute
    keeps them few, and a forged record that is added before one is signed with the others); that a record was
    true when it was written; that sealed parts open (an erased subject's do not, and its records verify like
    all others: what is hashed is the ciphertext).
    """
    import msgspec

    from credit.records.proof.public_keys import read_public_keys
    from credit.records.proof.verify import verify as verify_store
    from credit.settings import Settings

    settings = Settings()
    if public_keys is not None:
        known = read_public_keys(public_keys)
    elif settings.public_keys_path.exists():
        known = read_public_keys(settings.public_keys_path)
    else:
        known = {}  # nothing was ever signed here, and every signature will be a finding
    with _bar("verifying records") as progress:
        report = verify_store(
            settings.records,
            known,
            [_anchor(anchor, settings)],
            workers=workers,
            progress=progress,
        )
    if json:
        typer.echo(msgspec.json.encode({"ok": report.ok, **msgspec.to_builtins(report)}))
    else:
        _show(report)
    raise typer.Exit(OK if report.ok else NO)


def checkpoint(anchor: AnchorOption = None, json: JsonOption = False) -> None:
    """Sign where every chain ends now, and publish the signature outside; nothing new, nothing made.

    As often as you like, about once a minute: what lies behind the last checkpoint is not under any signature.
    A checkpoint that could not be published is published by the next run. The signing key is made on first use
    (keys/signing.json in CREDIT_HOME); give a copy of keys/signing-public.json to those who will verify.

    Refused, with exit code 1, when the store is not what was signed before, or is behind its anchor.
    """
    import msgspec

    from credit.records.proof.checkpointer import Checkpointer
    from credit.records.proof.checkpoints import decode_body
    from credit.settings import Settings

    settings = Settings()
    place = _anchor(anchor, settings)
    made = Checkpointer(settings.records, _signing_key(settings), [place]).step()
    if made is None:
        if json:
            typer.echo(b"null")
        else:
            console.print("Nothing new since the last checkpoint.")
        return
    body = decode_body(made.body)
    if json:
        typer.echo(
            msgspec.json.encode(
                {
                    "number": made.number,
                    "hash": made.hash.hex(),
                    "signing_key_id": made.signing_key_id,
                    "n_chains": body.n_chains,
                    "n_records": body.n_records,
                    "anchor": place.name,
                }
            )
        )
        return
    console.print(
        f"Checkpoint {made.number} signs {body.n_records:,} records in {body.n_chains:,} chains "
        f"({len(body.changed):,} went on since the one before); published in {place.name}.",
        soft_wrap=True,
    )


@keys_app.command("rotate-signing")
def rotate_signing(json: JsonOption = False) -> None:
    """Make a new signing key and forget the old one; what it signed still verifies.

    Do it when somebody may have read keys/signing.json, or as often as your rules say. Then restart the
    service, which goes on with the key it has loaded, and give the new keys/signing-public.json to those
    who verify. Checkpoints that a thief signs with an old key are found by the anchor.
    """
    import msgspec

    from credit.settings import Settings

    settings = Settings()
    key_id = _signing_key(settings).rotate()
    if json:
        typer.echo(msgspec.json.encode({"signing_key_id": key_id}))
        return
    console.print(
        f"Signing key {key_id} signs from now on; public keys: {near(settings.public_keys_path)}. Restart what "
        "runs.",
        soft_wrap=True,
    )


def _anchor(reference: str | None, settings: Settings) -> Anchor:
    from credit.records.proof.anchors import open_anchor

    return open_anchor(reference or settings.anchor or settings.checkpoints_path)


def _signing_key(settings: Settings) -> LocalSigningKey:
    from credit.records.proof.signing import LocalSigningKey

    return LocalSigningKey(settings.signing_key_path, settings.public_keys_path)


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=errors_console,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(report: VerifyReport) -> None:
    console.print(
        f"{report.n_records:,} records in {report.n_chains:,} chains, {report.n_checkpoints:,} checkpoints, "
        f"{report.n_tombstones:,} tombstones, {report.n_erased_subjects:,} erased subjects: "
        f"{report.seconds:.1f} s, {report.n_records / max(report.seconds, 1e-9):,.0f} records a second",
        soft_wrap=True,
    )
    if report.n_not_checkpointed:
        console.print(
            f"{report.n_not_checkpointed:,} records are not under a checkpoint yet: only their chains vouch for "
            "them. Sign them: credit records checkpoint",
            soft_wrap=True,
        )
    for state in report.anchors:
        behind = f"; {state.n_behind:,} of the store are not there yet" if state.n_behind else ""
        console.print(
            f"anchor {state.name}: {state.n_checkpoints:,} checkpoints{behind}", soft_wrap=True
        )
    if report.ok:
        console.print("Everything is as it was written.", style="green")
        return
    console.print(f"NOT PROVEN: {report.n_findings:,} findings. The first:", style="red")
    for finding in report.findings[:_SHOWN]:
        # Not as markup: what somebody wrote into the database must not colour this page.
        console.print(f"- {_line(finding)}", markup=False, soft_wrap=True)
    if report.n_findings > _SHOWN:
        console.print(
            f"... and {report.n_findings - _SHOWN:,} more; --json lists the first {len(report.findings)}."
        )


def _line(finding: Finding) -> str:
    named = {
        "decision": finding.decision_id,
        "position": finding.position,
        "chain": finding.writer,
        "sequence": finding.sequence,
    }
    where = ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)
    return f"{finding.kind}: {where + ': ' if where else ''}{finding.message}"
