"""Many applications at a time, with the bits of one at a time.

What numpy and compiled code may do together, because they do it row by row all the same, is done
together: features, margins, contributions. Everything else is the decision function of one row.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from credit.contract.application import Application
from credit.decision.assignment import Arm, Rollout, arm_for
from credit.decision.bundle import Bundle
from credit.decision.score import Score
from credit.decision.scorer import compose
from credit.errors import ApplicationInvalid, SettingsInvalid
from credit.explain import Explainer, Explanation

STAGES = ("transform", "model", "explainer", "decide")


@dataclass(frozen=True, slots=True)
class ScoredTogether:
    """What one bundle says about applications, in their order.

    Attributes
    ----------
    vectors
        The features that were scored.
    engine
        What explained them.
    stage_us
        Microseconds by stage, the mean over the applications.
    """

    scores: list[Score]
    vectors: list[tuple[float, ...]]
    engine: str
    stage_us: Mapping[str, int]


def score_many(
    bundle: Bundle, explainer: Explainer, applications: Sequence[Application]
) -> ScoredTogether:
    """Score applications, at least one; each score is that of :func:`credit.decision.score`, to the bit.

    Raises
    ------
    ExplanationInconsistent
        As for one.
    """
    clock = [time.perf_counter_ns()]
    raw = np.array([application.values for application in applications], dtype=np.float64)
    vectors = bundle.transform.matrix(raw)
    clock.append(time.perf_counter_ns())
    margins = bundle.model.margins(vectors).tolist()
    clock.append(time.perf_counter_ns())
    contributions = explainer.explain_many(vectors).tolist()
    rows = list(map(tuple, vectors.tolist()))
    one = explainer.explain(rows[0])  # whose base and engine are those of every row
    clock.append(time.perf_counter_ns())
    scores = [
        compose(bundle, application, margin, Explanation(one.base, tuple(of_row), one.engine))
        for application, margin, of_row in zip(applications, margins, contributions, strict=True)
    ]
    clock.append(time.perf_counter_ns())
    took = np.diff(clock) / (1_000 * len(applications))
    stage_us = dict(zip(STAGES, map(round, took.tolist()), strict=True))
    return ScoredTogether(scores, rows, one.engine, stage_us)


@dataclass(frozen=True, slots=True)
class Pinned:
    """Which bundle answers an application: that of its arm, or its fallback where a source is withheld.

    ``slot`` is None outside the experiment.
    """

    bundle: Bundle
    arm: Arm
    slot: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """One application and what was decided; all that a record of it asks for."""

    application: Application
    pinned: Pinned
    score: Score
    vector: tuple[float, ...]
    explained_by: str
    stage_us: Mapping[str, int]


class BatchScorer:
    """Assigns arms and scores, as the service would, without it.

    Parameters
    ----------
    bundles
        Every bundle of the rollout's arms, by hash.

    Raises
    ------
    SettingsInvalid
        When the arms read an application differently.
    """

    def __init__(self, rollout: Rollout, bundles: Mapping[str, Bundle]) -> None:
        self.rollout = rollout
        self._bundles = dict(bundles)
        self.contract = bundles[rollout.champion.bundle].contract
        for arm in rollout.arms[1:]:
            if bundles[arm.bundle].contract.digest() != self.contract.digest():
                raise SettingsInvalid(
                    f"bundle {arm.bundle[:12]} was made with another contract than the champion: retrain it on "
                    f"contract {self.contract.product} version {self.contract.version}"
                )

    def decide(self, applications: Sequence[Application]) -> list[Decided | ApplicationInvalid]:
        """Decide applications, in their order.

        An error stands where no model does without what the applicant withholds.
        """
        answers: list[Decided | ApplicationInvalid] = []
        groups: dict[str, list[tuple[int, Application, Pinned]]] = {}
        for place, application in enumerate(applications):
            try:
                pinned = self._pin(application)
            except ApplicationInvalid as error:
                answers.append(error)
                continue
            answers.append(_WAITS)
            groups.setdefault(pinned.bundle.hash, []).append((place, application, pinned))
        for group in groups.values():
            for place, decided in _decided(group):
                answers[place] = decided
        return answers

    def _pin(self, application: Application) -> Pinned:
        arm, slot = arm_for(self.rollout, application.applicant_id)
        return Pinned(self._bundles[arm.bundle].answering(application), arm, slot)


_WAITS = ApplicationInvalid([])
"""Stands in the list until its group is scored."""


def _decided(group: Sequence[tuple[int, Application, Pinned]]) -> list[tuple[int, Decided]]:
    """Decide applications that one bundle answers, with their places."""
    bundle = group[0][2].bundle
    found = score_many(bundle, bundle.explainer, [application for _, application, _ in group])
    rows = zip(group, found.scores, found.vectors, strict=True)
    return [
        (place, Decided(application, pinned, score, vector, found.engine, found.stage_us))
        for (place, application, pinned), score, vector in rows
    ]
