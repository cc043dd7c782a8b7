"""Nodes without a hop: in the gateway's own process."""

from __future__ import annotations

from credit.decision import Rollout
from serve_app.links import LocalLink
from serve_app.nodes import ExplainerNode, ModelNode, TransformNode
from serve_app.scoring import NodeLinks
from serve_app.shelf import BundleShelf


def local_links(shelf: BundleShelf, rollout: Rollout) -> NodeLinks:
    """Make every node here; the arms share one, which tells their bundles apart by hash."""
    model = LocalLink(ModelNode(shelf))
    return NodeLinks(
        transform=LocalLink(TransformNode(shelf)),
        models={arm.name: model for arm in rollout.arms},
        explainer=LocalLink(ExplainerNode(shelf)),
    )
