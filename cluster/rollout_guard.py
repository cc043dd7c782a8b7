"""The consumer that takes a bad challenger off traffic, without anybody who has to be awake."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from cluster.guard_change import Removal
from cluster.guard_store import (
    Watched,
    create_watches,
    drop_watches,
    read_watches,
    save_watches,
)
from cluster.guard_watch import Watch, belongs, watches_of
from credit.decision import Rollout
from credit.experiment.guards import (
    GuardSettings,
    GuardState,
    Verdict,
    decisions,
    update,
    verdicts,
    with_requests,
)
from credit.records import (
    ClearPart,
    Cursor,
    CursorMoved,
    Lease,
    RecordReader,
    StoredRecord,
    advance_cursor,
    begin_write,
    read_cursor,
)
from credit.settings import Settings
from drift.window import MAX_READ, check_place
from serve_app.rollout.failures import Requests, create_failures, read_failures
from serve_app.rollout.store import read_heads, read_rollout

logger = logging.getLogger(__name__)


class RolloutGuard:
    """Compares each challenger with the champion, and takes one off that is worse for certain.

    What was counted and the move of the cursor are one transaction: after a crash neither or both are
    there, so no decision is counted twice or left out. What is counted depends on the records and the
    history of the rollout alone, never on when somebody looked. Taking a challenger off is a change of
    the rollout like any other, so a verdict that a crash kept from being carried out is carried out by the
    next step. The champion is never touched.

    Parameters
    ----------
    settings
        Where the records are; only their clear parts are read, so no keys are needed.
    state
        The state database; its tables are created if they are missing.
    guards
        Tolerances and error probability.
    consumer
        Name of the cursor and of the lease.
    """

    def __init__(
        self,
        settings: Settings,
        state: Engine,
        product: str,
        *,
        guards: GuardSettings | None = None,
        consumer: str | None = None,
    ) -> None:
        self._state = state
        self._product = product
        self._guards = guards or GuardSettings()
        self._consumer = consumer or f"guard-{product}"
        self._reader = RecordReader(settings.records)
        self._lease = Lease(state, self._consumer)
        self._removal = Removal(state, product)
        self._rollout: Rollout | None = None
        self._watches: list[Watch] = []
        create_failures(state)
        create_watches(state)

    def step(self) -> bool:
        """Count the next decisions in and act, at most 1,000.

        Each step that found some commits, and syncs a disk that answers wait for as well: it is for the
        caller to let decisions gather.

        Returns
        -------
        Whether more are waiting. False, too, while another instance is at work.

        Raises
        ------
        RecordStoreUnavailable
            When the records cannot be read, or end before the cursor.
        """
        if not self._lease.hold():
            return False
        if self._rollout is None:
            self._active()
        cursor = read_cursor(self._state, self._consumer)
        # The records first: a generation they were decided under is in the rollout that is read behind them.
        records, end = self._read(cursor)
        watched = self._watches
        rollout = self._active()
        if self._watches and not watched:
            end = cursor  # decisions of a watch that has just begun may be among those passed over
        known = read_watches(self._state, self._consumer)
        counted = []
        if rollout is not None:
            counted = self._count(rollout, known, [record.clear for record in records])
        changed = [each for each in counted if known.get(each.watch.arm) != each]
        there = {arm.name for arm in rollout.arms} if rollout is not None else set()
        gone = sorted(known.keys() - there)
        if (end != cursor or changed or gone) and not self._save(cursor, end, changed, gone):
            return False
        if rollout is not None:
            found = [verdict for each in counted for verdict in self._verdicts(each)]
            self._removal.take_off(rollout, [verdict for verdict in found if verdict.tripped])
        return len(records) == MAX_READ

    def status(self) -> list[Verdict]:
        """Say where each challenger stands, or stood when it was taken off; for a page."""
        found = read_watches(self._state, self._consumer)
        return [verdict for watched in found.values() for verdict in self._verdicts(watched)]

    def close(self) -> None:
        """Let the next instance begin at once."""
        self._lease.release()
        self._reader.close()

    def _read(self, cursor: Cursor) -> tuple[Sequence[StoredRecord], Cursor]:
        """Read the next decisions, and where they end; those that nobody is watched in are passed over."""
        records = self._reader.after(cursor, MAX_READ) if self._watches else []
        if records:
            return records, records[-1].cursor
        end = self._reader.end()
        check_place(cursor, end)
        return records, cursor if self._watches else end

    def _active(self) -> Rollout | None:
        """Read the rollout, and its watches from the history, when its generation is a new one."""
        heads = read_heads(self._state, self._product)
        if heads is not None and (
            self._rollout is None or heads.generation != self._rollout.generation
        ):
            rollout = read_rollout(self._state, self._product)
            self._watches = [] if rollout is None else watches_of(self._state, rollout)
            self._rollout = rollout
        return self._rollout

    def _count(
        self, rollout: Rollout, known: Mapping[str, Watched], decided: Sequence[ClearPart]
    ) -> list[Watched]:
        earliest = min((watch.since for watch in self._watches), default=rollout.generation)
        failures = read_failures(self._state, self._product, since=earliest)
        watched = []
        for watch in self._watches:
            before = known.get(watch.arm)
            goes_on = before is not None and before.watch == watch
            state = before.state if before is not None and goes_on else GuardState()
            state = self._counted(state, watch, decided)
            champion = _requests(failures, watch.champion_arm, watch.since)
            challenger = _requests(failures, watch.arm, watch.since)
            state = with_requests(
                state,
                champion=(champion.asked, champion.failed),
                challenger=(challenger.asked, challenger.failed),
            )
            watched.append(Watched(watch, state))
        return watched

    def _counted(self, state: GuardState, watch: Watch, decided: Sequence[ClearPart]) -> GuardState:
        of_watch = [clear for clear in decided if belongs(clear, self._product, watch)]
        if not of_watch:
            return state
        batch = decisions(
            [clear.arm == watch.arm for clear in of_watch],
            [clear.decision == "approve" for clear in of_watch],
            [clear.probability_of_default for clear in of_watch],
            [clear.latency_us.get("answer", math.nan) for clear in of_watch],
        )
        return update(state, batch, n_learning=self._guards.n_learning)

    def _save(
        self, cursor: Cursor, end: Cursor, changed: Sequence[Watched], gone: Sequence[str]
    ) -> bool:
        try:
            with begin_write(self._state) as connection:
                advance_cursor(connection, self._consumer, cursor, end)
                save_watches(connection, self._consumer, changed)
                drop_watches(connection, self._consumer, gone)
        except CursorMoved as moved:
            # Another instance counted the same records; nothing is lost.
            logger.debug("counts discarded: %s", moved)
            return False
        return True

    def _verdicts(self, watched: Watched) -> list[Verdict]:
        watch = watched.watch
        return verdicts(
            watched.state, self._guards, arm=watch.arm, n_challengers=watch.n_challengers
        )


def _requests(failures: Mapping[tuple[int, str], Requests], arm: str, since: int) -> Requests:
    of_arm = [
        requests
        for (generation, name), requests in failures.items()
        if name == arm and generation >= since
    ]
    return sum(of_arm, Requests())
