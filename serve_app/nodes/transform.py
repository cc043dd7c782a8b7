"""Raw values to feature vector."""

from __future__ import annotations

from collections.abc import Sequence

from credit.errors import CreditError
from serve_app.nodes.base import PinnedValues, answer_each
from serve_app.shelf import BundleShelf


class TransformNode:
    """Applies the fitted transform of the pinned bundle."""

    def __init__(self, shelf: BundleShelf) -> None:
        self._shelf = shelf

    def __call__(self, batch: Sequence[PinnedValues]) -> list[tuple[float, ...] | CreditError]:
        """Feature vector of each item."""
        return answer_each(batch, lambda x: self._shelf.get(x.bundle).transform.row(x.values))
