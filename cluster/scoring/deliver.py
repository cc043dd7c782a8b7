"""Hand answers on, part by part, and keep account of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cluster.scoring.outputs import Write
from cluster.scoring.refusals import Refusal, merged
from cluster.scoring.worker import ScoredPart


@dataclass(frozen=True)
class FileScored:
    """What became of the rows of a file.

    Attributes
    ----------
    n_replayed
        Of those scored: recorded by an earlier run of the job, and answered from there.
    refusals
        Why the others were not scored, the rule that most rows break first.
    """

    n_rows: int
    n_scored: int
    n_replayed: int
    refusals: list[Refusal]


def deliver(
    parts: Iterator[ScoredPart], write: Write, advance: Callable[[int, float], None]
) -> FileScored:
    """Write the answers of each part; ``advance`` is told its rows and the share of the file read."""
    n_rows = n_scored = n_replayed = 0
    refusals: list[Refusal] = []
    for part in parts:
        write(part.content)
        n_rows += part.n_rows
        n_scored += part.n_scored
        n_replayed += part.n_replayed
        refusals = merged([*refusals, *part.refusals])
        advance(part.n_rows, part.share_read)
    return FileScored(n_rows, n_scored, n_replayed, refusals)
