"""Feature vector to raw margin: the champion and every challenger are nodes of this class."""

from __future__ import annotations

from collections.abc import Sequence

from credit.errors import CreditError
from serve_app.nodes.base import PinnedValues, answer_each
from serve_app.shelf import BundleShelf


class ModelNode:
    """Scores with the model of the pinned bundle, row by row."""

    def __init__(self, shelf: BundleShelf) -> None:
        self._shelf = shelf

    def __call__(self, batch: Sequence[PinnedValues]) -> list[float | CreditError]:
        """Log-odds of bad of each item."""
        return answer_each(batch, lambda x: self._shelf.get(x.bundle).model.margin(x.values))
