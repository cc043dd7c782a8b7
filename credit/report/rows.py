"""The rows that a card is measured on, scored once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.decision.bundle import Bundle
from credit.decision.policy import applicable_rules, decide
from credit.metrics.sample import FloatArray

Labels = npt.NDArray[np.int8]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class CardRows:
    """Good rows of a data set, without anybody's reference.

    Attributes
    ----------
    raw
        Input columns in the contract's order, shape (n_rows, n_inputs), NaN for missing.
    labels
        1 = bad, shape (n_rows,).
    times
        Proleptic ordinals of the contract's time column, or None where it has none.
    segments
        Values of protected columns by name: measured by group, never given to a model.
    """

    raw: FloatArray
    labels: Labels
    times: FloatArray | None = None
    segments: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)


@dataclass(frozen=True)
class ScoredRows:
    """Rows with everything that the bundle says of them.

    Attributes
    ----------
    vectors
        Features, shape (n_rows, n_features).
    probabilities, scores
        PD, and points (higher is safer), shape (n_rows,).
    decisions
        ``approve``, ``review`` or ``decline``, policy rules included.
    """

    rows: CardRows
    vectors: FloatArray
    probabilities: FloatArray
    scores: FloatArray
    decisions: Texts

    @property
    def labels(self) -> Labels:
        """1 = bad."""
        return self.rows.labels


def score_rows(bundle: Bundle, rows: CardRows) -> ScoredRows:
    """Score rows as production would, without explaining them."""
    vectors = bundle.transform.matrix(rows.raw)
    prob = bundle.calibrator.probabilities(bundle.model.margins(vectors))
    return ScoredRows(
        rows=rows,
        vectors=vectors,
        probabilities=prob,
        scores=np.array([bundle.scale.score_from_probability(p) for p in prob.tolist()]),
        decisions=_decisions(bundle, rows, prob),
    )


def _decisions(bundle: Bundle, rows: CardRows, prob: FloatArray) -> Texts:
    contract, policy = bundle.contract, bundle.contract.policy
    if not policy.rules:
        return np.array([decide(policy, p, ()) for p in prob.tolist()])
    return np.array(
        [
            decide(policy, p, applicable_rules(contract, bundle.transform, values))
            for p, values in zip(prob.tolist(), rows.raw.tolist(), strict=True)
        ]
    )
