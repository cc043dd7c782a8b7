"""What is kept of a champion and a challenger: running sums over the same decisions, and no decision.

The state is a value: :func:`update` returns the next one. However a log of decisions is cut into
batches, the state after it has the same bits, so a watch that is interrupted goes on as if it had not
been.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from msgspec.structs import replace
from scipy.special import logit

from credit.errors import DataError
from credit.experiment.decisions import Decisions
from credit.experiment.sums import FloatArray, Sums

CERTAINTY = 1e-6
"""PDs nearer to 0 or 1 count as this far from it: log-odds of 0 are infinite, and would be the mean of all."""

SLOW_QUANTILE = 0.95

N_LEARNING = 500
"""Decisions of the champion that say what slow is: 3 to 7 of 100 are above the 95th percentile of so many."""


class Arm(msgspec.Struct, frozen=True):
    """Sums of one arm. Adding two gives the sums over both.

    Attributes
    ----------
    n
        Decisions.
    n_approved
        Those that were approved.
    log_odds
        Natural log-odds of PD; higher is riskier.
    n_timed, n_slow
        Decisions since it is known what slow is, and those of them that were.
    n_asked, n_failed
        Requests that were sent to the arm, and those that it failed.
    """

    n: int = 0
    n_approved: int = 0
    log_odds: Sums = Sums()
    n_timed: int = 0
    n_slow: int = 0
    n_asked: int = 0
    n_failed: int = 0

    def __add__(self, other: Arm) -> Arm:
        return Arm(
            self.n + other.n,
            self.n_approved + other.n_approved,
            self.log_odds + other.log_odds,
            self.n_timed + other.n_timed,
            self.n_slow + other.n_slow,
            self.n_asked + other.n_asked,
            self.n_failed + other.n_failed,
        )


class GuardState(msgspec.Struct, frozen=True):
    """A challenger and the champion over the same time.

    Attributes
    ----------
    slow_above_us
        An answer that took longer is slow; None while that is learned.
    learning_us
        Latencies of the champion's first decisions, until they are enough.
    """

    champion: Arm = Arm()
    challenger: Arm = Arm()
    slow_above_us: float | None = None
    learning_us: tuple[float, ...] = ()

    def merged(self, other: GuardState) -> GuardState:
        """Sums over both, as of two parts of a log that were counted apart.

        Raises
        ------
        DataError
            When they do not agree on what slow is: give both the same ``slow_above_us`` to begin with.
        """
        if self.slow_above_us is None or self.slow_above_us != other.slow_above_us:
            raise DataError(
                "states of a guard: expected two that agree on what a slow answer is, came others; begin "
                "both with the same slow_above_us"
            )
        return replace(
            self,
            champion=self.champion + other.champion,
            challenger=self.challenger + other.challenger,
        )


def update(state: GuardState, batch: Decisions, *, n_learning: int = N_LEARNING) -> GuardState:
    """Count a batch of decisions in.

    Parameters
    ----------
    n_learning
        Decisions of the champion to learn from what slow is; the same at every call. Latencies are
        compared in the decisions after them, of both arms.
    """
    log_odds: FloatArray = logit(np.clip(batch.default_probability, CERTAINTY, 1 - CERTAINTY))
    state, n_before = _learn(state, batch, n_learning)
    arms = []
    for arm, rows in (
        (state.champion, ~batch.is_challenger),
        (state.challenger, batch.is_challenger),
    ):
        timed = rows & ~np.isnan(batch.latency_us)
        timed[:n_before] = False
        slow_above = math.inf if state.slow_above_us is None else state.slow_above_us
        arms.append(
            replace(
                arm,
                n=arm.n + int(np.count_nonzero(rows)),
                n_approved=arm.n_approved + int(np.count_nonzero(batch.is_approved & rows)),
                log_odds=arm.log_odds.after(log_odds[rows]),
                n_timed=arm.n_timed + int(np.count_nonzero(timed)),
                n_slow=arm.n_slow + int(np.count_nonzero(timed & (batch.latency_us > slow_above))),
            )
        )
    return replace(state, champion=arms[0], challenger=arms[1])


def with_requests(
    state: GuardState, *, champion: tuple[int, int], challenger: tuple[int, int]
) -> GuardState:
    """Say how many requests each arm was asked and failed, in all since the watch began.

    Raises
    ------
    DataError
        When an arm failed more than it was asked.
    """
    for asked, failed in (champion, challenger):
        if not 0 <= failed <= asked:
            raise DataError(f"requests: expected 0 <= failed <= asked, came {failed} of {asked}")
    return replace(
        state,
        champion=replace(state.champion, n_asked=champion[0], n_failed=champion[1]),
        challenger=replace(state.challenger, n_asked=challenger[0], n_failed=challenger[1]),
    )


def slow_above(latency_us: FloatArray) -> FloatArray:
    """Latency that 95 of 100 do not exceed: an order statistic, along the last axis."""
    n = latency_us.shape[-1]
    place = math.ceil(SLOW_QUANTILE * n) - 1
    return np.asarray(np.partition(latency_us, place, axis=-1)[..., place])


def _learn(state: GuardState, batch: Decisions, n_learning: int) -> tuple[GuardState, int]:
    """Return the state that has learned from a batch, and how many of its rows came before it knew."""
    if state.slow_above_us is not None:
        return state, 0
    of_champion = ~batch.is_challenger & ~np.isnan(batch.latency_us)
    rows = np.flatnonzero(of_champion)[: n_learning - len(state.learning_us)]
    learned = (*state.learning_us, *batch.latency_us[rows].tolist())
    if len(learned) < n_learning:
        return replace(state, learning_us=learned), batch.is_challenger.size
    known = float(slow_above(np.array(learned)))
    return replace(state, slow_above_us=known, learning_us=()), int(rows[-1]) + 1
