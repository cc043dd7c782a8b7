"""The rollout as the routes of a gateway see it: everything that waits does so in a thread."""

from __future__ import annotations

import asyncio

import msgspec
import sqlalchemy as sa

from credit.errors import RolloutRefused
from credit.settings import Settings
from serve_app.rollout.commands import Command, execute
from serve_app.rollout.operate import rollout_status, wait_until_active
from serve_app.rollout.prepare import prepare_elsewhere
from serve_app.rollout.store import read_history, read_rollout


class RolloutControl:
    """Reads and changes the rollout of one product.

    Parameters
    ----------
    state
        The state database.
    """

    def __init__(self, settings: Settings, state: sa.Engine, product: str) -> None:
        self._settings = settings
        self._state = state
        self._product = product

    async def status(self) -> bytes:
        """Who answers, what is about to, and who serves, as JSON."""
        return msgspec.json.encode(
            await asyncio.to_thread(rollout_status, self._state, self._product)
        )

    async def history(self, limit: int) -> bytes:
        """Generations that were active, the newest first, as JSON."""
        return msgspec.json.encode(
            await asyncio.to_thread(read_history, self._state, self._product, limit=limit)
        )

    async def execute(self, command: Command, *, by: str) -> bytes:
        """Carry a command out, wait until all answer with it, and return the status.

        Raises
        ------
        RolloutRefused
            When it cannot be done, or not everybody can load it.
        """
        await asyncio.to_thread(self._execute, command, by)
        return await self.status()

    def _execute(self, command: Command, by: str) -> None:
        wanted = execute(self._state, self._product, command, by=by, prepare=self._prepare)
        if wanted is not None:
            wait_until_active(self._state, wanted)

    def _prepare(self, name: str) -> str:
        if "/" in name:
            raise RolloutRefused("bundle: over HTTP an alias or a hash, no folder")
        active = read_rollout(self._state, self._product)
        champion = "" if active is None else active.champion.bundle
        return prepare_elsewhere(self._settings, self._product, name, champion=champion)
