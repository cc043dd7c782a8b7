"""Keys of subjects: made, wrapped for the store, and remembered unwrapped for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from credit.records.framing import frame
from credit.records.ids import time_ordered_id
from credit.records.sealing.cipher import new_key
from credit.records.sealing.keys import KeyProvider

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

    def make(self, subject_ref: str) -> tuple[SubjectKey, WrappedKey]:
        """Make a key for a subject; the caller stores the wrapped form."""
        made = SubjectKey(key_id=time_ordered_id(), subject_ref=subject_ref, key=new_key())
        return made, self._wrap(made)

    def rewrap(self, stored: WrappedKey) -> WrappedKey:
        """Wrap a stored key under the master key that is current now.

        Raises
        ------
        KeyUnavailable
            The master key that it is wrapped under is missing or does not fit.
        """
        return self._wrap(self._open(stored))

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

    def _wrap(self, opened: SubjectKey) -> WrappedKey:
        while True:
            name = self._provider.master_key_id
            wrapped = self._provider.wrap(opened.key, _aad(opened.key_id, opened.subject_ref))
            # The master key may be rotated between the two calls, by another program.
            if self._provider.master_key_id == name:
                return WrappedKey(opened.key_id, opened.subject_ref, name, wrapped)


def _aad(key_id: str, subject_ref: str) -> bytes:
    return frame(b"subject-key/1", key_id.encode(), subject_ref.encode())
