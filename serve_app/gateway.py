"""The gateway: every decision is made, recorded and answered here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from credit.contract import Application, ApplicationDecoder, Contract
from credit.decision import Arm, Rollout, arm_for
from credit.decision.scorer import answer
from credit.errors import KeyUnavailable, RecordError
from credit.records import NewRecord, Receipt, RecordReader, new_decision_id
from credit.records.reading.last_decision import last_decision
from serve_app.recording import decision_record
from serve_app.rollout.failures import ArmCounter
from serve_app.scoring import Scoring
from serve_app.shelf import BundleShelf
from serve_app.stages import MOST_DECISIONS, Decided, decided_here

logger = logging.getLogger(__name__)

Read = TypeVar("Read")


class ArmDescription(msgspec.Struct, frozen=True):
    """One arm, its share of applicants, and its figures on held-out rows."""

    arm: str
    bundle: str
    model: str
    share: float
    metrics: dict[str, float]


class ModelDescription(msgspec.Struct, frozen=True):
    """The answer of ``/v1/model``."""

    product: str
    contract_version: str
    generation: int
    arms: tuple[ArmDescription, ...]


class Recorder(Protocol):
    """What the gateway asks of a record writer."""

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        """Hand a record over; the future resolves once it is on disk."""
        ...

    def probe(self) -> None:
        """Find out whether anything can be written now."""
        ...


class Gateway:
    """Assigns an arm, scores through the graph, records, answers.

    Parameters
    ----------
    rollout
        Generation and bundles that requests are pinned to until :meth:`adopt`.
    writer
        The record store: what it has not acknowledged is not answered.
    reader
        The same store, with keys, for decisions that are asked for again.
    counter
        Counts requests and failures of each arm, for whoever watches them.
    """

    def __init__(
        self,
        rollout: Rollout,
        shelf: BundleShelf,
        scoring: Scoring,
        writer: Recorder,
        reader: RecordReader,
        counter: ArmCounter | None = None,
    ) -> None:
        self.rollout = rollout
        self.champion = shelf.get(rollout.champion.bundle)
        self.decoder = ApplicationDecoder(self.contract)
        self._probe: asyncio.Task[None] | None = None
        self._shelf = shelf
        self._scoring = scoring
        self._counter = counter or ArmCounter()
        self._writer = writer
        self._reader = reader

    def adopt(self, rollout: Rollout) -> None:
        """Answer with another rollout from the next request on; its bundles are on the shelf.

        May be called from any thread: a request reads it once.
        """
        self.rollout = rollout

    @property
    def contract(self) -> Contract:
        """The contract that requests are held against."""
        return self.champion.contract

    async def from_records(self, read: Callable[[RecordReader], Read]) -> Read:
        """Read something from the records; in a thread, for it waits for the database."""
        return await asyncio.to_thread(read, self._reader)

    async def require_ready(self) -> None:
        """Refuse while decisions cannot be recorded; blocks no loop: the probe syncs a disk.

        Everybody who asks meanwhile gets the answer of the probe that runs: anyone may ask, as often
        as they like.

        Raises
        ------
        RecordStoreUnavailable
            With the reason.
        """
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(asyncio.to_thread(self._writer.probe))
        await asyncio.shield(self._probe)

    def describe(self) -> ModelDescription:
        """Which bundles answer whom."""
        rollout, arms = self.rollout, []
        for arm in rollout.arms:
            manifest = self._shelf.get(arm.bundle).manifest
            share = round(rollout.share(arm), 3)
            arms.append(
                ArmDescription(arm.name, arm.bundle, manifest.family, share, manifest.metrics)
            )
        return ModelDescription(
            rollout.product, self.contract.version, rollout.generation, tuple(arms)
        )

    async def decide(
        self,
        body: bytes,
        *,
        tenant: str,
        route: str,
        idempotency_key: str | None,
        with_shap_values: bool,
    ) -> Receipt:
        """Decide one application, given as JSON; when this returns, the decision is on disk.

        Raises
        ------
        InvalidInput
            When it is not JSON, not one object, or breaks the contract.
        CreditError
            When it cannot be scored, explained or recorded: then there is no score.
        """
        started = time.perf_counter_ns()
        application = self.decoder.decode(body)
        return await self.decide_application(
            application,
            started_ns=started,
            tenant=tenant,
            route=route,
            idempotency_key=idempotency_key,
            with_shap_values=with_shap_values,
        )

    async def decide_application(
        self,
        application: Application,
        *,
        started_ns: int,
        tenant: str,
        route: str,
        idempotency_key: str | None,
        with_shap_values: bool,
    ) -> Receipt:
        """Decide one application that was checked a moment ago.

        Parameters
        ----------
        started_ns
            When its check began, by ``time.perf_counter_ns``.

        Raises
        ------
        CreditError
            When it cannot be scored, explained or recorded: then there is no score.
        """
        validated = time.perf_counter_ns()
        rollout = self.rollout  # generation and bundle are pinned here, for all of this request
        arm, slot = arm_for(rollout, application.applicant_id)
        if slot is not None and rollout.has_moved(slot):
            arm, slot = await self._arm_kept(rollout, application, arm, slot, tenant)
        try:
            scored = await self._scoring.score(application, arm)
        except BaseException as error:
            self._counter.raised(rollout.generation, arm.name, slot, error)
            raise
        self._counter.count(rollout.generation, arm.name, slot, failed=False)
        bundle = scored.bundle
        told = answer(
            bundle,
            application,
            scored.score,
            arm=arm.name,
            generation=rollout.generation,
            decision_id=new_decision_id(),
            with_shap_values=with_shap_values,
        )
        record = decision_record(
            bundle,
            application,
            scored,
            told,
            slot=slot,
            latency_us={
                "validate": (validated - started_ns) // 1000,
                **scored.latency_us,
                "answer": (time.perf_counter_ns() - started_ns) // 1000,
            },
            tenant=tenant,
            route=route,
            idempotency_key=idempotency_key,
        )
        # A client that hangs up cancels this coroutine, never the append.
        receipt = await asyncio.shield(self._writer.append_async(record))
        decided = decided_here.get()
        if decided is not None and len(decided) < MOST_DECISIONS:
            decided.append(
                Decided(
                    arm.name,
                    bundle.hash,
                    rollout.generation,
                    receipt.replayed,
                    started_ns,
                    time.perf_counter_ns(),
                    record.clear.latency_us,
                    scored.is_side_by_side,
                )
            )
        return receipt

    def _whole(self, rollout: Rollout, hash_: str) -> str:
        """Hash of the bundle that answers, given that of one of its fallbacks, or its own."""
        for whole in rollout.bundles:
            if any(
                fallback.hash == hash_ for fallback in self._shelf.get(whole).fallbacks.values()
            ):
                return whole
        return hash_

    async def _arm_kept(
        self, rollout: Rollout, application: Application, arm: Arm, slot: int, tenant: str
    ) -> tuple[Arm, int | None]:
        """Let an application that was decided before stay with its arm, outside the experiment.

        Only asked where the applicant's slot changed hands, for it costs a look into the records.
        """
        applicant_id = application.applicant_id
        if applicant_id is None:
            return arm, slot
        look = partial(
            last_decision,
            tenant=tenant,
            product=rollout.product,
            applicant_id=applicant_id,
            application_id=application.application_id,
        )
        try:
            last = await self.from_records(look)
        except (RecordError, KeyUnavailable) as error:
            # Something of long ago that cannot be read must not keep an applicant from a decision.
            logger.warning("an earlier decision cannot be read, the slot decides: %s", error)
            return arm, slot
        if last is None:
            return arm, slot
        kept = rollout.keeps(last.arm, self._whole(rollout, last.bundle))
        return (arm, slot) if kept is None or kept == arm else (kept, None)
