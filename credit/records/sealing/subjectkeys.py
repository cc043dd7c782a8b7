"""Keys of subjects: made, wrapped for the store, and remembered unwrapped for a while."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from credit.records.framing import frame
from credit.records.ids import time_ordered_id
from credit.records.randomness import RandomBytes
from credit.records.sealing.cipher import new_key
from credit.records.sealing.keys import KeyProvider, KeyToWrap

# 32-byte keys: a few hundred kB at most, and enough for every applicant of a busy hour.
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key of a subject as the store holds it."""

    key_id: str
    subject_ref: str
    master_key_id: str
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A key of a subject, ready for use."""

    key_id: str
    subject_ref: str
    key: bytes = field(repr=False)


class SubjectKeys:
    """Makes and unwraps subject keys; safe to share between threads.

    A remembered key says nothing about whether it may still be used: that is the key row, which
    callers read in their own transaction before they ask here.
    """

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._remembered: OrderedDict[str, SubjectKey] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def master_key_id(self) -> str:
        """Name of the master key that wraps now."""
        return self._provider.master_key_id

    def make(
        self, subject_refs: Sequence[str], random_bytes: RandomBytes = os.urandom
    ) -> list[tuple[SubjectKey, WrappedKey]]:
        """Make a key for each of some subjects; the caller stores the wrapped forms."""
        made = [
            SubjectKey(
                key_id=time_ordered_id(random_bytes=random_bytes),
                subject_ref=subject_ref,
                key=new_key(random_bytes),
            )
            for subject_ref in subject_refs
        ]
        return list(zip(made, self._wrap(made), strict=True))

    def rewrap(self, stored: Sequence[WrappedKey]) -> list[WrappedKey]:
        """Wrap stored keys under the master key that is current now.

        Raises
        ------
        KeyUnavailable
            A master key that they are wrapped under is missing or does not fit.
        """
        return self._wrap([self._open(key) for key in stored])

    def unwrap(self, stored: WrappedKey) -> SubjectKey:
        """Open a stored key, or remember it.

        Raises
        ------
        KeyUnavailable
            The master key is missing or does not fit.
        """
        with self._lock:
            known = self._remembered.get(stored.key_id)
            if known is not None:
                self._remembered.move_to_end(stored.key_id)
                return known
        opened = self._open(stored)
        with self._lock:
            self._remembered[stored.key_id] = opened
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return opened

    def _open(self, stored: WrappedKey) -> SubjectKey:
        key = self._provider.unwrap(
            stored.wrapped_key, stored.master_key_id, _aad(stored.key_id, stored.subject_ref)
        )
        return SubjectKey(key_id=stored.key_id, subject_ref=stored.subject_ref, key=key)

    def _wrap(self, opened: Sequence[SubjectKey]) -> list[WrappedKey]:
        if not opened:
            return []
        name, wrapped = self._provider.wrap(
            [KeyToWrap(key.key, _aad(key.key_id, key.subject_ref)) for key in opened]
        )
        return [
            WrappedKey(key.key_id, key.subject_ref, name, of_key)
            for key, of_key in zip(opened, wrapped, strict=True)
        ]


def _aad(key_id: str, subject_ref: str) -> bytes:
    return frame(b"subject-key/1", key_id.encode(), subject_ref.encode())
