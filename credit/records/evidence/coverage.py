"""Which checkpoints cover the exported records, and which records lie between.

A record is proven by the chain from it to a head that was signed; of each record on the way the hash
of its content is enough to follow it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from credit.errors import RecordsNotProven
from credit.records.proof.checkpoints import body_of, checkpoints_after


@dataclass(frozen=True, slots=True)
class SignedEnds:
    """Heads that checkpoints have signed.

    Attributes
    ----------
    signed
        By writer, sequence and number of the checkpoint, ascending; of exported writers only.
    last
        All heads as of the last checkpoint: sequence and hash by writer.
    number
        The last checkpoint; 0 when there is none.
    """

    signed: Mapping[str, Sequence[tuple[int, int]]]
    last: Mapping[str, tuple[int, str]]
    number: int

    def covering(self, writer: str, sequence: int) -> tuple[int, int] | None:
        """Give sequence and checkpoint of the first signed head at a record or behind it."""
        ends = self.signed.get(writer, ())
        place = bisect_left(ends, (sequence, 0))
        return ends[place] if place < len(ends) else None


def read_signed_ends(
    connection: Connection, writers: Mapping[str, object], *, up_to: int
) -> SignedEnds:
    """Read the checkpoints up to a number.

    Raises
    ------
    RecordsNotProven
        One is not what was signed.
    """
    signed: dict[str, list[tuple[int, int]]] = defaultdict(list)
    last: dict[str, tuple[int, str]] = {}
    number = 0
    for entry in checkpoints_after(connection, 0, up_to=up_to):
        body = body_of(entry)
        if body is None:
            raise RecordsNotProven(
                f"Checkpoint {entry.number} is not what was signed, so nothing can be exported as "
                "evidence; run: credit records verify"
            )
        number = entry.number
        for writer, sequence, hash_ in body.changed:
            last[writer] = (sequence, hash_)
            if writer in writers:
                signed[writer].append((sequence, number))
    return SignedEnds(signed, last, number)


def spans(
    exported: Mapping[str, Sequence[int]], ends: SignedEnds
) -> Iterator[tuple[str, int, int]]:
    """Give the parts of chains that the proof needs: writer, first and last sequence.

    Parameters
    ----------
    exported
        Sequences by writer, ascending; those that no checkpoint covers need nothing.
    """
    for writer, sequences in exported.items():
        start, end = 0, 0
        for sequence in sequences:
            cover = ends.covering(writer, sequence)
            if cover is None:
                break
            if start and sequence > end + 1:
                yield writer, start, end
                start = 0
            start = start or sequence
            end = max(end, cover[0])
        if start:
            yield writer, start, end
