"""What the selection decided about a feature, and why."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SUSPICIOUS_IV = 0.5
"""A feature this strong may know the outcome: look for leakage (Siddiqi 2006, chapter 6)."""

MOSTLY_MISSING = 0.5
"""Above this share of missing rows a feature tells mainly who filled it in."""

Verdict = Literal["kept", "constant", "weak", "collinear", "sign"]


class SuspiciousFeatureWarning(UserWarning):
    """Features are so strong alone that they may know the outcome."""


@dataclass(frozen=True, slots=True)
class FeatureStrength:
    """What the selection decided about one feature, and why.

    Attributes
    ----------
    feature
        Its name.
    iv
        Information value in the fitted sample.
    vif
        Variance inflation factor of its WOE: beside the kept features for one of them, at the
        moment it was dropped for one that is ``collinear``. None where it was not reached, and where
        it has no bound, since earlier features say exactly the same.
    verdict
        ``kept``, or why it was dropped: ``constant``, ``weak`` (low information value),
        ``collinear`` (high VIF), ``sign`` (beside the others its coefficient turned around).
    reason
        The verdict as a sentence, with the limit that decided.
    missing_share
        Share of the rows in which it is missing.
    """

    feature: str
    iv: float
    vif: float | None
    verdict: Verdict
    reason: str
    missing_share: float

    @property
    def selected(self) -> bool:
        """Whether the model uses it."""
        return self.verdict == "kept"

    @property
    def suspicious(self) -> bool:
        """Whether it is so strong alone that it may know the outcome."""
        return self.iv > SUSPICIOUS_IV

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should look at, kept or not."""
        remarks = []
        if self.suspicious:
            remarks.append(
                f"an information value above {SUSPICIOUS_IV} may mean that it knows the outcome;"
                " check that it was known before the decision"
            )
        if self.missing_share > MOSTLY_MISSING:
            remarks.append(
                f"missing in {self.missing_share:.0%} of the rows;"
                " check its source, or leave it out"
            )
        return tuple(remarks)


def warn_suspicious(strengths: Iterable[FeatureStrength]) -> None:
    """Warn once, naming every feature that a model uses and that may know the outcome.

    Warns
    -----
    SuspiciousFeatureWarning
        A selected feature has an information value above :data:`SUSPICIOUS_IV`.
    """
    named = [f"{s.feature} ({s.iv:.2f})" for s in strengths if s.selected and s.suspicious]
    if named:
        warnings.warn(
            f"information values above {SUSPICIOUS_IV} may mean that a feature knows the outcome:"
            f" {', '.join(named)}; check that they were known before the decision",
            SuspiciousFeatureWarning,
            stacklevel=2,
        )
