"""How the gateway reaches a node: in its own process, or in another deployment."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from ray.serve.handle import DeploymentHandle

from credit.errors import CreditError
from serve_app.nodes import Node, PinnedValues

Out = TypeVar("Out")
Answered = TypeVar("Answered", covariant=True)


class Link(Protocol[Answered]):
    """One call to one node."""

    async def __call__(self, item: PinnedValues) -> Answered:
        """Send an item and return the node's answer; its error is raised here."""
        ...


class LocalLink(Generic[Out]):
    """The node lives in this process."""

    def __init__(self, node: Node[Out]) -> None:
        self._node = node

    async def __call__(self, item: PinnedValues) -> Out:
        """Call the node on the spot: it takes less than a switch to a thread would."""
        return _unwrap(self._node([item])[0])


class RemoteLink(Generic[Out]):
    """The node is a deployment; what waits at its door travels into it as one batch."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    async def __call__(self, item: PinnedValues) -> Out:
        """Send the item over one hop."""
        result: Out | CreditError = await self._handle.remote(item)
        return _unwrap(result)


def _unwrap(result: Out | CreditError) -> Out:
    if isinstance(result, CreditError):
        raise result
    return result
