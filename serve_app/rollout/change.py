"""Why a rollout is what it is."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done, who did it, and why.

    Attributes
    ----------
    action
        Such as ``promote challenger``.
    by
        A person, a service account, or ``guard``.
    note
        The reason, in the words of whoever did it.
    restores
        After a rollback: the generation that answers again.
    """

    action: str
    by: str
    note: str = ""
    restores: int | None = None

    def __str__(self) -> str:
        """Say it in half a sentence."""
        return f"{self.action} by {self.by}"
