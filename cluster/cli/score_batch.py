"""``credit score-batch``: files of any number and size, into a folder of Parquet files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.options import ContractOption
from cluster.cli.rows_bar import rows_bar
from cluster.cli.terminal import errors_console
from cluster.exits import NO

if TYPE_CHECKING:
    from cluster.batch.run import Batch, BatchDone
    from cluster.scoring.job import Recording
    from credit.contract import Contract
    from credit.decision import Rollout
    from credit.settings import Settings


def score_batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="CSV, Parquet or JSON lines: a file, a folder, s3://bucket/prefix."
        ),
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="Folder of the answers, or s3://bucket/prefix.")
    ],
    contract: ContractOption = "give_me_some_credit",
    bundle: Annotated[
        str | None,
        typer.Option(
            help="Alias, hash or folder: score everybody with it. Without it, arms as the service assigns them."
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record each decision, once, also when repeated.")
    ] = False,
    shap_values: Annotated[
        bool, typer.Option("--shap-values", help="A column of contributions for each feature.")
    ] = False,
    ray: Annotated[
        bool | None,
        typer.Option(
            "--ray/--no-ray",
            help="Ray Data, or this process alone. [default: Ray from a million rows on]",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that score on Ray. [default: all cores]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="What was done, for machines.")] = False,
) -> None:
    """Score whole files, the same to the bit as the service would.

    Answers come in files of about 32,000 rows, each whole or not there. A run that was ended goes on where it was
    when the same command is repeated. Rows that break the contract are not scored; the files refused-*.parquet name
    each with its rule, and the exit code is then 1.
    """
    import msgspec

    from cluster.batch.folder import AnswersFolder
    from cluster.batch.inputs import find_inputs
    from cluster.batch.run import RAY_FROM_ROWS, about_rows, open_batch
    from cluster.scoring.job import ScoringJob
    from credit.contract import load_contract
    from credit.settings import Settings

    settings, terms = Settings(), load_contract(contract)
    inputs = find_inputs(source)
    job = ScoringJob(
        rollout=_rollout(settings, terms, bundle),
        bundles_path=settings.bundles_path,
        cache_path=settings.cache_path,
        form="table",
        shap_values=shap_values,
        recording=_recording(settings) if record else None,
    )
    batch = open_batch(inputs, AnswersFolder(out), job, names_bundle=bundle is not None)
    n_rows = about_rows(inputs)
    use_ray = n_rows >= RAY_FROM_ROWS if ray is None else ray
    with rows_bar("scoring") as advance:
        n_read = 0

        def count(n: int) -> None:
            nonlocal n_read
            n_read += n
            advance(n, min(1.0, n_read / max(1, n_rows)))

        done = _on_ray(batch, workers, count) if use_ray else _here(batch, count)
    n_before = sum(name.startswith("part-") for name in batch.done)
    if json:
        told = {
            "rows": done.n_rows,
            "scored": done.n_scored,
            "recorded_before": done.n_replayed,
            "files_before": n_before,
            "refused": done.refusals,
        }
        typer.echo(msgspec.json.encode(told))
    else:
        _report(done, n_before, out)
    if done.n_scored < done.n_rows:
        raise typer.Exit(NO)


def _here(batch: Batch, advance: Callable[[int], object]) -> BatchDone:
    from cluster.batch.run import in_this_process, score_batch

    return score_batch(batch, in_this_process, advance=advance)


def _on_ray(batch: Batch, workers: int | None, advance: Callable[[int], object]) -> BatchDone:
    import os
    from functools import partial

    from cluster.batch.run import score_batch
    from cluster.local_ray import local_ray

    with local_ray(serving=False):
        from cluster.batch.on_ray import on_ray

        n_workers = workers or len(os.sched_getaffinity(0))
        return score_batch(batch, partial(on_ray, workers=n_workers), advance=advance)


def _rollout(settings: Settings, terms: Contract, bundle: str | None) -> Rollout:
    """Who answers: the service's arms, or one bundle for everybody."""
    from cluster.scoring_files import stored_rollout
    from credit.decision import Arm, Rollout
    from credit.decision.assignment import CHAMPION
    from serve_app.rollout.prepare import prepare_bundle

    if bundle is None:
        return stored_rollout(settings, terms.product)
    hash_ = prepare_bundle(settings, terms, bundle)
    return Rollout(terms.product, 0, "", (Arm(CHAMPION, hash_),))


def _recording(settings: Settings) -> Recording:
    from cluster.running import require_record_store
    from cluster.scoring.job import Recording
    from credit.records.ids import time_ordered_id

    require_record_store(settings)
    return Recording(settings.records, settings.key_path, f"batch-{time_ordered_id()}")


def _report(done: BatchDone, n_before: int, out: str) -> None:
    if n_before:
        errors_console.print(f"{n_before:,} files of answers were there already.")
    errors_console.print(
        f"Written: {out.partition('?')[0]}, {done.n_scored:,} of {done.n_rows:,} rows",
        soft_wrap=True,
    )
    if done.n_replayed:
        errors_console.print(f"{done.n_replayed:,} rows were recorded before, and answered so")
    for refusal in done.refusals:
        errors_console.print(f"not scored: {refusal}", soft_wrap=True)
