"""When each stage of a decision began and ended, kept only for requests that are traced."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

MOST_DECISIONS = 16
"""Of one request whose stages are kept: a batch has thousands, and a trace is for people to look at."""


@dataclass(frozen=True)
class Stage:
    """One stage, in nanoseconds of ``time.perf_counter_ns``."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Decided:
    """What is kept of one decision: how it was made, and nothing of whom it is about.

    Attributes
    ----------
    latency_us
        By stage, as in the record.
    is_side_by_side
        Whether model and explainer worked at the same time.
    """

    arm: str
    bundle: str
    generation: int
    is_replayed: bool
    started_ns: int
    recorded_ns: int
    latency_us: Mapping[str, int]
    is_side_by_side: bool

    def stages(self) -> list[Stage]:
        """Lay the stages out one after another; ``answer`` is the making of answer and record."""
        found = []
        at = self.started_ns
        for name in ("validate", "transform"):
            found.append(self._stage(name, at))
            at = found[-1].end_ns
        model = self._stage("model", at)
        explainer = self._stage("explainer", at if self.is_side_by_side else model.end_ns)
        decide = self._stage("decide", max(model.end_ns, explainer.end_ns))
        answered = max(decide.end_ns, self.started_ns + self.latency_us["answer"] * 1000)
        answer = Stage("answer", decide.end_ns, answered)
        record = Stage("record", answered, max(answered, self.recorded_ns))
        return [*found, model, explainer, decide, answer, record]

    def _stage(self, name: str, start_ns: int) -> Stage:
        return Stage(name, start_ns, start_ns + self.latency_us[name] * 1000)


decided_here: ContextVar[list[Decided] | None] = ContextVar("decided_here", default=None)
"""Decisions of the request that is under way; None while nobody asks for them."""
