"""A value beside a threshold is explained on the side to which the model sends it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from credit.decision import Bundle


def thresholds(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
    """Feature and threshold of every split, as LightGBM itself tells them."""
    if "split_feature" in node:
        yield node["split_feature"], node["threshold"]
        yield from thresholds(node["left_child"])
        yield from thresholds(node["right_child"])


def test_contributions_add_up_one_bit_beside_every_threshold(
    bundle_of: Callable[[str], Bundle],
) -> None:
    bundle = bundle_of("lightgbm")
    row = np.nanmedian(bundle.background, axis=0)
    trees = bundle.model.booster.dump_model()["tree_info"]  # type: ignore[attr-defined]
    splits = {split for tree in trees for split in thresholds(tree["tree_structure"])}
    assert len(splits) > 50

    for feature, threshold in sorted(splits)[::3]:
        for value in (threshold, math.nextafter(threshold, math.inf)):
            vector = [*row[:feature].tolist(), value, *row[feature + 1 :].tolist()]
            explained = bundle.explainer.explain(vector)
            total = explained.base + sum(explained.contributions)
            assert abs(total - bundle.model.margin(vector)) < 1e-6, (feature, threshold)
