"""The decisions of two arms, chosen from the record log."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError
from credit.experiment.sums import FloatArray
from credit.metrics.sample import BoolArray
from credit.records.record import ClearPart


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A generation of the experiment, with the shares of applicants of its two arms."""

    generation: int
    champion_share: float
    challenger_share: float


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The span of generations during which two arms had these bundles."""

    product: str
    arm: str
    champion: str
    challenger: str
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ArmRows:
    """Decisions of the two arms, one row each, in the order they were made.

    Attributes
    ----------
    is_first
        Whether it is the first decision on its applicant in the experiment.
    latency_ms
        From the arrival of a request until its answer; NaN where it was not measured.
    """

    decision_ids: NDArray[np.str_]
    applicants: NDArray[np.str_]
    generation: NDArray[np.int64]
    is_challenger: BoolArray
    approved: BoolArray
    pd: FloatArray
    score: FloatArray
    latency_ms: FloatArray
    is_first: BoolArray

    def __len__(self) -> int:
        return len(self.pd)

    def first(self) -> ArmRows:
        """Keep the first decision of each applicant."""
        return ArmRows(*(getattr(self, name)[self.is_first] for name in self.__slots__))


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What became of the decisions that were read.

    Attributes
    ----------
    n_outside
        Without a slot: no applicant id, or the rollout was paused.
    n_other_arms
        Of another challenger.
    n_other_generations
        Before, after or between: an arm had another bundle.
    n_repeated
        Later decisions on an applicant who counts already; they count for latency alone.
    n_moved
        Applicants that both arms decided on, because slots changed hands.
    """

    n_read: int
    n_outside: int
    n_other_arms: int
    n_other_generations: int
    n_repeated: int
    n_moved: int


class Decision(NamedTuple):
    """What of a record is needed here: nothing that is sealed."""

    decision_id: str
    subject_ref: str
    clear: ClearPart


def collect(
    experiment: Experiment, champion: str, records: Iterable[Decision]
) -> tuple[ArmRows, Counted]:
    """Choose the decisions of an experiment.

    Parameters
    ----------
    champion
        Name of the champion's arm.
    records
        In the order they were made.

    Raises
    ------
    DataError
        Nothing is left.
    """
    phases = {phase.generation for phase in experiment.phases}
    arms: dict[str, bool] = {champion: False, experiment.arm: True}
    n_read = n_outside = n_other_arms = n_other_generations = 0
    rows: list[tuple[str, str, int, bool, bool, float, float, float, bool]] = []
    seen: dict[str, bool] = {}
    moved: set[str] = set()
    for decision_id, subject, clear in records:
        if clear.contract != experiment.product:
            continue
        n_read += 1
        if clear.slot is None:
            n_outside += 1
        elif clear.generation not in phases:
            n_other_generations += 1
        elif clear.arm not in arms:
            n_other_arms += 1
        else:
            is_challenger = arms[clear.arm]
            is_first = subject not in seen
            if seen.setdefault(subject, is_challenger) != is_challenger:
                moved.add(subject)
            rows.append(
                (
                    decision_id,
                    subject,
                    clear.generation,
                    is_challenger,
                    clear.decision == "approve",
                    clear.probability_of_default,
                    clear.score,
                    clear.latency_us["answer"] / 1000 if "answer" in clear.latency_us else math.nan,
                    is_first,
                )
            )
    if not rows:
        raise DataError(
            f"no decision of {experiment.product} belongs to the experiment of arm {experiment.arm} "
            f"({n_read:,} were read, {n_outside:,} of them without a slot)"
        )
    found = _columns(rows)
    return found, Counted(
        n_read=n_read,
        n_outside=n_outside,
        n_other_arms=n_other_arms,
        n_other_generations=n_other_generations,
        n_repeated=int(np.count_nonzero(~found.is_first)),
        n_moved=len(moved),
    )


def _columns(
    rows: list[tuple[str, str, int, bool, bool, float, float, float, bool]],
) -> ArmRows:
    ids, subjects, generation, side, approved, pd, score, latency, first = zip(*rows, strict=True)
    return ArmRows(
        decision_ids=np.array(ids, dtype=np.str_),
        applicants=np.array(subjects, dtype=np.str_),
        generation=np.array(generation, dtype=np.int64),
        is_challenger=np.array(side, dtype=np.bool_),
        approved=np.array(approved, dtype=np.bool_),
        pd=np.array(pd, dtype=np.float64),
        score=np.array(score, dtype=np.float64),
        latency_ms=np.array(latency, dtype=np.float64),
        is_first=np.array(first, dtype=np.bool_),
    )
