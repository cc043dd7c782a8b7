"""The ways of ``credit serve`` to place the nodes of the graph, by the names that tests give them."""

from __future__ import annotations

PLACEMENTS = {
    "graph": ("--placement", "graph"),
    "two replicas, fused": ("--placement", "fused", "--replicas", "2"),
    "explainer apart": ("--placement", "fused", "--own", "explainer"),
}
