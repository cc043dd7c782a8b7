"""What is done to the service, and what is found. Knows no Ray, which must be imported late."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

SHARES = (100, 400, 250)
"""Shares of the challenger, per mille, one after the other."""


class RolloutMeasured(msgspec.Struct, frozen=True):
    """What clients saw.

    Attributes
    ----------
    failures
        Tries that got no decision, by what came instead; each was repeated with its key.
    given_up
        Requests that had no answer in the end.
    reused
        Repeats that got the stored answer of a try whose answer was lost.
    wrong
        Answers of an arm or a bundle that is not what their generation says.
    slowest_switch_s
        Longest that an older generation began to answer after a newer one was active.
    latency_ms
        Of requests with all their tries: p50, p95, p99, the slowest.
    """

    n_requests: int
    n_generations: int
    failures: dict[str, int]
    given_up: int
    reused: int
    wrong: list[str]
    slowest_switch_s: float
    latency_ms: dict[str, float]
    events: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """How often what is done.

    Attributes
    ----------
    rounds
        Promotions, each followed by a rollback.
    kills
        Replicas of each deployment that are ended with SIGKILL.
    replicas
        How many gateways there are at most.
    """

    rounds: int = 50
    kills: int = 1
    replicas: int = 4
    per_second: float = 40.0


def n_events(plan: Plan, n_deployments: int) -> int:
    """Count what a plan does."""
    return 2 * plan.rounds + len(SHARES) + 5 + plan.kills * n_deployments
