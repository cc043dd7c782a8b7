"""How a challenger is taken off: a change of the rollout like any other, made until it is made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from cluster.guard_watch import is_same_pair
from credit.decision import Rollout
from credit.decision.rollout_changes import with_share
from credit.errors import RolloutMoved, RolloutRefused
from credit.experiment.guards import Verdict
from serve_app.rollout.change import Change
from serve_app.rollout.operate import change_rollout
from serve_app.rollout.store import read_stage

logger = logging.getLogger(__name__)

TRIES = 5
"""How often a change is made again at once when somebody else was faster; then the next step tries."""


class Removal:
    """Gives the slots of challengers back to the champion."""

    def __init__(self, state: Engine, product: str) -> None:
        self._state = state
        self._product = product
        self._trouble = ""

    def take_off(self, rollout: Rollout, tripped: Sequence[Verdict]) -> bool:
        """Take all challengers off that tripped, in one change.

        Nothing happens to one whose bundle or share, or the champion's, were changed meanwhile. What
        cannot be done now, because another change is being loaded, is logged; ask again.

        Parameters
        ----------
        rollout
            The active rollout that the verdicts are about.

        Returns
        -------
        Whether a change was made, or staged where processes serve.
        """
        bad = list(dict.fromkeys(verdict.arm for verdict in tripped))
        if not bad or self._is_under_way(bad):
            self._trouble = ""
            return False
        note = "; ".join(verdict.sentence for verdict in tripped)
        change = Change(f"guard takes {', '.join(bad)} off", "guard", note)

        def without_them(current: Rollout) -> Rollout:
            for arm in [arm for arm in bad if is_same_pair(current, rollout, arm)]:
                current = with_share(current, arm, 0)
            return current

        return self._change(without_them, change, bad)

    def _is_under_way(self, bad: Sequence[str]) -> bool:
        """Whether a change that waits to be loaded takes them off already."""
        stage = read_stage(self._state, self._product)
        if stage is None or stage.refusal is not None:
            return False
        return not any(arm.slots for arm in stage.rollout.arms[1:] if arm.name in bad)

    def _change(
        self, make: Callable[[Rollout], Rollout], change: Change, bad: Sequence[str]
    ) -> bool:
        for _ in range(TRIES):
            try:
                made = change_rollout(self._state, self._product, make, change)
            except RolloutMoved:
                continue
            except RolloutRefused as refused:
                if str(refused) != self._trouble:
                    logger.warning("%s, but not yet: %s", change.action, refused)
                self._trouble = str(refused)
                return False
            self._trouble = ""
            if any(arm.slots for arm in made.arms[1:] if arm.name in bad):
                return False  # it was changed meanwhile, and is watched anew
            logger.warning("generation %d: %s: %s", made.generation, change.action, change.note)
            return True
        return False
