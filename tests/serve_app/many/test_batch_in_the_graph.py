"""A batch where the nodes are other deployments: their links gather its rows, and the answers are the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from serve_app.links import GatheringLink
from serve_app.nodes import ExplainerNode, ModelNode, Node, PinnedValues, TransformNode
from serve_app.scoring import NodeLinks, Scoring
from tests.serve_app.many.rows import applications
from tests.service import Nodes, open_service

N_ROWS = 200


def far_away(node: Node[Any], calls: list[int]) -> Callable[[list[PinnedValues]], Awaitable[Any]]:
    """Reach a node over a hop of some turns of the loop, and count what each call carries."""

    async def call(items: list[PinnedValues]) -> list[Any]:
        calls.append(len(items))
        for _ in range(20):
            await asyncio.sleep(0)
        return node(items)

    return call


def test_rows_travel_together_and_are_answered_as_alone(nodes: Nodes, tmp_path: Path) -> None:
    calls: list[int] = []
    links = NodeLinks(
        transform=GatheringLink(far_away(TransformNode(nodes.shelf), calls)),
        models={"champion": GatheringLink(far_away(ModelNode(nodes.shelf), []))},
        explainer=GatheringLink(far_away(ExplainerNode(nodes.shelf), [])),
    )
    graph = Nodes(nodes.shelf, nodes.rollout, Scoring(nodes.shelf, links))
    rows = applications(N_ROWS)
    told = {}
    for name, placement in (("graph", graph), ("fused", nodes)):
        home = tmp_path / name
        home.mkdir()
        with open_service(placement, home) as service:
            said = service.client.post("/v1/score/batch", json=rows).json()
        assert said["refused"] == []
        told[name] = [{**answer, "decision_id": None} for answer in said["answers"]]

    assert json.dumps(told["graph"]) == json.dumps(told["fused"])
    assert sum(calls) == N_ROWS
    assert len(calls) < N_ROWS / 4
    assert max(calls) > 8
