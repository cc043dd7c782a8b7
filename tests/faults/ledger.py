"""What clients were told, held against what the store holds; the check of every fault test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from credit.errors import RecordStoreUnavailable
from credit.records import KeyProvider, Location, RecordReader, StoredRecord
from credit.records.proof.verify import verify
from tests.records.samples import broken_links, everything

PAGE = 500


class Ledger:
    """Every answer that a client was given: the decision under each idempotency key, and its bytes.

    Clients send their idempotency key as the id of the application, which is how the decisions for
    one key are counted in a store that keeps no key. `sent` holds the keys of this ledger: the store
    may hold what others were told.
    """

    def __init__(self) -> None:
        self.told: dict[str, tuple[str, bytes]] = {}
        self.sent: set[str] = set()
        self.contradictions: list[str] = []

    def note(self, key: str, decision_id: str, answer: bytes) -> None:
        """Note an answer; a second one under the same key has to be the same."""
        self.sent.add(key)
        if self.told.setdefault(key, (decision_id, answer)) != (decision_id, answer):
            self.contradictions.append(f"{key} was answered in two ways")

    @property
    def decision_ids(self) -> set[str]:
        """The decisions that clients know of."""
        return {decision_id for decision_id, _ in self.told.values()}


def complaints(
    location: Location,
    keys: KeyProvider,
    ledger: Ledger,
    *,
    public_keys: Mapping[str, bytes] | None = None,
) -> list[str]:
    """All that the store broke of its promise; empty when every answer stands.

    An answer stands when its decision is in the store, with the very bytes that were told, as the
    only one under its key, in a chain whose every hash follows from the record before it. The chains are
    checked here and by the product's own verification.
    """
    try:
        stored = everything(location)
    except RecordStoreUnavailable as error:
        return [f"the store cannot be read: {error}", *ledger.decision_ids]
    answers, decided = _opened(location, keys, stored)
    return [
        *ledger.contradictions,
        *(
            f"{key} is decided {n} times"
            for key, n in decided.items()
            if n > 1 and key in ledger.sent
        ),
        *(
            f"{key}: {'other bytes' if decision_id in answers else 'no decision'} in the store"
            for key, (decision_id, answer) in ledger.told.items()
            if answers.get(decision_id) != answer
        ),
        *(f"{decision_id} breaks its chain" for decision_id in broken_links(stored)),
        *(
            f"verification: {found.message}"
            for found in verify(location, public_keys or {}, workers=1).findings
        ),
    ]


def untold(location: Location, ledger: Ledger) -> set[str]:
    """Decisions in the store that no client was told of."""
    return {record.decision_id for record in everything(location)} - ledger.decision_ids


def _opened(
    location: Location, keys: KeyProvider, stored: list[StoredRecord]
) -> tuple[dict[str, bytes], Counter[str]]:
    """Give the stored answer by decision, and how many decisions each key has."""
    answers: dict[str, bytes] = {}
    decided: Counter[str] = Counter()
    with RecordReader(location, keys) as reader:
        for start in range(0, len(stored), PAGE):
            page = stored[start : start + PAGE]
            for record, sealed in zip(page, reader.open_many(page), strict=True):
                if sealed is None:
                    continue
                answers[record.decision_id] = sealed.answer
                decided[sealed.application_id] += 1
                named = msgspec.json.decode(sealed.answer)["decision_id"]
                if named != record.decision_id:
                    answers[record.decision_id] = b"the answer names another decision"
    return answers, decided
