"""The scheduled consumer that signs what was recorded, hosted by the drift node."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from credit.errors import CreditError, RecordsNotProven
from credit.records import Lease
from credit.records.proof.anchors import open_anchor
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.signing import LocalSigningKey
from credit.settings import Settings

logger = logging.getLogger(__name__)

EVERY_S = 60.0
"""What a truncated tail can hide: records younger than this may not be under a checkpoint yet."""


class ScheduledCheckpoints:
    """Makes a checkpoint a minute while there is something new; never stops its host.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        settings: Settings,
        state: sa.Engine,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        signer = LocalSigningKey(settings.signing_key_path, settings.public_keys_path)
        anchors = [open_anchor(settings.anchor or settings.home / "checkpoints.jsonl")]
        self._checkpointer = Checkpointer(settings.records, signer, anchors)
        self._lease = Lease(state, "checkpoints")
        self._every_s = every_s
        self._clock = clock
        self._due = clock()
        self._registry = CollectorRegistry()
        self._number = Gauge(
            "credit_records_checkpoint",
            "Number of the newest checkpoint that this process signed.",
            registry=self._registry,
        )
        self._failing = Gauge(
            "credit_records_checkpoint_failing",
            "1 while checkpoints cannot be made, 2 when the store is not what was signed before.",
            registry=self._registry,
        )

    def step(self) -> None:
        """Make a checkpoint if one is due and no other instance makes them."""
        if self._clock() < self._due or not self._lease.hold():
            return
        self._due = self._clock() + self._every_s
        try:
            made = self._checkpointer.step()
        except RecordsNotProven as error:
            self._failing.set(2)
            logger.critical("the decision records do not verify: %s", error)
        except CreditError as error:
            self._failing.set(1)
            logger.warning("no checkpoint was made: %s", error)
        else:
            self._failing.set(0)
            if made is not None:
                self._number.set(made.number)

    def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        return generate_latest(self._registry)
