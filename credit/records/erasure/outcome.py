"""What became of a request to erase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["erased", "restricted", "already_erased", "nothing"]
Requester: TypeAlias = Literal["applicant", "lender", "authority", "retention"]
"""Who asked, as a role and never as a person; ``retention``: a date of the policy had come."""


@dataclass(frozen=True, slots=True)
class CleanedSample:
    """A drift reference from which rows were removed.

    Attributes
    ----------
    folder
        Folder of the bundle.
    sha256
        The reference as it is now; None when no row was left, so that it is gone.
    """

    folder: str
    sha256: str | None
    n_removed: int
    n_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOutcome:
    """What became of a request to erase one subject.

    Attributes
    ----------
    status
        ``nothing`` has one meaning only: no such subject is known now. Whether there ever was one
        cannot be told, because an erasure also destroys the mapping from the applicant.
    day
        When it was erased, or the last day of the restriction.
    subject_ref
        The subject's random reference, under which its records stay.
    tombstone
        Number of the signed entry.
    n_keys, n_records
        Keys that were destroyed, and records that they sealed.
    n_unopened
        Records whose sealed part did not open before, so that no sample was searched for it.
    samples
        Drift references that held the subject and do not any more.
    retrain
        Bundles whose background, a part of their hash, holds a row of the subject.
    lingering
        Where the destroyed keys, wrapped under a master key, may still lie.
    """

    status: Status
    day: date | None = None
    subject_ref: str | None = None
    tombstone: int | None = None
    n_keys: int = 0
    n_records: int = 0
    n_unopened: int = 0
    samples: tuple[CleanedSample, ...] = ()
    retrain: tuple[str, ...] = ()
    lingering: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The outcome in a sentence."""
        if self.status == "erased":
            return (
                f"Erased on {self.day}: {self.n_keys} keys destroyed, {self.n_records} records closed for "
                f"ever, tombstone {self.tombstone}."
            )
        if self.status == "restricted":
            return f"Restricted until {self.day}: {self.n_records} records must be kept, and nobody uses them."
        if self.status == "already_erased":
            return f"Already erased on {self.day}; nothing was changed."
        return "There is nothing to erase."
