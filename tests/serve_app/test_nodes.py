"""Nodes answer batches: each item as if it came alone, and a bad one fails alone."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import ApplicationInvalid, BundleUnknown, Failure
from serve_app.links import LocalLink
from serve_app.nodes import ExplainerNode, ModelNode, PinnedValues, TransformNode, answer_each
from tests.service import Nodes
from tune.rows import Rows

KINDS = ["transform", "model", "explainer"]


@pytest.fixture(scope="module")
def node_of(nodes: Nodes) -> dict[str, Callable[[Sequence[PinnedValues]], list[Any]]]:
    return {
        "transform": TransformNode(nodes.shelf),
        "model": ModelNode(nodes.shelf),
        "explainer": ExplainerNode(nodes.shelf),
    }


@pytest.fixture(scope="module")
def items(nodes: Nodes, rows: Rows) -> dict[str, list[PinnedValues]]:
    """Forty inputs of each node, pinned to both bundles in turn."""
    found: dict[str, list[PinnedValues]] = {kind: [] for kind in KINDS}
    bundles = [nodes.shelf.get(arm.bundle) for arm in nodes.rollout.arms]
    for i, values in enumerate(rows.raw[:40].tolist()):
        bundle = bundles[i % 2]
        vector = bundle.transform.row(values)
        found["transform"].append(PinnedValues(bundle.hash, tuple(values)))
        found["model"].append(PinnedValues(bundle.hash, vector))
        found["explainer"].append(PinnedValues(bundle.hash, vector))
    return found


def encoded(result: object) -> bytes:
    """Bytes of a result; NaN has none in JSON, so by MessagePack."""
    return msgspec.msgpack.encode(result)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_batch_answers_as_its_items_do_alone(
    node_of: dict[str, Any], items: dict[str, list[PinnedValues]], kind: str, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(40)), max_size=12))
    batch = [items[kind][i] for i in chosen]

    together = node_of[kind](batch)

    alone = [node_of[kind]([item])[0] for item in batch]
    assert [encoded(r) for r in together] == [encoded(r) for r in alone]


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_of_an_unknown_bundle_fails_alone(
    node_of: dict[str, Any], items: dict[str, list[PinnedValues]], kind: str
) -> None:
    good = items[kind][:3]
    bad = PinnedValues("f" * 64, good[0].values)

    results = node_of[kind]([good[0], bad, good[1], good[2]])

    assert isinstance(results[1], BundleUnknown)
    expected = [encoded(node_of[kind]([item])[0]) for item in good]
    assert [encoded(results[i]) for i in (0, 2, 3)] == expected


def test_a_link_raises_the_error_of_its_item(node_of: dict[str, Any]) -> None:
    link: LocalLink[float] = LocalLink(node_of["model"])

    with pytest.raises(BundleUnknown, match="bundle ffffffffffff is not loaded here"):
        asyncio.run(link(PinnedValues("f" * 64, (0.0,))))


def test_an_error_that_nobody_planned_is_not_hidden() -> None:
    def fail(item: PinnedValues) -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_each([PinnedValues("x", ())], fail)


def test_items_survive_a_hop_bit_by_bit(items: dict[str, list[PinnedValues]]) -> None:
    for item in items["model"]:
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(item), type=PinnedValues)
        assert np.array(again.values).tobytes() == np.array(item.values).tobytes()


def test_errors_survive_a_hop() -> None:
    error = ApplicationInvalid([Failure("age", "minimum", "expected at least 18")])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert isinstance(again, ApplicationInvalid)
    assert again.failures == error.failures
