"""``credit score``: score a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.options import ContractOption
from cluster.cli.rows_bar import rows_bar
from cluster.cli.terminal import console, errors_console
from cluster.exits import NO

if TYPE_CHECKING:
    from cluster.scoring.deliver import FileScored
    from cluster.scoring.job import Form, Recording
    from cluster.scoring.outputs import Write
    from cluster.scoring.worker import ScoredPart
    from credit.contract import Contract
    from credit.settings import Settings

SHOWN = 20


def score(
    file: Annotated[
        Path, typer.Argument(help="CSV, Parquet or JSON lines with the contract's columns.")
    ],
    contract: ContractOption = "give_me_some_credit",
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    local: Annotated[
        bool,
        typer.Option("--local", help="Score here, without a service; a trial unless --record."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write answers to this .ndjson, .csv or .parquet file, whole or not."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --local: processes; by default one a core.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="With --local: record every row as a decision.")
    ] = False,
    job: Annotated[
        str | None,
        typer.Option(help="With --record: repeated under this name, no row is recorded twice."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON answer a line.")] = False,
    shap_values: Annotated[
        bool, typer.Option(help="Add the contributions of every feature.")
    ] = False,
) -> None:
    """Score the good rows of a file of any size, through a running service or here with --local.

    Both give the same scores to the bit. Rows that break the contract are reported by number and rule and
    not scored; the exit code is then 1. The outcome, if the file has one, is not read.
    """
    from cluster.scoring.deliver import deliver
    from cluster.scoring.outputs import form_of, output_file
    from credit.contract import load_contract
    from credit.settings import Settings

    _check_options(local=local, workers=workers, record=record, job=job, both=json and bool(out))
    form: Form = "lines" if out is None else form_of(out)
    settings, terms = Settings(), load_contract(contract)
    parts: AbstractContextManager[Iterator[ScoredPart]]
    if local:
        recording = _recording(settings, job or _new_job(file)) if record else None
        parts = _local(file, terms, settings, recording, workers, form, shap_values)
    else:
        parts = _remote(file, terms, settings, url, form, shap_values)
    told = _FirstLines()
    write: AbstractContextManager[Write] = (
        output_file(out) if out is not None else nullcontext(_print if json else told.keep)
    )
    with rows_bar("scoring") as advance, write as write_part, parts as scored:
        done = deliver(scored, write_part, advance)
    if out is None and not json:
        _show(told.lines, done.n_scored)
    _report(done, out)


def _check_options(
    *, local: bool, workers: int | None, record: bool, job: str | None, both: bool
) -> None:
    from credit.errors import SettingsInvalid

    if not local and (workers is not None or record):
        raise SettingsInvalid("--workers and --record go with --local: a service records by itself")
    if job is not None and not record:
        raise SettingsInvalid("--job names what is recorded: give --record as well")
    if both:
        raise SettingsInvalid("--json prints the answers and --out writes them: give one of them")


def _new_job(file: Path) -> str:
    from credit.records.ids import time_ordered_id

    name = f"{file.name}-{time_ordered_id()}"
    errors_console.print(
        f"Recording as job {name}; to go on after an interruption, repeat with --job {name}",
        soft_wrap=True,
    )
    return name


def _recording(settings: Settings, job: str) -> Recording:
    from cluster.running import require_record_store
    from cluster.scoring.job import Recording

    require_record_store(settings)
    return Recording(settings.records, settings.key_path, job)


@contextmanager
def _local(
    file: Path,
    terms: Contract,
    settings: Settings,
    recording: Recording | None,
    workers: int | None,
    form: Form,
    shap_values: bool,
) -> Iterator[Iterator[ScoredPart]]:
    import os

    from cluster.scoring.job import ScoringJob
    from cluster.scoring.pool import score_parts
    from cluster.scoring_files import stored_rollout
    from credit.data.parts import read_parts

    job = ScoringJob(
        rollout=stored_rollout(settings, terms.product),
        bundles_path=settings.bundles_path,
        cache_path=settings.cache_path,
        form=form,
        shap_values=shap_values,
        recording=recording,
    )
    n_workers = workers or len(os.sched_getaffinity(0))
    with closing(score_parts(read_parts(file), job, workers=n_workers)) as parts:
        yield parts


@contextmanager
def _remote(
    file: Path, terms: Contract, settings: Settings, url: str, form: Form, shap_values: bool
) -> Iterator[Iterator[ScoredPart]]:
    from cluster.scoring.remote import score_parts_remotely
    from credit.data.parts import read_parts
    from serve_app.auth import service_token
    from serve_app.client import RetryPolicy, ScoringClient

    # Whoever forgot to start the service is told soon.
    retry = RetryPolicy(attempts=3)
    with ScoringClient(url, service_token(settings), retry=retry) as client:
        yield score_parts_remotely(
            read_parts(file), terms, client, form=form, shap_values=shap_values
        )


def _print(lines: bytes) -> None:
    typer.echo(lines, nl=False)


class _FirstLines:
    """Keeps the answers that a person is shown, and no more."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def keep(self, lines: bytes) -> None:
        """Take the first lines of a part while some are wanted."""
        wanted = SHOWN - len(self.lines)
        if wanted > 0:
            self.lines += lines.split(b"\n", wanted)[:wanted]


def _show(lines: list[bytes], n_scored: int) -> None:
    import msgspec

    from credit.decision.score import Answer

    table = Table("application", "PD", "score", "decision", "reasons", "arm")
    for line in filter(None, lines):
        answer = msgspec.json.decode(line, type=Answer)
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
    if n_scored > SHOWN:
        errors_console.print(
            f"and {n_scored - SHOWN:,} more; --json prints every row, --out writes them"
        )


def _report(done: FileScored, out: Path | None) -> None:
    """Say what was written, what was answered from earlier records, and what was not scored."""
    if out is not None:
        errors_console.print(
            f"Written: {out}, {done.n_scored:,} of {done.n_rows:,} rows", soft_wrap=True
        )
    if done.n_replayed:
        errors_console.print(f"{done.n_replayed:,} rows were recorded before, and answered so")
    for refusal in done.refusals:
        errors_console.print(f"not scored: {refusal}", soft_wrap=True)
    if done.n_scored < done.n_rows:
        raise typer.Exit(NO)
