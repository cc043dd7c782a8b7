"""Read the scores of a shadow, measure what it would change, and show that on one screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from rich.table import Table

from cluster.cli.terminal import console
from credit.errors import DataError, SettingsInvalid
from credit.experiment.pairedscores import DECISIONS, PairedScores
from credit.experiment.report import ShadowFindings, shadow_verdict
from credit.experiment.report.words import (
    chance_text,
    interval_text,
    money_text,
    percentage_points,
    points_text,
    share_text,
)
from credit.experiment.swapset import swap_set
from credit.metrics import Interval, LoanTerms
from credit.records import LocalKeyFile, RecordReader
from credit.settings import Settings
from credit.shadow import ShadowRun, read_rows
from credit.shadow.exposure import read_exposures, require_exposure
from credit.shadow.score import ShadowScore
from serve_app.rollout.prepare import contract_of


def loan_terms(
    interest_income: float | None, loss_given_default: float | None, exposure: str | None = None
) -> LoanTerms | None:
    """Read what a loan brings and costs.

    Raises
    ------
    SettingsInvalid
        One of the two is given without the other, or an exposure without them.
    """
    if (interest_income is None) != (loss_given_default is None):
        raise SettingsInvalid("give both --interest-income and --loss-given-default, or neither")
    if interest_income is None or loss_given_default is None:
        if exposure is not None:
            raise SettingsInvalid(
                "--exposure weighs money: give --interest-income and --loss-given-default, too"
            )
        return None
    return LoanTerms(interest_income=interest_income, loss_given_default=loss_given_default)


def measure_shadow(
    settings: Settings,
    state: sa.Engine,
    run: ShadowRun,
    *,
    since: str | None = None,
    until: str | None = None,
    terms: LoanTerms | None = None,
    exposure: str | None = None,
    outcomes: Mapping[str, int] | None = None,
    of: Collection[str] | None = None,
) -> ShadowFindings:
    """Measure what a shadow would change.

    Parameters
    ----------
    since, until
        As :func:`credit.shadow.read_rows`.
    exposure
        Column of the contract that holds the amount at risk; opened for this and kept nowhere.
    outcomes
        1 for bad, 0 for good, by decision id.
    of
        Only these decisions, by id; None takes all.

    Raises
    ------
    DataError
        It has scored decisions on fewer than two applicants.
    """
    found = [row for page in read_rows(state, run.id, since, until) for row in page]
    # What the bundle answered itself says nothing about another one.
    rows = [
        row for row in found if row.bundle != run.bundle and (of is None or row.decision_id in of)
    ]
    if not rows:
        raise DataError(
            f"shadow {run.name} has scored no decision of another bundle in this choice ({len(found):,} were "
            "scored, those that its own bundle answered among them); let it go on with `credit shadow run`"
        )
    amounts = None if exposure is None else _exposures(settings, run, rows, exposure)
    paired = paired_scores(rows, amounts, outcomes)
    return ShadowFindings(
        name=run.name,
        product=run.product,
        bundle=run.bundle,
        answered_by=tuple(sorted({row.bundle for row in rows})),
        first_created_at=min(row.created_at for row in rows),
        last_created_at=max(row.created_at for row in rows),
        unscored=run.unscored,
        n_skipped=run.n_skipped,
        n_own=sum(row.bundle == run.bundle for row in found),
        note=run.note,
        exposure=exposure,
        swap=swap_set(paired, terms),
    )


def paired_scores(
    rows: Iterable[ShadowScore],
    exposure: list[float] | None = None,
    outcomes: Mapping[str, int] | None = None,
) -> PairedScores:
    """Put rows into columns."""
    found = list(rows)
    known = None if outcomes is None else [outcomes.get(r.decision_id, math.nan) for r in found]
    return PairedScores(
        applicants=np.array([r.subject_ref for r in found], dtype=np.str_),
        answered_pd=np.array([r.answered_pd for r in found], dtype=np.float64),
        shadow_pd=np.array([r.shadow_pd for r in found], dtype=np.float64),
        answered_score=np.array([r.answered_score for r in found], dtype=np.float64),
        shadow_score=np.array([r.shadow_score for r in found], dtype=np.float64),
        answered_decision=np.array([r.answered_decision for r in found], dtype=np.str_),
        shadow_decision=np.array([r.shadow_decision for r in found], dtype=np.str_),
        answered_reasons=[r.answered_reasons for r in found],
        shadow_reasons=[r.shadow_reasons for r in found],
        exposure=None if exposure is None else np.array(exposure, dtype=np.float64),
        bad=None if known is None else np.array(known, dtype=np.float64),
    )


def _exposures(
    settings: Settings, run: ShadowRun, rows: list[ShadowScore], column: str
) -> list[float]:
    require_exposure(contract_of(settings, run.bundle), column)
    with RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader:
        return read_exposures(reader, [row.position for row in rows], column)


def read_outcomes(file: Path) -> dict[str, int]:
    """Read outcomes: a CSV or Parquet file with the columns ``decision_id`` and ``defaulted`` (1 = bad).

    Rows whose outcome is empty are not known yet.

    Raises
    ------
    DataError
        It cannot be read, a column is missing, a value is neither 0 nor 1, or a decision has two outcomes.
    """
    import pandas as pd

    read = pd.read_parquet if file.suffix == ".parquet" else pd.read_csv
    try:
        table = read(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: expected a CSV or Parquet file of outcomes; {error}") from error
    missing = [name for name in ("decision_id", "defaulted") if name not in table.columns]
    if missing:
        raise DataError(
            f"{file}: expected the columns decision_id and defaulted, {' and '.join(missing)} is missing"
        )
    known = table.dropna(subset=["defaulted"])
    n_other = int((~known["defaulted"].isin([0, 1])).sum())
    if n_other:
        raise DataError(
            f"{file}: defaulted: expected 0 (good) or 1 (bad), {n_other} of {len(known)} rows are neither"
        )
    n_two = int((known.groupby("decision_id")["defaulted"].nunique() > 1).sum())
    if n_two:
        raise DataError(f"{file}: {n_two} decisions have two different outcomes; keep one of each")
    ids = [str(id_) for id_ in known["decision_id"]]
    return dict(zip(ids, [int(bad) for bad in known["defaulted"]], strict=True))


def show_shadow(found: ShadowFindings) -> None:
    """Print what a shadow would change."""
    swap = found.swap
    verdict = shadow_verdict(found)
    console.print(verdict.sentence, style="bold", soft_wrap=True)
    for more in verdict.more:
        console.print(more, soft_wrap=True)
    console.print(_matrix(found))
    console.print(_groups(found))
    if swap.profit_change is not None:
        console.print(_money(found))
    table = _table("what differs", "value", "95% interval")
    _row(table, "decisions that would be another one", share_text, swap.disagree)
    _row(table, "approval rate, less that answered (pp)", percentage_points, swap.approval_change)
    _row(table, "score, less that answered (mean)", points_text, swap.scores.mean)
    for limit, share in swap.scores.within.items():
        _row(table, f"scores within {limit} points", share_text, share)
    for flips in swap.reasons:
        if flips.first is not None and flips.any_of_them is not None:
            _row(table, f"first reason differs, {flips.among}", share_text, flips.first)
            _row(table, f"any reason differs, {flips.among}", share_text, flips.any_of_them)
    console.print(table)
    tests = _table("paired test", "p", "pairs")
    for test in swap.tests:
        tests.add_row(test.name, chance_text(test.p_value), f"{test.n:,}")
    console.print(tests)
    left_out = [f"{n:,} {why.replace('_', ' ')}" for why, n in found.unscored.items()]
    if found.n_own:
        left_out.append(
            f"{found.n_own:,} answered by the shadow's own bundle (scored, not compared)"
        )
    if found.n_skipped:
        left_out.append(f"{found.n_skipped:,} made before it was to begin")
    console.print(f"Left out: {', '.join(left_out) or 'none'}.", soft_wrap=True)
    n_unknown = sum(group.money.n_unknown for group in swap.groups if group.money is not None)
    if n_unknown:
        console.print(
            f"Exposure not known, so in no sum of money: {n_unknown:,} decisions.", soft_wrap=True
        )
    if found.note:
        console.print(found.note, soft_wrap=True)


def _matrix(found: ShadowFindings) -> Table:
    table = _table("answered \\ shadow", *DECISIONS)
    for then in DECISIONS:
        table.add_row(then, *(f"{found.swap.matrix[then][now]:,}" for now in DECISIONS))
    return table


def _groups(found: ShadowFindings) -> Table:
    table = _table("group", "decisions", "share", "PD answered", "PD of shadow", "bad rate")
    for group in found.swap.groups:
        rates = (group.answered_pd, group.shadow_pd, group.observed)
        table.add_row(
            group.name,
            f"{group.n:,}",
            f"{group.share.estimate:.1%}",
            *("" if rate is None else f"{rate.estimate:.2%}" for rate in rates),
        )
    return table


def _money(found: ShadowFindings) -> Table:
    unit = "one loan" if found.swap.per_loan else f"{found.exposure}"
    table = _table(
        f"if approved, in {unit}",
        "exposure",
        "loss by PD answered",
        "by shadow's",
        "profit",
        "by shadow's",
    )
    for group in found.swap.groups:
        if group.money is not None:
            money = group.money
            table.add_row(
                group.name,
                f"{money.exposure:,.0f}",
                *map(money_text, (money.answered_loss, money.shadow_loss)),
                *map(money_text, (money.answered_profit, money.shadow_profit)),
            )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _row(table: Table, name: str, text: Callable[[float], str], value: Interval) -> None:
    table.add_row(name, *interval_text(value, text))
