"""Record the decisions of a part; a row is done when its record is on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from cluster.scoring.job import Recording
from credit.decision.batch import Decided
from credit.decision.score import Answer
from credit.errors import Failure, IdempotencyConflict, RecordErased
from credit.records import LocalKeyFile, Receipt, RecordWriter, new_decision_id
from serve_app.recording import decision_record

ROUTE = "score-file"

IN_FLIGHT = 512
"""Records that wait to be written at a time: two commits of the writer, so that none waits for rows."""


class RowRecorder:
    """Records rows under the name of a job, so that a job that is repeated records nothing twice.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        As :class:`credit.records.RecordWriter`.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._writer = RecordWriter(recording.location, LocalKeyFile(recording.key_path))

    def record(
        self, rows: Sequence[tuple[int, Decided, Answer]], *, file: str = ""
    ) -> list[tuple[bytes, bool] | Failure]:
        """Record rows, given with their numbers in the file; blocks until all are on disk.

        Parameters
        ----------
        file
            Tells the files of a job apart, where it has several.

        Returns
        -------
        For each row what to tell, and whether an earlier run of the job has told it; or why there is nothing
        to tell.

        Raises
        ------
        RecordError
            When a row cannot be recorded.
        """
        told: list[tuple[bytes, bool] | Failure] = []
        waiting: deque[Future[Receipt]] = deque()
        for number, decided, answer in rows:
            if len(waiting) >= IN_FLIGHT:
                told.append(_told(waiting.popleft()))
            waiting.append(self._append(f"{self._recording.name}{file}:{number}", decided, answer))
        told.extend(_told(receipt) for receipt in waiting)
        return told

    def close(self) -> None:
        """Close the store."""
        self._writer.close()

    def _append(self, key: str, decided: Decided, answer: Answer) -> Future[Receipt]:
        record = decision_record(
            decided.pinned.bundle,
            decided.application,
            decided,
            msgspec.structs.replace(answer, decision_id=new_decision_id()),
            slot=decided.pinned.slot,
            latency_us=dict(decided.stage_us),
            tenant=self._recording.tenant,
            route=ROUTE,
            idempotency_key=key,
        )
        return self._writer.append(record)


def _told(waiting: Future[Receipt]) -> tuple[bytes, bool] | Failure:
    try:
        receipt = waiting.result()
    except IdempotencyConflict:
        message = "this job has recorded another application for the row; give a new --job"
        return Failure("job", "category", message)
    except RecordErased:
        message = "this job has recorded the row, and its subject was erased or asked for it since"
        return Failure("job", "missing", message)
    return receipt.answer, receipt.replayed
