"""The way of one application through the nodes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from credit.contract import Application
from credit.decision import Arm, Bundle, Score, compose
from credit.decision.assignment import CHALLENGER, CHAMPION
from credit.explain import Explanation
from serve_app.links import Link
from serve_app.nodes import PinnedValues
from serve_app.shelf import BundleShelf

Answered = TypeVar("Answered")


@dataclass(frozen=True)
class NodeLinks:
    """Links to every node.

    Attributes
    ----------
    models
        By arm. The champion has one; so may challengers, and what challengers have none share the first
        challenger's, or else the champion's: each of them holds every bundle of the rollout.
    """

    transform: Link[tuple[float, ...]]
    models: Mapping[str, Link[float]]
    explainer: Link[Explanation]

    def model(self, arm: str) -> Link[float]:
        """Return the link that scores for an arm."""
        found = self.models.get(arm)
        if found is None:
            found = self.models.get(CHALLENGER) or self.models[CHAMPION]
        return found


@dataclass(frozen=True)
class Scored:
    """A score, the bundle and vector it was made from, what explained it, and where the time went.

    ``latency_us`` holds microseconds by stage. ``is_side_by_side`` says whether model and explainer worked at
    the same time.
    """

    bundle: Bundle
    score: Score
    vector: tuple[float, ...]
    explained_by: str
    latency_us: dict[str, int]
    is_side_by_side: bool


class Scoring:
    """Transform, then model and explainer side by side on one vector, then the decision.

    The same function as :func:`credit.decision.score`, cut where the nodes are.
    """

    def __init__(self, shelf: BundleShelf, links: NodeLinks) -> None:
        self._shelf = shelf
        self._links = links

    async def score(self, application: Application, arm: Arm) -> Scored:
        """Score with the bundle that the arm pins, or its fallback where a source is withheld."""
        started = time.perf_counter_ns()
        bundle = self._shelf.get(arm.bundle).answering(application)
        vector = await self._links.transform(PinnedValues(bundle.hash, application.values))
        transformed = time.perf_counter_ns()
        pinned = PinnedValues(bundle.hash, vector)
        model, explainer = self._links.model(arm.name), self._links.explainer
        is_side_by_side = not (model.is_local and explainer.is_local)
        if not is_side_by_side:  # tasks would cost more than either
            margin, model_ns = await _timed(model, pinned)
            explanation, explainer_ns = await _timed(explainer, pinned)
        else:
            (margin, model_ns), (explanation, explainer_ns) = await asyncio.gather(
                _timed(model, pinned), _timed(explainer, pinned)
            )
        joined = time.perf_counter_ns()
        score = compose(bundle, application, margin, explanation)
        return Scored(
            bundle,
            score,
            vector,
            explanation.engine,
            {
                "transform": (transformed - started) // 1000,
                "model": model_ns // 1000,
                "explainer": explainer_ns // 1000,
                "decide": (time.perf_counter_ns() - joined) // 1000,
            },
            is_side_by_side,
        )


async def _timed(link: Link[Answered], item: PinnedValues) -> tuple[Answered, int]:
    started = time.perf_counter_ns()
    result = await link(item)
    return result, time.perf_counter_ns() - started
