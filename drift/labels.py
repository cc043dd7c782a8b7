"""Label values that cannot grow without bound."""

from __future__ import annotations

OTHER = "other"


class BoundedLabels:
    """Lets the first `limit` distinct values through and calls all later ones ``other``.

    Each value of a label is a time series that the metrics server keeps for ever. Names of arms
    and stages come from configuration: a handful in practice, but nothing there promises it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the label to use for a value."""
        if value not in self._known and len(self._known) < self._limit:
            self._known.add(value)
        return value if value in self._known else OTHER
