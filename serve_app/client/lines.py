"""The lines of a batch: answers, rows that were refused, and a problem that ended it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from credit.answer import Answer
from credit.errors import Failure
from serve_app.client.calls import Call
from serve_app.client.refusals import ServiceUnreachable, refusal_of


class RefusedRow(msgspec.Struct, frozen=True):
    """One row that was not decided.

    Attributes
    ----------
    row
        Its number among those of the caller, from 1.
    errors
        Rules that it breaks.
    """

    row: int
    errors: tuple[Failure, ...]


_answer = msgspec.json.Decoder(Answer)
_refused = msgspec.json.Decoder(RefusedRow)


class BatchLines:
    """Reads the lines of one batch, whatever attempts they came in: each row is told once."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._n_told = 0
        self._n_read = 0
        self._begun = b""

    def begin_again(self) -> None:
        """Read from the first line, of another attempt."""
        self._n_read = 0
        self._begun = b""

    def read(self, piece: bytes) -> Iterator[Answer | RefusedRow]:
        """Tell the rows that end in the next piece, without those that were told in an earlier attempt.

        Raises
        ------
        CreditError
            When it says that the batch ended early.
        """
        # Only a newline ends a line: other signs that Unicode knows as such may stand inside of one.
        *lines, self._begun = (self._begun + piece).split(b"\n")
        for line in lines:
            told = self._told(line)
            if told is not None:
                yield told

    def require_all(self) -> None:
        """Refuse an answer that ended before its last row.

        Raises
        ------
        ServiceUnreachable
            Which may be repeated.
        """
        if self._n_read < self._call.n_rows:
            raise ServiceUnreachable(
                f"the answer ended after {self._n_read} of {self._call.n_rows} rows"
            )

    def _told(self, line: bytes) -> Answer | RefusedRow | None:
        if line.startswith(b'{"problem"'):
            problem = msgspec.json.decode(line)["problem"]
            raise refusal_of(problem, problem["status"])
        self._n_read += 1
        if self._n_read <= self._n_told:
            return None
        self._n_told = self._n_read
        if line.startswith(b'{"row"'):
            refused = _refused.decode(line)
            return RefusedRow(refused.row + self._call.first_row - 1, refused.errors)
        return _answer.decode(line)
