"""How much of a window could be compared at all: silence must not look like calm."""

from __future__ import annotations

from drift.result import DetectorResult

NAME = "coverage"
MIN_SHARE = 0.5
"""Below it most of the population is out of sight, and what the detectors say is about the rest."""


def no_reference(n_decisions: int) -> DetectorResult:
    """Warn that nothing was compared, because there is nothing to compare with."""
    return DetectorResult(
        detector=NAME,
        level="warning",
        features=(),
        reference_size=0,
        current_size=0,
        note=(
            f"0 of {n_decisions} decisions compared: the bundle's drift reference was erased, or never "
            "made; the next model brings one"
        ),
    )


def coverage(*, n_decisions: int, n_compared: int, reference_size: int) -> DetectorResult:
    """Warn when most decisions of a window could not be compared.

    Never an alarm: erased people and another feature list are reasons to look, not drift.
    """
    enough = n_compared >= MIN_SHARE * n_decisions
    return DetectorResult(
        detector=NAME,
        level="none" if enough else "warning",
        features=(),
        reference_size=reference_size,
        current_size=n_compared,
        note=(
            f"{n_compared} of {n_decisions} decisions compared; "
            f"a warning when fewer than {MIN_SHARE:.0%} are"
        ),
    )
