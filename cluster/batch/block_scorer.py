"""Score one block and write its files: answers, and rows that were refused."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import pyarrow as pa

from cluster.batch.blocks import Block
from cluster.batch.folder import AnswersFolder
from cluster.scoring.cycles import cycles_sought_afterwards
from cluster.scoring.job import ScoringJob
from cluster.scoring.refusals import Refusal, merged
from cluster.scoring.worker import PartScorer
from credit.errors import ServiceUnavailable

REFUSED = "refused-"
"""Refused rows of ``part-x`` are in ``refused-x``: row number, field, rule, message."""

_REFUSED_SCHEMA = pa.schema(
    [("row", pa.int64()), ("field", pa.string()), ("rule", pa.string()), ("message", pa.string())]
)


@dataclass(frozen=True)
class BlockDone:
    """What became of the rows of a block."""

    n_rows: int
    n_scored: int
    n_replayed: int
    refusals: list[Refusal]


class BlockScorer:
    """Scores blocks of one batch.

    Parameters
    ----------
    job
        Its form must be ``table``.
    n_files
        How many files the batch has: rows of one file are recorded as ``job:row``, those of several as
        ``job/file:row``.
    """

    def __init__(self, job: ScoringJob, folder: AnswersFolder, *, n_files: int) -> None:
        self._scorer = PartScorer(job)
        gc.freeze()  # what is here now stays: it need not be looked through after each part
        self._folder = folder
        self._n_files = n_files

    def score(self, block: Block) -> BlockDone:
        """Score a block; when this returns its files are there.

        Raises
        ------
        ContractError
            When columns are unknown or missing.
        RecordError
            When a row cannot be recorded; the block is not there then, and is scored again next time.
        DataError
            When its files cannot be written.
        """
        file = f"/{block.file}" if self._n_files > 1 else ""
        scored = []
        for part in block.parts:
            with cycles_sought_afterwards():
                scored.append(self._scorer.score(part, file=file))
        tables = [part.content for part in scored if isinstance(part.content, pa.RecordBatch)]
        if len(tables) < len(scored):
            raise ServiceUnavailable("a batch is scored into tables, not lines")
        refusals = [refusal for part in scored for refusal in part.refusals]
        if refusals:
            self._folder.write_table(
                f"{REFUSED}{block.name.removeprefix('part-')}", _rows(refusals)
            )
        # Last: a block whose answers are there is done.
        self._folder.write_table(block.name, pa.Table.from_batches(tables))
        return BlockDone(
            n_rows=block.n_rows,
            n_scored=sum(part.n_scored for part in scored),
            n_replayed=sum(part.n_replayed for part in scored),
            refusals=merged(refusals),
        )

    def close(self) -> None:
        """Close the record store."""
        self._scorer.close()
        gc.unfreeze()


def _rows(refusals: list[Refusal]) -> pa.Table:
    rows = [(number, r.field, r.rule, r.message) for r in refusals for number in r.numbers]
    columns = zip(*sorted(rows), strict=True)
    return pa.Table.from_arrays(list(map(pa.array, columns)), schema=_REFUSED_SCHEMA)
