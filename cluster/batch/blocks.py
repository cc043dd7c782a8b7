"""Files, cut into blocks: what is scored, written and skipped as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from cluster.batch.inputs import InputFile, as_local_file
from credit.data.parts import Part, read_parts

PARTS_OF_A_BLOCK = 16
"""About 32,000 rows: seconds of work, so little is lost at an end, and files that are not tiny."""


@dataclass(frozen=True)
class Block:
    """Rows of one file that follow each other.

    Attributes
    ----------
    file
        Number of the file in the batch, from 0.
    parts
        In their order.
    """

    file: int
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """Name of its output: the same in each run, and in the order of the rows."""
        return block_name(self.file, self.parts[0].first)

    @property
    def n_rows(self) -> int:
        """Rows, torn ones included."""
        return sum(part.n_rows for part in self.parts)


def block_name(file: int, first: int) -> str:
    """Name of the output that begins with a row of a file."""
    return f"part-{file:05d}-{first:012d}.parquet"


def read_blocks(number: int, file: InputFile) -> Iterator[Block]:
    """Cut a file into blocks.

    Raises
    ------
    DataError
        When it cannot be read; while iterating, too.
    """
    with as_local_file(file) as path:
        parts = read_parts(path)
        while some := tuple(itertools.islice(parts, PARTS_OF_A_BLOCK)):
            yield Block(number, some)
