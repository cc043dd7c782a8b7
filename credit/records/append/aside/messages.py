"""What the two processes say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from credit.errors import (
    CreditError,
    IdempotencyConflict,
    KeyUnavailable,
    RecordErased,
    RecordError,
    RecordStoreUnavailable,
    SettingsInvalid,
)
from credit.records.append.encode import EncodedRecord
from credit.records.append.idempotency import WRITTEN, Outcome
from credit.records.record import Receipt
from credit.records.store.location import Location

_KINDS = {
    kind.__name__: kind
    for kind in (
        *(RecordError, RecordStoreUnavailable, IdempotencyConflict, RecordErased),
        *(KeyUnavailable, SettingsInvalid),
    )
}


class Opening(msgspec.Struct, frozen=True):
    """The first message to the child: what to write to, and with which keys.

    It goes over the socket because an address may hold a password, and arguments of a process can be read
    by everybody on the machine.
    """

    location: str
    is_file: bool
    key_path: str

    @classmethod
    def of(cls, location: Location, key_path: Path) -> Opening:
        """Say where the store is and where its keys are."""
        return cls(str(location), isinstance(location, Path), str(key_path))

    @property
    def store(self) -> Location:
        """The store as the rest of the program names it."""
        return Path(self.location) if self.is_file else self.location


class Failed(msgspec.Struct, frozen=True, array_like=True):
    """An error that crosses to the other process."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: CreditError) -> Failed:
        """Name the nearest kind that the other process knows."""
        names = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _KINDS]
        return cls(names[0] if names else RecordStoreUnavailable.__name__, str(error))

    def error(self) -> CreditError:
        """Make the error again."""
        return _KINDS[self.kind](self.message)


class Opened(msgspec.Struct, frozen=True):
    """The first message of the child: who it is, and that it writes from now on, or why it cannot."""

    pid: int
    failed: Failed | None = None


Offer: TypeAlias = tuple[int, EncodedRecord]
"""A record under a number, which its outcome will carry."""


class Outcomes(msgspec.Struct, frozen=True, array_like=True):
    """What became of records, by their numbers."""

    written: list[int]
    replayed: list[tuple[int, Receipt]]
    failed: list[tuple[int, Failed]]

    @classmethod
    def of(cls, outcomes: Mapping[int, Outcome]) -> Outcomes:
        """Sort outcomes by kind."""
        sorted_ = cls([], [], [])
        for number, outcome in outcomes.items():
            if outcome is WRITTEN:
                sorted_.written.append(number)
            elif isinstance(outcome, Receipt):
                sorted_.replayed.append((number, outcome))
            else:
                sorted_.failed.append((number, Failed.of(outcome)))
        return sorted_

    def each(self) -> list[tuple[int, Outcome]]:
        """Give number and outcome of each record."""
        return [
            *((number, WRITTEN) for number in self.written),
            *self.replayed,
            *((number, failed.error()) for number, failed in self.failed),
        ]
