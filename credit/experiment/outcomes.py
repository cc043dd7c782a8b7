"""Bad rates of two arms, from outcomes that are known.

Each arm's bad rate is that of those it approved, so a stricter arm looks better. Comparable are only
applicants whom both models approve; that needs each model's decision on the other's applicants, from
shadows. Outcomes that are not known yet leave a bracket: all of them good, to all of them bad.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.experiment.sums import FloatArray
from credit.metrics import Interval, newcombe_interval, wilson_interval
from credit.metrics.sample import BoolArray


@dataclass(frozen=True, kw_only=True)
class ArmOutcomes:
    """What became of those whom an arm approved.

    Attributes
    ----------
    n_approved, n_known, n_bad
        Applicants approved, those whose outcome is known, and the bads among these.
    rate
        Bad rate of those that are known (Wilson); None without any.
    bracket
        Bad rate of all approved if every unknown one is good, and if every one is bad.
    """

    n_approved: int
    n_known: int
    n_bad: int
    rate: Interval | None
    bracket: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of both arms.

    Attributes
    ----------
    both_approve
        Bad rates where both models approve: champion's arm, challenger's arm, and the second less the first
        (Newcombe). None without shadow scores of both, or without outcomes there.
    note
        Why it is None, or what it says.
    """

    champion: ArmOutcomes
    challenger: ArmOutcomes
    both_approve: tuple[Interval, Interval, Interval] | None
    note: str


def compare_outcomes(
    bad: FloatArray, approved: BoolArray, is_challenger: BoolArray, other_approves: FloatArray
) -> Outcomes:
    """Compare bad rates of two arms; one row an applicant.

    Parameters
    ----------
    bad
        1 bad, 0 good, NaN not known.
    other_approves
        Whether the model of the other arm would have approved: 1, 0, NaN where it was not asked.
    """
    arms = [_arm(bad, approved & side) for side in (~is_challenger, is_challenger)]
    asked = [
        approved & side & np.isfinite(other_approves) for side in (~is_challenger, is_challenger)
    ]
    both = [mask & (other_approves == 1) & np.isfinite(bad) for mask in asked]
    counts = [(int(bad[mask].sum()), int(np.count_nonzero(mask))) for mask in both]
    if all(n for _, n in counts):
        return Outcomes(
            champion=arms[0],
            challenger=arms[1],
            both_approve=(
                wilson_interval(*counts[0]),
                wilson_interval(*counts[1]),
                newcombe_interval(counts[1], counts[0]),
            ),
            note="Both models approve these applicants, so a difference between the arms is not the choice of "
            "either: it should be none but chance.",
        )
    missing = [name for name, mask in zip(_OTHER, asked, strict=True) if not mask.any()]
    why = (
        f"no shadow scores of {' and '.join(missing)}: run the bundle of the other arm as a shadow "
        "over the experiment and name it with --shadow"
        if missing
        else "no outcome is known there"
    )
    return Outcomes(
        champion=arms[0],
        challenger=arms[1],
        both_approve=None,
        note=f"Bad rates are not compared where both models approve: {why}.",
    )


_OTHER = (
    "the champion's applicants by the challenger",
    "the challenger's applicants by the champion",
)


def _arm(bad: FloatArray, approved: BoolArray) -> ArmOutcomes:
    known = approved & np.isfinite(bad)
    n, n_known, n_bad = (
        int(np.count_nonzero(approved)),
        int(np.count_nonzero(known)),
        int(bad[known].sum()),
    )
    return ArmOutcomes(
        n_approved=n,
        n_known=n_known,
        n_bad=n_bad,
        rate=wilson_interval(n_bad, n_known) if n_known else None,
        bracket=(n_bad / n, (n_bad + n - n_known) / n) if n else None,
    )
