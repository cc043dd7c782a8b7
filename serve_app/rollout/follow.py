"""How a process follows the rollout: it loads what is staged, and answers with what is active."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from credit.decision import Rollout
from credit.errors import CreditError, SettingsInvalid
from serve_app.rollout.members import (
    HEARTBEAT_S,
    Member,
    forget_member,
    report_member,
    serving_members,
)
from serve_app.rollout.store import (
    activate_stage,
    create_tables,
    read_heads,
    read_past,
    read_rollout,
    read_stage,
    refuse_stage,
)
from serve_app.shelf import BundleShelf

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""How often a process looks: a change is made up of two looks of the slowest process, so of half a second."""

RELEASE_AFTER_S = 30.0
"""How long a bundle that no longer answers is kept for requests that were pinned to it."""


class RolloutFollower:
    """Keeps the bundles and the generation of one process in step with the rollout.

    Parameters
    ----------
    state
        The state database.
    role
        What the process does, as operators see it.
    adopt
        Called with each rollout that becomes active, in the follower's thread.
    at_heartbeat
        Called there every :data:`HEARTBEAT_S` seconds.

    Raises
    ------
    SettingsInvalid
        When there is no rollout of this product.
    CreditError
        When the bundles of the active rollout cannot be loaded.
    """

    def __init__(
        self,
        state: sa.Engine,
        product: str,
        shelf: BundleShelf,
        *,
        role: str,
        adopt: Callable[[Rollout], object] = lambda rollout: None,
        at_heartbeat: Callable[[], object] = lambda: None,
    ) -> None:
        self._state = state
        self._product = product
        self._shelf = shelf
        self._adopt = adopt
        self._at_heartbeat = at_heartbeat
        self._role = role
        self._name = secrets.token_hex(8)
        self._loaded: str | None = None
        self._refused: str | None = None
        self._reported_at = float("-inf")
        self._outgoing: list[tuple[float, Rollout]] = []
        self._trouble = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        create_tables(state)
        self.active = self._first()

    def start(self) -> None:
        """Follow, in a thread of its own, until :meth:`close`."""
        self._thread = threading.Thread(target=self._run, name="rollout", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following, and tell the others not to wait."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        forget_member(self._state, self._product, self._name)
        self._state.dispose()

    def step(self) -> None:
        """Look once, and do what there is to do."""
        heads = read_heads(self._state, self._product)
        if heads is None:
            return
        if heads.generation != self.active.generation:
            self._follow_active()
        if heads.staged is not None:
            self._follow_stage(heads.staged)
        elif self._loaded is not None:  # it answers now, or was refused or taken back
            self._loaded = None
            self._report()
            self._keep_what_answers()
        self._let_go()
        if time.monotonic() - self._reported_at >= HEARTBEAT_S:
            self._report()
            self._at_heartbeat()

    def _first(self) -> Rollout:
        active = read_rollout(self._state, self._product)
        if active is None:
            raise SettingsInvalid(f"there is no rollout of {self._product} in the state database")
        self._shelf.hold(active.bundles)
        before = read_past(self._state, self._product, active.generation - 1)
        if before is not None:
            # Others may still answer with it; if it cannot be loaded, they are refused here and ask again.
            try:
                self._shelf.hold(before.rollout.bundles)
            except CreditError as error:
                logger.warning("generation %d: %s", before.rollout.generation, error)
            else:
                self._outgoing.append((time.monotonic(), before.rollout))
        self.active = active
        self._report()
        return active

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.step()
                self._trouble = ""
            except Exception as error:  # what answers goes on; the next look may succeed
                trouble = f"{type(error).__name__}: {error}"
                if trouble != self._trouble:
                    logger.warning("the rollout cannot be followed now: %s", trouble)
                self._trouble = trouble

    def _follow_active(self) -> None:
        rollout = read_rollout(self._state, self._product)
        if rollout is None or rollout.generation == self.active.generation:
            return
        self._shelf.hold(rollout.bundles)  # nothing to do for whoever loaded it while it was staged
        self._outgoing.append((time.monotonic(), self.active))
        self.active = rollout
        self._adopt(rollout)
        self._report()

    def _follow_stage(self, staged: str) -> None:
        if staged == self._refused:
            return
        if staged != self._loaded:
            stage = read_stage(self._state, self._product)
            if stage is None or stage.digest != staged:
                return
            try:
                self._shelf.hold(stage.rollout.bundles)
            except Exception as error:
                # Whatever it is, this process cannot answer with it, so nobody shall.
                self._refused = stage.digest
                why = str(error) if isinstance(error, CreditError) else type(error).__name__
                refuse_stage(self._state, self._product, stage.digest, f"{self._role}: {why}")
                logger.warning("generation %d is refused: %s", stage.rollout.generation, why)
                return
            self._loaded = stage.digest
            self._report()
        if self._all_have_loaded(staged):
            activate_stage(self._state, self._product, staged)
            self._follow_active()

    def _all_have_loaded(self, digest: str) -> bool:
        return all(m.loaded == digest for m in serving_members(self._state, self._product))

    def _let_go(self) -> None:
        due = time.monotonic() - RELEASE_AFTER_S
        kept = [(since, rollout) for since, rollout in self._outgoing if since > due]
        if len(kept) < len(self._outgoing) and self._loaded is None:
            self._outgoing = kept
            self._keep_what_answers()

    def _keep_what_answers(self) -> None:
        rollouts = [self.active, *(rollout for _, rollout in self._outgoing)]
        self._shelf.keep(hash_ for rollout in rollouts for hash_ in rollout.bundles)

    def _report(self) -> None:
        member = Member(self._name, self._role, self.active.generation, self._loaded)
        report_member(self._state, self._product, member)
        self._reported_at = time.monotonic()
