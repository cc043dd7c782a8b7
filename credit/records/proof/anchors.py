"""Places outside that keep checkpoints, where whoever rewrites the database does not reach.

An anchor is only ever added to. What makes that true lies outside this program: a file on another
machine, or one that the file system lets grow only (``chattr +a``); a bucket whose default retention
(object lock) keeps every version. Nothing in a checkpoint is personal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from credit.records.proof.bucket_anchor import BucketAnchor
from credit.records.proof.file_anchor import FileAnchor
from credit.records.proof.signed import SignedEntry


class Anchor(Protocol):
    """A place that keeps checkpoints in order and gives them back as they were published."""

    @property
    def name(self) -> str:
        """How messages call it, without secrets."""

    def publish(self, checkpoint: SignedEntry) -> None:
        """Add a checkpoint, durably; one that is there already is left as it is.

        Raises
        ------
        AnchorUnavailable
            The place cannot be reached or written.
        RecordsNotProven
            Another checkpoint of this number is there.
        """

    def last(self) -> SignedEntry | None:
        """Read the checkpoint with the highest number; None when there is none yet."""

    def read_all(self) -> Iterator[SignedEntry]:
        """Read all checkpoints, in the order in which they were published."""


def open_anchor(reference: str | Path) -> Anchor:
    """Open the anchor that a path or an address such as ``s3://bucket/prefix`` names.

    Raises
    ------
    SettingsInvalid
        The address names no bucket with a prefix.
    """
    if isinstance(reference, str) and "://" in reference:
        return BucketAnchor(reference)
    return FileAnchor(Path(reference))
