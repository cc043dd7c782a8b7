"""The node protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from credit.errors import CreditError

Result = TypeVar("Result")
Out = TypeVar("Out")


class PinnedValues(msgspec.Struct, frozen=True, array_like=True):
    """Numbers of one application and the bundle that must read them.

    ``values`` are the contract's inputs on the way to the transform, the feature vector after it.
    """

    bundle: str
    values: tuple[float, ...]


class Node(Protocol[Result]):
    """One step of the graph. Results stand in the order of the batch."""

    def __call__(self, batch: Sequence[PinnedValues]) -> list[Result | CreditError]:
        """Answer a batch; an item that fails does not fail its neighbours."""
        ...


def answer_each(
    batch: Sequence[PinnedValues], function: Callable[[PinnedValues], Out]
) -> list[Out | CreditError]:
    """Apply a function to each item, with its error in place of its result."""
    results: list[Out | CreditError] = []
    for item in batch:
        try:
            results.append(function(item))
        except CreditError as error:
            results.append(error)
    return results
