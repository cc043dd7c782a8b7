"""How a challenger compares with the champion: gather, measure, and show on one screen."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from rich.table import Table

from cluster.cli.terminal import console
from cluster.shadow_report import measure_shadow, read_outcomes
from credit.decision import Arm, Rollout
from credit.errors import SettingsInvalid
from credit.experiment.arms import ArmRows, Decision, Experiment, Phase, collect
from credit.experiment.comparison import Comparison, Line, compare
from credit.experiment.outcomes import Outcomes, compare_outcomes
from credit.experiment.report import RolloutFindings, rollout_verdict
from credit.experiment.report.words import difference_text, share_text, value_text
from credit.metrics import LoanTerms
from credit.records import RecordReader
from credit.records.reading.selection import Period, in_period, moment
from credit.settings import Settings
from credit.shadow import ShadowRun, find_run, read_rows
from credit.shadow.store import create_tables
from serve_app.rollout.store import Past, read_history

EVERYTHING = 1_000_000
"""Generations of one product that are looked through."""

MARGIN = datetime.timedelta(hours=1)
"""Decisions are searched by the clocks of those who made them; generations say which belong."""


@dataclass(frozen=True)
class Span:
    """An experiment, and when it was: ISO times; `ended_at` is None while it goes on."""

    experiment: Experiment
    champion: str
    begun_at: str
    ended_at: str | None


def find_span(history: Sequence[Past], product: str, name: str) -> Span:
    """Find the newest span of generations during which an arm and the champion kept their bundles.

    Generations in which the arm had no applicants, or the rollout was paused, do not belong: then the
    champion answers alone, at another time.

    Parameters
    ----------
    history
        Newest first.

    Raises
    ------
    SettingsInvalid
        The arm never had applicants.
    """
    newest = next((i for i, past in enumerate(history) if _shared(past.rollout, name)), None)
    if newest is None:
        there = sorted({arm.name for past in history for arm in past.rollout.arms[1:]})
        raise SettingsInvalid(
            f"no challenger {name!r} of {product} ever had applicants; challengers so far: "
            f"{', '.join(there) or 'none'}. Give it a share with `credit rollout set {name} --share 200`"
        )
    bundles = _bundles(history[newest].rollout, name)
    oldest = newest
    while oldest + 1 < len(history) and _bundles(history[oldest + 1].rollout, name) == bundles:
        oldest += 1
    span = [past for past in history[newest : oldest + 1] if _shared(past.rollout, name)]
    phases = tuple(_phase(past.rollout, name) for past in reversed(span))
    champion, challenger = bundles or ("", "")
    return Span(
        Experiment(
            product=product,
            arm=name,
            champion=champion,
            challenger=challenger,
            phases=phases,
        ),
        history[newest].rollout.champion.name,
        span[-1].changed_at,
        history[newest - 1].changed_at if newest else None,
    )


def measure_rollout(
    settings: Settings,
    state: sa.Engine,
    product: str,
    name: str,
    *,
    shadows: Sequence[str] = (),
    outcomes: Path | None = None,
    smallest_difference: float = 0.02,
    terms: LoanTerms | None = None,
    exposure: str | None = None,
) -> RolloutFindings:
    """Measure how a challenger compares with the champion.

    Parameters
    ----------
    shadows
        Names of shadows that scored the same time; the first is reported, and all of them tell whom both
        models approve.
    outcomes
        File of :func:`~cluster.shadow_report.read_outcomes`.
    smallest_difference
        Of approval rates, that would matter.
    """
    known = None if outcomes is None else read_outcomes(outcomes)
    create_tables(state)
    runs = [find_run(state, shadow, product) for shadow in shadows]
    span = find_span(read_history(state, product, limit=EVERYTHING), product, name)
    with RecordReader(settings.records) as reader:
        rows, counted = collect(span.experiment, span.champion, _decisions(reader, span))
    first = rows.first()
    found = compare(span.experiment, rows, counted, smallest_difference=smallest_difference)
    shadow = None
    if runs:
        of = _answered_by_other(rows, runs[0], span.experiment)
        shadow = measure_shadow(
            settings, state, runs[0], terms=terms, exposure=exposure, outcomes=known, of=of
        )
    compared: Outcomes | None = None
    if known is not None:
        bad = [known.get(id_, math.nan) for id_ in first.decision_ids.tolist()]
        compared = compare_outcomes(
            np.array(bad, dtype=np.float64),
            first.approved,
            first.is_challenger,
            _other_approves(state, first, runs, span.experiment),
        )
    return RolloutFindings(
        comparison=found,
        begun_at=span.begun_at,
        ended_at=span.ended_at,
        outcomes=compared,
        shadow=shadow,
        terms=terms,
    )


def show_rollout(found: RolloutFindings) -> None:
    """Print the verdict, and what it rests on."""
    made, verdict = found.comparison, rollout_verdict(found)
    console.print(
        verdict.sentence, style="bold red" if verdict.tone == "stop" else "bold", soft_wrap=True
    )
    for more in verdict.more:
        console.print(more, soft_wrap=True)
    console.print(_lines(made))
    if made.equal_risk is not None:
        console.print(_equal_risk(found))
    counted = made.counted
    console.print(
        f"Left out of {counted.n_read:,}: {counted.n_outside:,} outside the experiment, "
        f"{counted.n_other_generations:,} of other generations, {counted.n_other_arms:,} of other arms, "
        f"{counted.n_repeated:,} later decisions on an applicant who counts already.",
        soft_wrap=True,
    )
    needed = made.needed
    if needed is not None:
        console.print(
            f"To see {100 * needed.smallest_difference:g} percentage points in approvals: {needed.champion:,} "
            f"applicants of the champion and {needed.challenger:,} of {made.experiment.arm}; still missing "
            f"{needed.champion_still:,} and {needed.challenger_still:,}.",
            soft_wrap=True,
        )
    if found.outcomes is not None:
        console.print(found.outcomes.note, soft_wrap=True)


def _lines(made: Comparison) -> Table:
    arm = made.experiment.arm
    table = Table("quantity")
    for name in ("champion", arm, "difference", "95%, one look", "95%, at every look"):
        table.add_column(name, justify="right")
    for line in made.lines:
        table.add_row(*_cells(line))
    return table


def _cells(line: Line) -> list[str]:
    always = line.at_every_look
    unit = "" if line.unit == "share" else f" ({line.unit})"
    return [
        f"{line.name}{unit}",
        value_text(line.champion.estimate, line.unit),
        value_text(line.challenger.estimate, line.unit),
        difference_text(line.difference.estimate, line.unit),
        _between(line.difference.low, line.difference.high, line.unit),
        "not known" if always is None else _between(always.low, always.high, line.unit),
    ]


def _between(low: float, high: float, unit: str) -> str:
    return f"{difference_text(low, unit)} to {difference_text(high, unit)}"


def _equal_risk(found: RolloutFindings) -> Table:
    made = found.comparison
    equal = made.equal_risk
    table = Table("at equal risk, each by its own PDs")
    for name in ("champion", made.experiment.arm, "difference", "95%"):
        table.add_column(name, justify="right")
    if equal is not None:
        approval = share_text(equal.approval)
        rows = [
            (f"expected bad rate if both approved {approval}", equal.bad_rate),
            (f"approved at an expected bad rate of {share_text(equal.risk)}", equal.approved),
        ]
        if found.loss is not None:
            rows.append(
                (f"expected loss on each unit lent if both approved {approval}", found.loss)
            )
        for name, three in rows:
            champion, challenger, difference = three
            table.add_row(
                name,
                share_text(champion.estimate),
                share_text(challenger.estimate),
                difference_text(difference.estimate, "share"),
                _between(difference.low, difference.high, "share"),
            )
    return table


def _decisions(reader: RecordReader, span: Span) -> Iterator[Decision]:
    ended = None if span.ended_at is None else moment(span.ended_at) + MARGIN
    for page in in_period(reader, Period(moment(span.begun_at) - MARGIN, ended)):
        for record in page:
            yield Decision(record.decision_id, record.subject_ref, record.clear)


def _answered_by_other(rows: ArmRows, run: ShadowRun, experiment: Experiment) -> set[str] | None:
    """Decisions of the experiment that the shadow is to be compared on: those of the arm it is not."""
    ids = rows.decision_ids
    if run.bundle == experiment.challenger:
        ids = ids[~rows.is_challenger]
    elif run.bundle == experiment.champion:
        ids = ids[rows.is_challenger]
    return set(ids.tolist())


def _other_approves(
    state: sa.Engine, first: ArmRows, runs: Iterable[ShadowRun], experiment: Experiment
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Whether the model of the other arm approves: 1, 0, NaN where no shadow asked it."""
    said: dict[tuple[str, bool], float] = {}
    for run in runs:
        if run.bundle not in (experiment.champion, experiment.challenger):
            continue
        asked_on_challenger = run.bundle == experiment.champion
        for page in read_rows(state, run.id):
            for row in page:
                said[row.decision_id, asked_on_challenger] = float(row.shadow_decision == "approve")
    pairs = zip(first.decision_ids.tolist(), first.is_challenger.tolist(), strict=True)
    return np.array([said.get(pair, math.nan) for pair in pairs], dtype=np.float64)


def _arm(rollout: Rollout, name: str) -> Arm | None:
    return next((arm for arm in rollout.arms[1:] if arm.name == name), None)


def _bundles(rollout: Rollout, name: str) -> tuple[str, str] | None:
    arm = _arm(rollout, name)
    return None if arm is None else (rollout.champion.bundle, arm.bundle)


def _shared(rollout: Rollout, name: str) -> bool:
    """Tell whether the arm has applicants in a generation."""
    arm = _arm(rollout, name)
    return arm is not None and bool(arm.slots) and not rollout.is_paused


def _phase(rollout: Rollout, name: str) -> Phase:
    arm = _arm(rollout, name)
    return Phase(
        generation=rollout.generation,
        champion_share=rollout.share(rollout.champion),
        challenger_share=0.0 if arm is None else rollout.share(arm),
    )
