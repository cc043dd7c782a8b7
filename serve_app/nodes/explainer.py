"""Feature vector to contributions."""

from __future__ import annotations

from collections.abc import Sequence

from credit.errors import CreditError
from credit.explain import Explanation
from serve_app.nodes.base import PinnedValues, answer_each
from serve_app.shelf import BundleShelf


class ExplainerNode:
    """Explains with the explainer of the pinned bundle."""

    def __init__(self, shelf: BundleShelf) -> None:
        self._shelf = shelf

    def __call__(self, batch: Sequence[PinnedValues]) -> list[Explanation | CreditError]:
        """Contributions of each item."""
        return answer_each(batch, lambda x: self._shelf.get(x.bundle).explainer.explain(x.values))
