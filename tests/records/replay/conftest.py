from __future__ import annotations

from tests.records.mostly_sqlite import location, update

__all__ = ["location", "update"]
