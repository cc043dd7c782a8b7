"""What a process does with one part of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pandas as pd
import pyarrow as pa

from cluster.scoring.answers_table import answers_table
from cluster.scoring.job import Recording, ScoringJob
from cluster.scoring.refusals import Refusal, refusal_of, refusals_of
from credit.contract import Contract
from credit.contract.rows import check_rows
from credit.contract.texts import reference_texts, typed_frame
from credit.data.parts import Part
from credit.decision.batch import Decided
from credit.decision.score import Answer
from credit.decision.scorer import answer
from credit.errors import ApplicationInvalid, Failure

if TYPE_CHECKING:
    from cluster.scoring.recorder import RowRecorder


@dataclass(frozen=True)
class ScoredPart:
    """Answers to the rows of a part, in their order.

    Attributes
    ----------
    content
        JSON lines, or columns, as the job asks for.
    n_rows
        Rows of the part, whether they were scored or not.
    n_scored
        Answers.
    n_replayed
        Those of them that an earlier run of the job has recorded.
    """

    content: bytes | pa.RecordBatch
    n_rows: int
    n_scored: int
    n_replayed: int
    refusals: list[Refusal]
    share_read: float


class PartScorer:
    """Scores parts as a job says.

    Raises
    ------
    BundleError, RecordError, KeyUnavailable
        When what the job names cannot be used.
    """

    def __init__(self, job: ScoringJob) -> None:
        self._job = job
        self._scorer = job.load()
        self._recorder = None if job.recording is None else _recorder(job.recording)
        self._encoder = msgspec.json.Encoder()
        contract = self._scorer.contract
        self._shap_names = contract.feature_names if job.shap_values else ()

    def score(self, part: Part, *, file: str = "") -> ScoredPart:
        """Score the good rows of a part.

        Parameters
        ----------
        file
            Tells the files of a job apart where it records.

        Raises
        ------
        ContractError
            When columns are unknown or missing.
        """
        checked = check_rows(frame_of(part, self._scorer.contract), self._scorer.contract)
        refusals = refusals_of(part, checked)
        numbers = part.numbers[checked.places].tolist()
        scored: list[tuple[int, Decided, Answer]] = []
        for number, found in zip(numbers, self._scorer.decide(checked.applications), strict=True):
            if isinstance(found, ApplicationInvalid):
                refusals += [refusal_of(failure, number) for failure in found.failures]
            else:
                scored.append((number, found, self._answer(found)))
        lines, n_replayed = self._recorded(scored, refusals, file)
        return ScoredPart(
            content=self._content([told for _, _, told in scored], lines),
            n_rows=part.n_rows,
            n_scored=len(scored) if lines is None else len(lines),
            n_replayed=n_replayed,
            refusals=refusals,
            share_read=part.share_read,
        )

    def close(self) -> None:
        """Close the record store."""
        if self._recorder is not None:
            self._recorder.close()

    def _answer(self, decided: Decided) -> Answer:
        return answer(
            decided.pinned.bundle,
            decided.application,
            decided.score,
            arm=decided.pinned.arm.name,
            generation=self._scorer.rollout.generation,
            decision_id=None,
            with_shap_values=self._job.shap_values,
        )

    def _recorded(
        self, scored: Sequence[tuple[int, Decided, Answer]], refusals: list[Refusal], file: str
    ) -> tuple[list[bytes] | None, int]:
        """Answers as they are recorded, and how many of them already were; None for a trial."""
        if self._recorder is None:
            return None, 0
        lines, n_replayed = [], 0
        told = self._recorder.record(scored, file=file)
        for (number, _, _), found in zip(scored, told, strict=True):
            if isinstance(found, Failure):
                refusals.append(refusal_of(found, number))
            else:
                lines.append(found[0])
                n_replayed += found[1]
        return lines, n_replayed

    def _content(
        self, answers: Sequence[Answer], lines: list[bytes] | None
    ) -> bytes | pa.RecordBatch:
        if self._job.form == "table":
            if lines is not None:
                answers = [msgspec.json.decode(line, type=Answer) for line in lines]
            return answers_table(answers, self._shap_names)
        if lines is None:
            return self._encoder.encode_lines(answers)
        return b"".join([line + b"\n" for line in lines])


def _recorder(recording: Recording) -> RowRecorder:
    # A trial does not pay for loading a database library.
    from cluster.scoring.recorder import RowRecorder

    return RowRecorder(recording)


def frame_of(part: Part, contract: Contract) -> pd.DataFrame:
    """Turn a part into a table of typed cells."""
    table = part.table
    if isinstance(table, pd.DataFrame):
        return table
    if part.is_text:
        return typed_frame(table, contract)
    frame: pd.DataFrame = reference_texts(table, contract).to_pandas()
    return frame
