"""Score a batch: what is there already is skipped, everything else goes where it is fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import pyarrow.parquet

from cluster.batch.block_scorer import BlockDone, BlockScorer
from cluster.batch.blocks import read_blocks
from cluster.batch.folder import AnswersFolder
from cluster.batch.inputs import InputFile
from cluster.batch.manifest import Manifest, Source, require_same
from cluster.scoring.job import ScoringJob
from cluster.scoring.refusals import Refusal, merged

RAY_FROM_ROWS = 1_000_000
"""Below it one process is done before Ray's have started."""

BYTES_OF_A_ROW = 100
"""For files that do not tell how many rows they have, about the size of one in CSV."""


@dataclass(frozen=True)
class Batch:
    """One batch, ready to be scored.

    Attributes
    ----------
    done
        Names of files that an earlier run has written.
    """

    inputs: list[InputFile]
    folder: AnswersFolder
    job: ScoringJob
    done: frozenset[str]


@dataclass
class BatchDone:
    """What became of all rows; those of blocks that were there already are not among them."""

    n_rows: int = 0
    n_scored: int = 0
    n_replayed: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, block: BlockDone) -> None:
        """Count a block in."""
        self.n_rows += block.n_rows
        self.n_scored += block.n_scored
        self.n_replayed += block.n_replayed
        self.refusals = merged([*self.refusals, *block.refusals])


class Runner(Protocol):
    """Scores the blocks of a batch that are not there yet, in any order."""

    def __call__(self, batch: Batch) -> Iterator[BlockDone]:
        """Yield what became of each."""
        ...


def open_batch(
    inputs: list[InputFile], folder: AnswersFolder, job: ScoringJob, *, names_bundle: bool
) -> Batch:
    """Begin a batch, or go on with one that was ended.

    Parameters
    ----------
    names_bundle
        Whether the bundle was asked for by name; otherwise a batch goes on with the one it began with.

    Raises
    ------
    SettingsInvalid
        When the folder is of something else.
    DataError
        When it cannot be written.
    """
    asked = Manifest(
        job="" if job.recording is None else job.recording.name,
        sources=[Source(file.address, file.size) for file in inputs],
        rollout=job.rollout,
        records=job.recording is not None,
        shap_values=job.shap_values,
    )
    found = folder.manifest()
    if found is None:
        folder.write_manifest(asked)
        return Batch(inputs, folder, job, frozenset())
    require_same(found, asked, names_bundle=names_bundle, out=folder.label)
    recording = job.recording and replace(job.recording, name=found.job)
    return Batch(
        inputs,
        folder,
        replace(job, rollout=found.rollout, recording=recording),
        frozenset(folder.names()),
    )


def score_batch(
    batch: Batch, run: Runner, *, advance: Callable[[int], object] = lambda n_rows: None
) -> BatchDone:
    """Score what is left of a batch.

    Parameters
    ----------
    advance
        Told the rows of each block that is done.
    """
    done = BatchDone()
    for block in run(batch):
        done.add(block)
        advance(block.n_rows)
    return done


def in_this_process(batch: Batch) -> Iterator[BlockDone]:
    """Score one block after the other."""
    scorer = BlockScorer(batch.job, batch.folder, n_files=len(batch.inputs))
    try:
        for number, file in enumerate(batch.inputs):
            for block in read_blocks(number, file):
                if block.name not in batch.done:
                    yield scorer.score(block)
    finally:
        scorer.close()


def about_rows(inputs: list[InputFile]) -> int:
    """Rows of all files: exact for Parquet, from their sizes for others."""
    return sum(_about_rows(file) for file in inputs)


def _about_rows(file: InputFile) -> int:
    if not file.path.endswith(".parquet"):
        return file.size // BYTES_OF_A_ROW
    with file.store.open_input_file(file.path) as stream:
        return int(pyarrow.parquet.read_metadata(stream).num_rows)
