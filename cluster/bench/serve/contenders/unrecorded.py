"""The gateway's replica without the record: what the record is compared with.

The product has no switch for this, and gets none: it lives in the bench.
"""

from __future__ import annotations

from typing import Any

from cluster.bench.records.server import Unrecorded
from serve_app import deployments, graph
from serve_app.deployments import GatewayReplica


class UnrecordedGatewayReplica(GatewayReplica):
    """A gateway whose decisions are told and forgotten; all else is the product's own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # In the replica's process alone, whose gateway is the only one to write.
        vars(deployments)["RecordWriterAside"] = lambda *_, **__: Unrecorded()
        super().__init__(*arguments, **options)


def deploy_unrecorded() -> None:
    """Let graphs that this process binds from now on use it."""
    vars(graph)["GatewayReplica"] = UnrecordedGatewayReplica
