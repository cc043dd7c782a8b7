"""MLflow's aliases follow the rollout, whoever changed it; MLflow stays out of the processes that answer."""

from __future__ import annotations

import logging
import time

from credit.contract import load_contract
from credit.errors import CreditError
from credit.records import open_state
from serve_app.rollout.aliases import follow_aliases
from serve_app.rollout.store import read_heads, read_rollout
from serve_app.settings import ServiceArgs

logger = logging.getLogger(__name__)

RETRY_S = 60.0
"""How long a registry that does not answer is left alone."""


class AliasKeeper:
    """Points aliases anew after each change of the rollout; a service that only starts changes none."""

    def __init__(self, args: ServiceArgs) -> None:
        self._settings = args.settings
        self._contract = load_contract(args.product)
        self._product = args.product
        self._state = open_state(self._settings.state)
        heads = read_heads(self._state, self._product)
        self._generation = 0 if heads is None else heads.generation
        self._retry_at = 0.0

    def step(self) -> bool:
        """Look whether the rollout has changed; always False: there is no work that waits."""
        heads = read_heads(self._state, self._product)
        if heads is None or heads.generation == self._generation:
            return False
        if time.monotonic() < self._retry_at:
            return False
        rollout = read_rollout(self._state, self._product)
        if rollout is None:
            return False
        try:
            unknown = follow_aliases(self._settings, self._contract, rollout)
        except CreditError as error:
            logger.warning("aliases do not follow generation %d yet: %s", rollout.generation, error)
            self._retry_at = time.monotonic() + RETRY_S
            return False
        if unknown:
            logger.info("no version in the registry holds the bundle of %s", ", ".join(unknown))
        self._generation = rollout.generation
        return False
