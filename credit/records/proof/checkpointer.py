"""Make a checkpoint whenever there is something new to sign, and publish it outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection, Engine, insert

from credit.errors import AnchorUnavailable, RecordsNotProven, RecordStoreUnavailable
from credit.records.proof.anchored import forked
from credit.records.proof.anchors import Anchor
from credit.records.proof.chain import ChainHead
from credit.records.proof.checkpoints import SignedHeads, body_of, checkpoints_after, last_number
from credit.records.proof.heads import hash_at, last_tombstone, read_heads
from credit.records.proof.signed import SignedEntry
from credit.records.proof.signing import Signer
from credit.records.store.engine import STORE_ERRORS, begin_alone, cause_of
from credit.records.store.location import Location, name_of
from credit.records.store.opening import StoreMissing, open_store
from credit.records.store.schema import checkpoints

_AT_ONCE = 100
_ADVICE = "Nothing was signed; run: credit records verify"


class Checkpointer:
    """Signs the ends of all chains; for one instance of a scheduled consumer, about once a minute.

    Two at once do no harm: numbers are given out alone. The first `step` reads all checkpoints, later
    ones what is new. Holds no connection between steps. Not safe to share between threads.

    Parameters
    ----------
    location
        The record store.
    signer
        What signs.
    anchors
        Where checkpoints are published. Without any, who can write the database and has the signing key
        could replace its whole history.
    clock
        The time that checkpoints carry, UTC.
    """

    def __init__(
        self,
        location: Location,
        signer: Signer,
        anchors: Sequence[Anchor],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._location = location
        self._signer = signer
        self._anchors = tuple(anchors)
        self._clock = clock
        self._signed = SignedHeads()

    def step(self) -> SignedEntry | None:
        """Sign what is new, then publish what is not outside yet.

        A checkpoint that a crash kept from its anchor is published by the next step.

        Returns
        -------
        The new checkpoint; None when nothing has changed since the last one.

        Raises
        ------
        RecordsNotProven
            The store is not what was signed or published before. Nothing more is signed then: a
            signature over it would make it look right.
        AnchorUnavailable
            An anchor does not answer; the checkpoint is in the store.
        RecordStoreUnavailable, KeyUnavailable
            The store, or the signing key, cannot be used.
        """
        try:
            open_store(self._location, read_only=True).dispose()
        except StoreMissing:
            return None  # and it is not for us to make one
        engine = open_store(self._location)
        try:
            return self._step(engine)
        except STORE_ERRORS as error:
            self._signed = SignedHeads()
            raise RecordStoreUnavailable(
                f"No checkpoint of {name_of(self._location)} was made ({cause_of(error)}); check the database; "
                "the next step tries again."
            ) from error
        except BaseException:
            # What is remembered may be ahead of the store: read it anew.
            self._signed = SignedHeads()
            raise
        finally:
            engine.dispose()

    def _step(self, engine: Engine) -> SignedEntry | None:
        unreachable = self._compare_with_anchors(engine)
        made = self._make(engine)
        for anchor in self._anchors:
            if anchor.name not in unreachable:
                try:
                    _publish(engine, anchor)
                except AnchorUnavailable as error:
                    unreachable[anchor.name] = error
        if unreachable:
            raise next(iter(unreachable.values()))
        return made

    def _compare_with_anchors(self, engine: Engine) -> dict[str, AnchorUnavailable]:
        """Refuse a store that is behind an anchor, before its numbers are given out a second time."""
        unreachable = {}
        for anchor in self._anchors:
            try:
                outside = anchor.last()
            except AnchorUnavailable as error:
                unreachable[anchor.name] = error
                continue
            if outside is not None:
                with engine.begin() as connection:
                    _compare(connection, anchor.name, outside)
        return unreachable

    def _make(self, engine: Engine) -> SignedEntry | None:
        while True:
            with engine.begin() as connection:
                self._catch_up(connection)
                heads, tombstones = read_heads(connection), last_tombstone(connection)
                moved = self._signed.moved(heads)
                self._refuse_rewritten(connection, heads, moved, tombstones)
            if not moved and tombstones == self._signed.tombstones:
                return None
            # Signed before the lock is taken: a key management service may take its time.
            before = self._signed.number
            made = self._signed.next_checkpoint(
                moved, tombstones, signer=self._signer, created_at=self._clock()
            )
            with begin_alone(engine) as connection:
                if last_number(connection) == before:
                    connection.execute(insert(checkpoints).values(**_row(made)))
                    return made
            self._signed = SignedHeads()  # another instance was faster

    def _catch_up(self, connection: Connection) -> None:
        for entry in checkpoints_after(connection, self._signed.number):
            body = body_of(entry)
            follows = body is not None and (entry.number, body.previous) == (
                self._signed.number + 1,
                self._signed.hash.hex(),
            )
            if body is None or not follows or self._signed.follow(entry, body) is not None:
                raise RecordsNotProven(
                    f"Checkpoint {entry.number} of {name_of(self._location)} does not follow from the one "
                    f"before it: it was changed, or one was removed. {_ADVICE}"
                )

    def _refuse_rewritten(
        self,
        connection: Connection,
        heads: Mapping[str, ChainHead],
        moved: Sequence[ChainHead],
        tombstones: tuple[int, bytes],
    ) -> None:
        """Refuse to go on when what was signed is not there any more."""
        for writer, (sequence, _) in self._signed.heads.items():
            if writer not in heads or heads[writer].sequence < sequence:
                raise RecordsNotProven(
                    f"Checkpoint {self._signed.number} signed {sequence} records of the chain {writer}, and "
                    f"fewer are there. {_ADVICE}"
                )
        for head in moved:
            if (signed := self._signed.heads.get(head.writer)) is not None:
                sequence, hash_ = signed
                if hash_at(connection, head.writer, sequence) != hash_:
                    raise RecordsNotProven(
                        f"Record {sequence} of the chain {head.writer} is not the one that was signed. "
                        f"{_ADVICE}"
                    )
        number, hash_ = self._signed.tombstones
        if tombstones[0] < number or (tombstones[0] == number and tombstones[1] != hash_):
            raise RecordsNotProven(
                f"Tombstone {number} was signed, and is not there as it was. {_ADVICE}"
            )


def _publish(engine: Engine, anchor: Anchor) -> None:
    """Publish what an anchor does not have yet, oldest first."""
    outside = anchor.last()
    number = 0 if outside is None else outside.number
    # A few at a time, because no transaction may stay open while a distant place answers.
    while entries := _some_after(engine, number):
        for entry in entries:
            anchor.publish(entry)
        number = entries[-1].number


def _some_after(engine: Engine, number: int) -> list[SignedEntry]:
    with engine.begin() as connection:
        return list(islice(checkpoints_after(connection, number), _AT_ONCE))


def _compare(connection: Connection, name: str, outside: SignedEntry) -> None:
    """Refuse a store that is another one than an anchor knows, or an older state of it."""
    here = next(
        checkpoints_after(connection, outside.number - 1, up_to=outside.number),
        None,
    )
    if here is None:
        raise RecordsNotProven(
            f"The anchor {name} knows checkpoint {outside.number}, the store ends with "
            f"{last_number(connection)}: it was restored from an old backup, or cut. Restore a newer one; if "
            "there is none, keep the anchor as evidence and set CREDIT_ANCHOR to a new place."
        )
    if here != outside:
        raise forked(name, outside.number)


def _row(entry: SignedEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "body": entry.body,
        "hash": entry.hash,
        "signature": entry.signature,
        "signing_key_id": entry.signing_key_id,
    }
