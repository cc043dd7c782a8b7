"""The protocol of an explainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Explanation(msgspec.Struct, frozen=True, array_like=True):
    """Shapley values of one row on the raw margin.

    Attributes
    ----------
    base
        Mean margin of the background.
    contributions
        One value per feature; positive raises the log-odds of bad. ``base`` plus their sum is the
        margin.
    engine
        Name and version of what computed them; records keep it, so that an old explanation can be
        computed again.
    """

    base: float
    contributions: tuple[float, ...]
    engine: str


class Explainer(Protocol):
    """Explains one row against a stored background (interventional Shapley values)."""

    def explain(self, vector: Sequence[float]) -> Explanation:
        """Contributions of one feature vector."""
        ...
