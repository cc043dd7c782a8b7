"""Bounds of one replica."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from credit.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Bounds of one replica; see the fields of the same names in :class:`credit.settings.Settings`."""

    max_in_flight: int
    max_waiting: int
    body_timeout_s: float
    answer_timeout_s: float
    max_batch_bytes: int = Settings.model_fields["max_batch_bytes"].default
    max_batch_rows: int = Settings.model_fields["max_batch_rows"].default
    max_large_bodies: int = Settings.model_fields["max_large_bodies"].default

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the bounds from the settings."""
        return cls(
            max_in_flight=settings.max_in_flight,
            max_waiting=settings.max_waiting,
            body_timeout_s=settings.body_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            max_batch_bytes=settings.max_batch_bytes,
            max_batch_rows=settings.max_batch_rows,
            max_large_bodies=settings.max_large_bodies,
        )


DEFAULT_LIMITS = Limits.of(Settings.model_construct())
