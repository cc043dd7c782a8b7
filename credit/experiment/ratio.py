"""Do the arms get the shares of applicants that they should? A check that may be looked at all the time.

When they do not, assignment is broken or one arm loses applicants, and what the arms are compared by is
worth nothing. The counts of applicants are multinomial with the shares θ of the slots. Averaged over
all other shares with a Dirichlet(kθ) distribution, the likelihood ratio

    ``E = Γ(k) / Γ(k + n) · Π Γ(kθᵢ + xᵢ) / Γ(kθᵢ) / Π θᵢ^xᵢ``

is a martingale that begins at 1 when the shares hold, so it ever reaches ``1/alpha`` with a probability
of at most alpha (Ville's inequality), and ``1/E`` is a p-value at every look.

References
----------
Lindon, M., Malek, A. (2022). Anytime-valid inference for multinomial count data. Advances in Neural
Information Processing Systems 35.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from credit.errors import DataError

CONCENTRATION = 100.0
"""k: shares that are off by about a tenth of themselves are looked for first; others take longer."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """What the counts say about the shares.

    Attributes
    ----------
    p_value
        At most alpha, at any look, in at most that share of experiments whose shares hold.
    observed, expected
        Shares by arm, in the order of the counts.
    """

    p_value: float
    n: int
    observed: dict[str, float]
    expected: dict[str, float]

    def __str__(self) -> str:
        told = ", ".join(
            f"{arm} {self.observed[arm]:.1%} of {self.expected[arm]:.1%}" for arm in self.expected
        )
        return f"{self.n:,} applicants: {told} (p {self.p_value:.2g} at every look)"


def check_ratio(
    counts: Mapping[str, int],
    shares: Mapping[str, float],
    *,
    concentration: float = CONCENTRATION,
    p_before: float = 1.0,
) -> RatioCheck:
    """Hold counts of applicants against the shares of the slots.

    Parameters
    ----------
    counts
        Applicants by arm since the shares are what they are. Applicants, not decisions: one who asks
        often would count often. Those outside the experiment (no slot) do not belong here.
    shares
        Shares by arm, summing to 1; the same arms.
    concentration
        k of the formula.
    p_before
        The last p-value of this experiment: evidence that was there does not go away again.

    Raises
    ------
    DataError
        Other arms, a negative count or share, or shares that do not sum to 1.

    Examples
    --------
    >>> print(check_ratio({"champion": 8_300, "challenger": 1_700}, {"champion": 0.8, "challenger": 0.2}))
    10,000 applicants: champion 83.0% of 80.0%, challenger 17.0% of 20.0% (p 2.5e-12 at every look)
    """
    if set(counts) != set(shares):
        raise DataError(
            f"counts and shares: expected the same arms, came {sorted(counts)} and {sorted(shares)}"
        )
    if any(n < 0 for n in counts.values()) or any(share < 0 for share in shares.values()):
        raise DataError("counts and shares: expected none below 0")
    if abs(math.fsum(shares.values()) - 1) > _ROUNDING:
        raise DataError(f"shares: expected a sum of 1, came {math.fsum(shares.values()):g}")
    n = sum(counts.values())
    p_now = math.exp(min(0.0, -_log_evidence(counts, shares, concentration)))
    return RatioCheck(
        p_value=min(p_before, p_now),
        n=n,
        observed={arm: counts[arm] / n if n else math.nan for arm in counts},
        expected={arm: float(shares[arm]) for arm in counts},
    )


def _log_evidence(
    counts: Mapping[str, int], shares: Mapping[str, float], concentration: float
) -> float:
    if any(counts[arm] and not shares[arm] for arm in counts):
        return math.inf  # whoever has no slots cannot have applicants
    arms = [arm for arm in counts if shares[arm]]
    x = np.array([counts[arm] for arm in arms], dtype=np.float64)
    theta = np.array([shares[arm] for arm in arms], dtype=np.float64)
    prior = concentration * theta
    mixed = gammaln(concentration) - gammaln(concentration + x.sum())
    mixed += np.sum(gammaln(prior + x) - gammaln(prior))
    return float(mixed - np.sum(x * np.log(theta)))
