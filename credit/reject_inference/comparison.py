"""What came of a comparison: the accepts-only model, and the inferred ones beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from credit.metrics import Interval
from credit.reject_inference.infer import Method

Figure = Literal[
    "auc", "mean_pd_of_rejects", "approval_rate_of_rejects", "approval_rate_as_deployed"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectFigures:
    """One model, with or without inferred rejects.

    Attributes
    ----------
    method
        ``none`` for the accepts-only model.
    factor
        How many times as bad rejects were taken to be; 1 where there is nothing to multiply.
    auc
        On held-out accepts.
    mean_pd_of_rejects
        Mean PD of the rejects where the assumption holds: the model's PD, which is calibrated on accepts
        and so speaks of accepts who look alike, made worse by the factor.
    approval_rate_of_rejects
        Share of the rejects whose PD is below the cut-off where the assumption holds.
    approval_rate_as_deployed
        Share of the rejects whose PD by the model itself is below the cut-off. In service the model does
        not know whom the old policy would have rejected, and adds no factor: what this share exceeds
        the one before is let in by mistake, if the assumption holds.
    """

    method: Method
    factor: float
    auc: Interval
    mean_pd_of_rejects: float
    approval_rate_of_rejects: float
    approval_rate_as_deployed: float


@dataclass(frozen=True, slots=True)
class Band:
    """Lowest and highest of a figure over the factors.

    It shows how far the assumption carries, not how likely the truth lies inside: it is no confidence
    interval.
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectComparison:
    """The accepts-only model and one model per factor, measured on the same rows.

    Attributes
    ----------
    cutoff
        PD at and above which an application counts as declined.
    n_rejects
        Rejects that the figures are about.
    accepts_only
        What is known without inference.
    inferred
        One per factor, in the order in which they were asked for.
    """

    cutoff: float
    n_rejects: int
    accepts_only: RejectFigures
    inferred: tuple[RejectFigures, ...]

    def band(self, figure: Figure) -> Band:
        """Range of a figure over the factors; of ``auc``, the range of its estimates."""
        values: list[float] = [
            f.auc.estimate if figure == "auc" else getattr(f, figure) for f in self.inferred
        ]
        return Band(low=min(values), high=max(values))
