"""Whether a model passes its gates, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.contract.policy import Policy
from credit.gates.gate_file import Gate, GateFile
from credit.gates.measures import MEASURES, Sample
from credit.metrics import Interval
from credit.metrics.sample import checked_probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One gate, held against one model.

    Attributes
    ----------
    gate
        What was asked for.
    condition
        The cut-off and the costs that the figure rests on; empty where it rests on neither.
    measured
        What was found, with its interval.
    n, n_bads
        Rows of the sample and bads among them.
    """

    gate: Gate
    condition: str
    measured: Interval
    n: int
    n_bads: int

    @property
    def metric(self) -> str:
        """Name of the figure."""
        return self.gate.metric

    @property
    def required(self) -> str:
        """The bounds in words."""
        return self.gate.required

    @property
    def passed(self) -> bool:
        """Whether the estimate meets the bounds; one that is not defined does not.

        Precision is not defined for a model that declines nobody.
        """
        return self.gate.holds(self.measured.estimate)

    @property
    def surely(self) -> bool:
        """Whether every value of the interval passes, and the estimate with them."""
        interval = self.measured
        return self.passed and self.gate.holds(interval.low) and self.gate.holds(interval.high)

    @property
    def confidence(self) -> str:
        """What the interval says about the answer."""
        if np.isnan(self.measured.estimate):
            return "not defined on this sample"
        if self.surely:
            return "the whole interval passes"
        if self.passed:
            return "passes on the estimate, not on the whole interval"
        if self.gate.excludes(self.measured.low, self.measured.high):
            return "the whole interval fails"
        return "fails on the estimate, not on the whole interval"


def evaluate_gates(
    gates: GateFile,
    labels: ArrayLike,
    probabilities: ArrayLike,
    policy: Policy,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[GateResult, ...]:
    """Hold a model against every gate, on rows that it has not learned from.

    Parameters
    ----------
    labels, probabilities
        Outcome (1 = bad) and PD of each row, shape ``(n_rows,)``.
    policy
        Gives the cut-off and the costs where the gates do not state their own.
    level
        Coverage of each interval by itself; that of all of them together is lower.
    seed
        Of the bootstrap intervals (KS, ECE).

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`.
    SettingsInvalid
        When the level is not within (0, 1).
    """
    bad, prob = checked_probabilities(labels, probabilities)
    cutoff = gates.cutoff_of(policy)
    results = []
    for gate in gates.gates:
        costs = gate.costs(policy)
        sample = Sample(bad=bad, prob=prob, cutoff=cutoff, costs=costs, level=level, seed=seed)
        condition = f"declined from PD {cutoff:.4g} on" if MEASURES[gate.metric].decides else ""
        if gate.metric == "cost_per_client":
            condition += f", costs {costs.false_negative:g} : {costs.false_positive:g}"
        results.append(
            GateResult(
                gate=gate,
                condition=condition,
                measured=MEASURES[gate.metric].measure(sample),
                n=int(bad.size),
                n_bads=int(np.count_nonzero(bad)),
            )
        )
    return tuple(results)


def gates_passed(results: Sequence[GateResult]) -> bool:
    """Whether every gate is passed on its estimate; no gates at all let nobody through."""
    return len(results) > 0 and all(result.passed for result in results)
