"""Tell whoever offered a record what became of it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeAlias

from credit.records.append.idempotency import WRITTEN, Outcome
from credit.records.record import NewRecord, Receipt

AnyFuture: TypeAlias = "Future[Receipt] | asyncio.Future[Receipt]"


def settle(receipt: AnyFuture, record: NewRecord, outcome: Outcome) -> None:
    """Resolve `receipt`, in the thread of its event loop if it has one."""
    if receipt.cancelled():  # only an asyncio future can be: its client hung up
        return
    if outcome is WRITTEN:
        receipt.set_result(Receipt.of_new(record))
    elif isinstance(outcome, Receipt):
        receipt.set_result(outcome)
    else:
        receipt.set_exception(outcome)
