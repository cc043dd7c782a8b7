"""Nodes without a hop: in the gateway's own process."""

from __future__ import annotations

from credit.decision.assignment import CHAMPION
from serve_app.links import LocalLink
from serve_app.nodes import ExplainerNode, ModelNode, TransformNode
from serve_app.scoring import NodeLinks
from serve_app.shelf import BundleShelf


def local_links(shelf: BundleShelf) -> NodeLinks:
    """Make every node here; all arms share one model node, which tells their bundles apart by hash."""
    return NodeLinks(
        transform=LocalLink(TransformNode(shelf)),
        models={CHAMPION: LocalLink(ModelNode(shelf))},
        explainer=LocalLink(ExplainerNode(shelf)),
    )
