"""The blocks of a batch through Ray Data: tasks read files, actors that hold the bundles score.

Blocks stream: reading waits when scoring is behind, so memory does not grow with the files.
"""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from cluster.batch.block_scorer import BlockDone, BlockScorer
from cluster.batch.blocks import read_blocks
from cluster.batch.folder import AnswersFolder
from cluster.batch.inputs import InputFile
from cluster.batch.run import Batch
from cluster.scoring.job import ScoringJob
from credit.errors import CreditError, ServiceUnavailable

READING_CPUS = 0.25
"""Reading takes a fraction of the time of scoring; a whole core for it would stand idle."""

_SCHEMA = pa.schema([("block", pa.binary())])


def on_ray(batch: Batch, *, workers: int) -> Iterator[BlockDone]:
    """Score the blocks of a batch on the Ray that runs.

    Parameters
    ----------
    workers
        Actors that score, a core each.

    Raises
    ------
    CreditError
        As :class:`cluster.batch.block_scorer.BlockScorer`.
    ServiceUnavailable
        When Ray ends an actor, perhaps for want of memory.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # the command has a bar of its own
    with warnings.catch_warnings():
        # Advice for whoever writes pipelines, about small files and a parameter that has no other name yet.
        warnings.simplefilter("ignore")
        yield from _scored(batch, workers)


def _scored(batch: Batch, workers: int) -> Iterator[BlockDone]:
    blocks = ray.data.read_datasource(_BlockSource(batch), num_cpus=READING_CPUS)
    scored = blocks.map_batches(
        _Scorer,
        fn_constructor_args=(batch.job, batch.folder, len(batch.inputs)),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=1 - READING_CPUS,
        max_restarts=0,  # a process that was ended for want of memory would be ended again
    )
    try:
        for row in scored.iter_rows():
            done = pickle.loads(row["block"])  # noqa: S301 - from our own actor
            if isinstance(done, CreditError):
                raise done
            yield done
    except ray.exceptions.RayError as error:
        raise ServiceUnavailable(
            "Ray ended a process that scores, perhaps for want of memory; what is written is whole: repeat with "
            "fewer --workers to go on"
        ) from error


class _BlockSource(Datasource):  # type: ignore[misc]
    """Files, each read by a task of its own."""

    def __init__(self, batch: Batch) -> None:
        self._inputs = batch.inputs
        self._done = batch.done

    def estimate_inmemory_data_size(self) -> int | None:
        """Sizes of the files."""
        return sum(file.size for file in self._inputs)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, **options: Any
    ) -> list[ReadTask]:
        """One task for each file."""
        return [
            ReadTask(
                partial(_read, number, file, self._done),
                BlockMetadata(
                    num_rows=None, size_bytes=file.size, input_files=None, exec_stats=None
                ),
            )
            for number, file in enumerate(self._inputs)
        ]


def _read(number: int, file: InputFile, done: frozenset[str]) -> Iterator[pa.Table]:
    try:
        for block in read_blocks(number, file):
            if block.name not in done:
                yield _packed(block)
    except CreditError as error:  # travels to whoever asked, instead of being tried again
        yield _packed(error)


class _Scorer:
    """What an actor holds."""

    def __init__(self, job: ScoringJob, folder: AnswersFolder, n_files: int) -> None:
        self._make: Callable[[], BlockScorer] = partial(BlockScorer, job, folder, n_files=n_files)
        self._scorer: BlockScorer | None = None

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Score a block, or hand on the error that stands in its place."""
        content = pickle.loads(batch["block"][0].as_py())  # noqa: S301 - from our own task
        if isinstance(content, CreditError):
            return batch
        try:
            if self._scorer is None:
                self._scorer = self._make()
            return _packed(self._scorer.score(content))
        except CreditError as error:
            return _packed(error)


def _packed(content: object) -> pa.Table:
    return pa.table({"block": [pickle.dumps(content, protocol=5)]}, schema=_SCHEMA)
