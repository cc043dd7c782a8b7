"""Erase whom the policy no longer lets the lender keep, and those whose restriction has ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, or_, select

from credit.records.erasure.destroy import Order, erase_or_restrict, vectors_of
from credit.records.erasure.outcome import CleanedSample, ErasureOutcome
from credit.records.erasure.policies import ProductKind, RetentionPolicy, add_months
from credit.records.erasure.samples import bundles_to_retrain, clean_samples
from credit.records.erasure.subject import decisions_of, expires_after
from credit.records.erasure.traces import remove_traces
from credit.records.proof.signing import Signer
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.opening import store_with_keys
from credit.records.store.engine import begin_alone
from credit.records.store.location import Location
from credit.records.store.schema import subject_keys, subjects

ROWS_AT_ONCE = 1000
"""Rows that one transaction changes: bounds how long a writer waits for it."""
_PAGE = 300

# Reference and tombstone of a subject; its keys come on top.
_ROWS_OF_SUBJECT = 2
_CANDIDATES: Select[Any] = (
    select(subjects.c.subject_ref, subjects.c.restricted_until)
    .where(
        subjects.c.erased_at.is_(None),
        subjects.c.subject_ref > bindparam("after"),
        or_(
            subjects.c.restricted_until < bindparam("today"),
            subjects.c.created_at < bindparam("before"),
        ),
    )
    .order_by(subjects.c.subject_ref)
    .limit(_PAGE)
)
_N_KEYS = (
    select(subject_keys.c.subject_ref, func.count().label("n_keys"))
    .where(
        subject_keys.c.subject_ref.in_(bindparam("refs", expanding=True)),
        subject_keys.c.wrapped_key.is_not(None),
    )
    .group_by(subject_keys.c.subject_ref)
)
# Who is being decided about at this moment is left for the next run: waiting for several subjects at
# once could end in a circle with a writer.
_FREE: Select[Any] = (
    select(subjects.c.subject_ref, subjects.c.restricted_until)
    .where(subjects.c.subject_ref.in_(bindparam("refs", expanding=True)))
    .with_for_update(skip_locked=True)
)


@dataclass(slots=True, kw_only=True)
class Expiry:
    """What a run did, or would do.

    Attributes
    ----------
    n_due
        Subjects whose time had come.
    n_erased, n_keys, n_records
        Subjects that were erased, their keys and records.
    n_restricted
        Subjects who asked for erasure and got a new decision since, so that they are kept longer.
    n_busy
        Subjects that a writer held; the next run takes them.
    lingering
        As of `ErasureOutcome`.
    """

    n_due: int = 0
    n_erased: int = 0
    n_keys: int = 0
    n_records: int = 0
    n_unopened: int = 0
    n_restricted: int = 0
    n_busy: int = 0
    samples: list[CleanedSample] = field(default_factory=list)
    retrain: set[str] = field(default_factory=set)
    lingering: tuple[str, ...] = ()

    def count(self, outcome: ErasureOutcome) -> None:
        """Add what became of one subject."""
        self.n_erased += outcome.status == "erased"
        self.n_restricted += outcome.status == "restricted"
        if outcome.status == "erased":
            self.n_keys += outcome.n_keys
            self.n_records += outcome.n_records


def expire(
    location: Location,
    keys: KeyProvider,
    signer: Signer,
    *,
    policy: RetentionPolicy,
    today: date,
    bundles: Sequence[Path],
    product_kind: ProductKind = "consumer",
    dry_run: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Expiry:
    """Erase every subject whose newest record is older than its ceiling, or whose restriction ended.

    Works in short transactions; blocking. One that is interrupted, at any point, is finished by the
    next run: whoever is erased is not looked at again.

    Parameters
    ----------
    today
        The day that the periods of the policy are held against.
    bundles
        Folders below which bundles lie, and with them samples of people.
    product_kind
        Whom the credit was for. Where one store holds both, let the default stand: floors for
        consumers are the longer ones.
    dry_run
        Only count who is due.
    advance
        Told how many subjects a transaction was about, after each.

    Raises
    ------
    CreditError
        As `erase`.
    """
    order = Order(policy=policy, product_kind=product_kind, today=today, requested_by="retention")
    done = Expiry()
    with store_with_keys(location, keys) as engine:
        try:
            for due in _pages(engine, order):
                done.n_due += len(due)
                if dry_run:
                    continue
                _clean(engine, keys, list(due), bundles, done)
                for refs in _shares(due):
                    _erase_share(engine, refs, order, signer, done)
                    advance(len(refs))
        finally:
            if done.n_erased:
                done.lingering = remove_traces(engine)
    return done


def _pages(engine: Engine, order: Order) -> Iterator[Mapping[str, int]]:
    """Give, page by page, the subjects whose time has come, with their numbers of keys."""
    today, after = order.today.isoformat(), ""
    while True:
        with engine.begin() as connection:
            rows = connection.execute(
                _CANDIDATES, {"after": after, "today": today, "before": _decided_before(order)}
            ).all()
            if not rows:
                return
            refs = [row.subject_ref for row in rows]
            due = _due(connection, rows, order)
            n_keys = {
                row.subject_ref: int(row.n_keys)
                for row in connection.execute(_N_KEYS, {"refs": refs})
            }
        after = refs[-1]
        if due:
            yield {ref: n_keys.get(ref, 0) for ref in due}


def _decided_before(order: Order) -> str:
    """A first sieve: who was first decided about on or after this day cannot be due by a ceiling."""
    rules = [rule for rule in order.policy.rules if order.product_kind in rule.products]
    months = [rule.ceiling.months for rule in rules if rule.ceiling.months is not None]
    if not months:
        return ""
    # Months differ in length by three days; the exact day is held against each record afterwards.
    return (add_months(order.today, -min(months)) + timedelta(days=3)).isoformat()


def _due(connection: Connection, rows: Sequence[Row[Any]], order: Order) -> list[str]:
    of_subject = defaultdict(list)
    for one in decisions_of(connection, [row.subject_ref for row in rows]):
        of_subject[one.subject_ref].append(one)
    due = []
    for row in rows:
        end = expires_after(of_subject[row.subject_ref], order.policy, order.product_kind)
        was_restricted = (
            row.restricted_until is not None and row.restricted_until < order.today.isoformat()
        )
        if was_restricted or (end is not None and end < order.today):
            due.append(row.subject_ref)
    return due


def _shares(due: Mapping[str, int]) -> Iterator[list[str]]:
    """Divide a page so that no transaction changes more than its number of rows."""
    share: list[str] = []
    n_rows = 0
    for ref, n_keys in due.items():
        if share and n_rows + n_keys + _ROWS_OF_SUBJECT > ROWS_AT_ONCE:
            yield share
            share, n_rows = [], 0
        share.append(ref)
        n_rows += n_keys + _ROWS_OF_SUBJECT
    if share:
        yield share


def _clean(
    engine: Engine, keys: KeyProvider, refs: Sequence[str], bundles: Sequence[Path], done: Expiry
) -> None:
    vectors, n_unopened = vectors_of(engine, keys, refs)
    done.n_unopened += n_unopened
    done.samples += clean_samples(bundles, vectors)
    done.retrain |= set(bundles_to_retrain(bundles, vectors))


def _erase_share(
    engine: Engine, refs: Sequence[str], order: Order, signer: Signer, done: Expiry
) -> None:
    with begin_alone(engine) as connection:
        free = connection.execute(_FREE, {"refs": list(refs)}).all()
        # Again, now that no writer can add to them: a decision may have come since.
        outcomes = [
            erase_or_restrict(connection, ref, order, signer)
            for ref in _due(connection, free, order)
        ]
    done.n_busy += len(refs) - len(free)
    for outcome in outcomes:
        done.count(outcome)
