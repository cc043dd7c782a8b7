"""The nodes of the graph: small classes that map a batch of inputs to a batch of outputs and know nothing of Ray.

Every item of a batch names the bundle it was pinned to; an item that cannot be answered gets a
:class:`credit.errors.CreditError` in its place, and the others are answered.
"""

from serve_app.nodes.base import Node, PinnedValues, answer_each
from serve_app.nodes.explainer import ExplainerNode
from serve_app.nodes.model import ModelNode
from serve_app.nodes.transform import TransformNode

__all__ = [
    "ExplainerNode",
    "ModelNode",
    "Node",
    "PinnedValues",
    "TransformNode",
    "answer_each",
]
