"""Champion and challenger over the same time, on different applicants.

Slots are drawn by a hash of the applicant, so the arms hold alike applicants, not the same ones: all
comparisons are of two samples. Only the first decision of each applicant in the experiment counts; one
who is declined may ask again, and how often he does depends on the arm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from credit.errors import DataError
from credit.experiment.arms import ArmRows, Counted, Experiment
from credit.experiment.clustered import clustered_difference, clustered_mean
from credit.experiment.confidence import LEAST, Bounds, difference_bounds
from credit.experiment.equalrisk import EqualRisk, at_equal_risk
from credit.experiment.ratio import RatioCheck, check_ratio
from credit.experiment.samplesize import ALPHA, POWER, for_two_shares
from credit.experiment.sums import FloatArray, Sums
from credit.metrics import Interval, newcombe_interval, wilson_interval
from credit.metrics.sample import BoolArray

RATIO_ALPHA = 0.001
"""A sample-ratio check should nearly never cry wolf: everything else is worth nothing when it fails."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One quantity in both arms.

    Attributes
    ----------
    unit
        ``share``, ``points`` or ``ms``.
    difference
        Challenger less champion, for one look at the end.
    at_every_look
        The same, and it holds for whoever looks daily and stops because of what he sees; None where it is
        not known, such as with few applicants.
    """

    name: str
    unit: str
    champion: Interval
    challenger: Interval
    difference: Interval
    at_every_look: Bounds | None


@dataclass(frozen=True, kw_only=True)
class SampleRatio:
    """Whether the arms got the applicants that their slots should give them; one check a phase.

    ``p_value`` is that of the worst phase times the number of phases, and holds at every look.
    """

    p_value: float
    failed: bool
    phases: tuple[RatioCheck, ...]


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Applicants that the comparison of approval rates needs to see a difference; 0 still needed: enough."""

    smallest_difference: float
    power: float
    alpha: float
    champion: int
    challenger: int
    champion_still: int
    challenger_still: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that two arms are compared by, apart from outcomes."""

    experiment: Experiment
    counted: Counted
    n_champion: int
    n_challenger: int
    lines: tuple[Line, ...]
    equal_risk: EqualRisk | None
    ratio: SampleRatio
    needed: Needed | None

    def line(self, name: str) -> Line | None:
        """Return a line by name; None when it could not be compared."""
        return next((line for line in self.lines if line.name == name), None)


def compare(
    experiment: Experiment,
    rows: ArmRows,
    counted: Counted,
    *,
    smallest_difference: float = 0.02,
    alpha: float = ALPHA,
    seed: int = 0,
) -> Comparison:
    """Compare two arms.

    Parameters
    ----------
    rows, counted
        Of :func:`~credit.experiment.arms.collect`.
    smallest_difference
        Of approval rates, that would matter: the sample size is for it.
    alpha
        Of the intervals that hold at every look, of each quantity by itself.
    seed
        Of the bootstrap at equal risk; the same rows and seed give the same numbers.

    Raises
    ------
    DataError
        An arm has decided on fewer than two applicants.
    """
    first = rows.first()
    n_challenger = int(np.count_nonzero(first.is_challenger))
    n_champion = len(first) - n_challenger
    if min(n_champion, n_challenger) < 2:  # noqa: PLR2004 - one has no spread
        raise DataError(
            f"expected at least two applicants in each arm, came {n_champion:,} of the champion and "
            f"{n_challenger:,} of {experiment.arm}: compare them when both have answered"
        )
    lines = [
        _approval(first, alpha),
        _means("mean PD", "share", first, first.pd, alpha),
        _means("mean score", "points", first, first.score, alpha),
    ]
    timed = np.isfinite(rows.latency_ms)
    if all(len(np.unique(rows.applicants[timed & s])) > 1 for s in _sides(rows.is_challenger)):
        lines.append(_latency(rows, timed))
    approval = lines[0]
    return Comparison(
        experiment=experiment,
        counted=counted,
        n_champion=n_champion,
        n_challenger=n_challenger,
        lines=tuple(lines),
        equal_risk=at_equal_risk(first.pd, first.approved, first.is_challenger, seed=seed),
        ratio=sample_ratio(experiment, first),
        needed=needed(
            approval.champion.estimate,
            n_champion,
            n_challenger,
            _ratio_of_shares(experiment),
            smallest_difference,
            alpha,
        ),
    )


def sample_ratio(experiment: Experiment, first: ArmRows) -> SampleRatio:
    """Hold the applicants of each phase against the shares of its slots, those of both arms alone.

    Phases of the same shares are one. Each is checked by itself, because shares may change, and the
    smallest p-value is multiplied by their number (Bonferroni), which keeps it valid at every look.
    """
    generations: dict[float, list[int]] = {}
    for phase in experiment.phases:
        total = phase.champion_share + phase.challenger_share
        # Shares are sums of thousandths: what differs by rounding is the same.
        share = round(phase.challenger_share / total, 9) if total else 0.0
        generations.setdefault(share, []).append(phase.generation)
    checks = []
    for share, numbers in generations.items():
        here = first.is_challenger[np.isin(first.generation, numbers)]
        n_challenger = int(np.count_nonzero(here))
        if not len(here):
            continue
        checks.append(
            check_ratio(
                {"champion": len(here) - n_challenger, experiment.arm: n_challenger},
                {"champion": 1 - share, experiment.arm: share},
            )
        )
    p_value = min(1.0, len(checks) * min((check.p_value for check in checks), default=1.0))
    return SampleRatio(p_value=p_value, failed=p_value < RATIO_ALPHA, phases=tuple(checks))


def needed(
    base: float,
    n_champion: int,
    n_challenger: int,
    ratio: float,
    smallest_difference: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> Needed | None:
    """Applicants needed, and how many of them are still missing, by `credit.experiment.samplesize`.

    Parameters
    ----------
    base
        Approval rate of the champion; the other is taken on the side that needs more applicants.
    ratio
        Applicants of the challenger per applicant of the champion.

    Returns
    -------
    None where it is not defined: everybody, or nobody, is approved, or an arm gets nobody.
    """
    others = [p for p in (base - smallest_difference, base + smallest_difference) if 0 < p < 1]
    if not (0 < base < 1 and others and 0 < ratio < math.inf):
        return None
    sizes = [for_two_shares(base, p, ratio=ratio, alpha=alpha, power=power) for p in others]
    champion = math.ceil(max(sizes))
    challenger = math.ceil(max(sizes) * ratio)
    return Needed(
        smallest_difference=smallest_difference,
        power=power,
        alpha=alpha,
        champion=champion,
        challenger=challenger,
        champion_still=max(0, champion - n_champion),
        challenger_still=max(0, challenger - n_challenger),
    )


def _ratio_of_shares(experiment: Experiment) -> float:
    last = experiment.phases[-1]
    return last.challenger_share / last.champion_share if last.champion_share else math.inf


def _sides(is_challenger: BoolArray) -> tuple[BoolArray, BoolArray]:
    return ~is_challenger, is_challenger


def _approval(first: ArmRows, alpha: float) -> Line:
    counts = [
        (int(np.count_nonzero(first.approved[side])), int(np.count_nonzero(side)))
        for side in _sides(first.is_challenger)
    ]
    return Line(
        name="approval rate",
        unit="share",
        champion=wilson_interval(*counts[0]),
        challenger=wilson_interval(*counts[1]),
        difference=newcombe_interval(counts[1], counts[0]),
        at_every_look=_at_every_look(first, first.approved.astype(np.float64), alpha),
    )


def _means(name: str, unit: str, rows: ArmRows, values: FloatArray, alpha: float) -> Line:
    champion, challenger = (
        clustered_mean(values[side], rows.applicants[side]) for side in _sides(rows.is_challenger)
    )
    return Line(
        name=name,
        unit=unit,
        champion=champion,
        challenger=challenger,
        difference=clustered_difference(values, rows.is_challenger, rows.applicants),
        at_every_look=_at_every_look(rows, values, alpha),
    )


def _latency(rows: ArmRows, timed: BoolArray) -> Line:
    """Compare all decisions that were timed: a slow answer is slow, whoever asks."""
    values, side, who = rows.latency_ms[timed], rows.is_challenger[timed], rows.applicants[timed]
    return Line(
        name="mean latency",
        unit="ms",
        champion=clustered_mean(values[~side], who[~side]),
        challenger=clustered_mean(values[side], who[side]),
        difference=clustered_difference(values, side, who),
        at_every_look=None,  # its bounds are for independent rows, which these are not
    )


def _at_every_look(rows: ArmRows, values: FloatArray, alpha: float) -> Bounds | None:
    sums = [Sums().after(values[side]) for side in _sides(rows.is_challenger)]
    if min(each.n for each in sums) < LEAST:
        return None
    return difference_bounds(sums[1], sums[0], alpha)
