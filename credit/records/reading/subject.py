"""What is said about the subject of a record, without knowing who it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from credit.records.reading.reader import RecordReader
from credit.records.store.schema import subjects, tombstones


@dataclass(frozen=True, slots=True)
class SubjectState:
    """Whether the sealed parts of a subject may be read.

    Attributes
    ----------
    erased_at
        When its keys were destroyed.
    restricted_until
        ISO date until which the records are kept for the law and used for nothing else.
    tombstones
        Numbers of the signed notes about its erasure.
    """

    subject_ref: str
    erased_at: str | None
    restricted_until: str | None
    tombstones: tuple[int, ...]

    @property
    def state(self) -> Literal["sealed", "erased", "restricted"]:
        """Why a sealed part is not read; ``sealed`` when only nobody has opened it."""
        if self.erased_at is not None:
            return "erased"
        return "sealed" if self.restricted_until is None else "restricted"


def subject_states(reader: RecordReader, subject_refs: Iterable[str]) -> dict[str, SubjectState]:
    """Look subjects up; one that the store does not know is left out."""
    wanted = sorted(set(subject_refs))
    with reader.reading() as connection:
        if connection is None:
            return {}
        rows = connection.execute(
            select(subjects.c.subject_ref, subjects.c.erased_at, subjects.c.restricted_until).where(
                subjects.c.subject_ref.in_(wanted)
            )
        ).all()
        notes = connection.execute(
            select(tombstones.c.subject_ref, tombstones.c.number)
            .where(tombstones.c.subject_ref.in_(wanted))
            .order_by(tombstones.c.number)
        ).all()
    return {
        ref: SubjectState(ref, erased, restricted, tuple(n for of, n in notes if of == ref))
        for ref, erased, restricted in rows
    }
