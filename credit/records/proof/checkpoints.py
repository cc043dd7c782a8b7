"""Signed checkpoints: one signature over where every chain ends.

A chain proves that nothing inside it was changed; that nothing was cut off its end, and that it was
not written anew as a whole, only a signature over its end proves. A checkpoint signs all ends at
once. Each names the hash of the one before, so checkpoints are a chain themselves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, select

from credit.records.framing import frame
from credit.records.proof.chain import GENESIS, ChainHead
from credit.records.proof.merkle import MerkleTree
from credit.records.proof.signed import (
    SignedEntry,
    canonical_json,
    entry_of,
    sign_entry,
    signed_hash,
)
from credit.records.proof.signing import Signer
from credit.records.store.schema import checkpoints

FORMAT = "credit-checkpoint/1"
_PAGE = 500
_AFTER = (
    select(checkpoints)
    .where(checkpoints.c.number > bindparam("after"), checkpoints.c.number <= bindparam("up_to"))
    .order_by(checkpoints.c.number)
    .limit(_PAGE)
)
_LAST = select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)


class CheckpointBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says; hashes are hexadecimal.

    Attributes
    ----------
    created_at
        UTC, ISO 8601.
    previous
        Hash of the checkpoint before; zeros for the first.
    changed
        Writer, sequence and hash of every head that moved since the checkpoint before, sorted by writer.
        Chains add up over years (each start of a writer begins one), so not all are listed: replaying
        all checkpoints gives all heads.
    n_chains, n_records
        Of all heads, not only of `changed`.
    tombstones
        Number and hash of the last tombstone; 0 and zeros when there is none.
    root
        Merkle root over all heads, sorted by writer, and the last tombstone behind them.
    """

    format: str
    number: int
    created_at: str
    previous: str
    changed: list[tuple[str, int, str]]
    n_chains: int
    n_records: int
    tombstones: tuple[int, str]
    root: str


decode_body = msgspec.json.Decoder(CheckpointBody).decode


class SignedHeads:
    """All heads as of one checkpoint, which the next one continues.

    Attributes
    ----------
    number, hash
        The checkpoint; 0 and `GENESIS` before the first.
    heads
        Sequence and hash by writer.
    tombstones
        Number and hash of the last tombstone.
    n_records
        Of all chains together, which count from 1.
    """

    def __init__(self) -> None:
        self.number = 0
        self.hash = GENESIS
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.tombstones = (0, GENESIS)
        self.n_records = 0
        self._writers: list[str] = []
        self._tree = MerkleTree([tombstone_leaf(0, GENESIS)])

    @property
    def root(self) -> bytes:
        """Merkle root over the leaves of all heads and the last tombstone."""
        return self._tree.root

    def moved(self, heads: Mapping[str, ChainHead]) -> list[ChainHead]:
        """Give those of `heads` that are not signed yet, sorted by writer."""
        new = [h for h in heads.values() if self.heads.get(h.writer) != (h.sequence, h.hash)]
        return sorted(new, key=lambda head: head.writer)

    def set_head(self, writer: str, sequence: int, hash_: bytes) -> None:
        """Move the head of one chain, or begin one."""
        leaf = head_leaf(writer, sequence, hash_)
        place = bisect_left(self._writers, writer)
        if writer in self.heads:
            self._tree.replace(place, leaf)
        else:
            self._writers.insert(place, writer)
            self._tree.insert(place, leaf)
        self.n_records += sequence - self.heads.get(writer, (0, GENESIS))[0]
        self.heads[writer] = (sequence, hash_)

    def set_tombstones(self, number: int, hash_: bytes) -> None:
        """Move the end of the tombstones."""
        self.tombstones = (number, hash_)
        self._tree.replace(len(self._writers), tombstone_leaf(number, hash_))

    def follow(self, entry: SignedEntry, body: CheckpointBody) -> str | None:
        """Take over what a checkpoint says; returns what in it does not add up, or None."""
        backwards = any(
            sequence <= self.heads.get(writer, (0, GENESIS))[0]
            for writer, sequence, _ in body.changed
        )
        for writer, sequence, hash_ in body.changed:
            self.set_head(writer, sequence, bytes.fromhex(hash_))
        self.set_tombstones(body.tombstones[0], bytes.fromhex(body.tombstones[1]))
        self.number, self.hash = entry.number, entry.hash
        if backwards:
            return "it moves the end of a chain backwards"
        if (body.n_chains, body.n_records) != (len(self.heads), self.n_records):
            return "it counts other chains or records than its lists give"
        return None if body.root == self.root.hex() else "its root is not that of its heads"

    def next_checkpoint(
        self,
        moved: list[ChainHead],
        tombstones: tuple[int, bytes],
        *,
        signer: Signer,
        created_at: datetime,
    ) -> SignedEntry:
        """Move to new heads and sign them; what is returned is not stored yet."""
        for head in moved:
            self.set_head(head.writer, head.sequence, head.hash)
        self.set_tombstones(*tombstones)
        body = CheckpointBody(
            format=FORMAT,
            number=self.number + 1,
            created_at=created_at.isoformat(timespec="microseconds"),
            previous=self.hash.hex(),
            changed=[(head.writer, head.sequence, head.hash.hex()) for head in moved],
            n_chains=len(self.heads),
            n_records=self.n_records,
            tombstones=(tombstones[0], tombstones[1].hex()),
            root=self.root.hex(),
        )
        made = sign_entry(body.number, FORMAT, canonical_json(body), signer)
        self.number, self.hash = made.number, made.hash
        return made


def head_leaf(writer: str, sequence: int, hash_: bytes) -> bytes:
    """Content of the leaf of one chain."""
    return frame(b"chain", writer.encode(), sequence.to_bytes(8, "big"), hash_)


def tombstone_leaf(number: int, hash_: bytes) -> bytes:
    """Content of the leaf of the tombstones, which is the last one."""
    return frame(b"tombstones", number.to_bytes(8, "big"), hash_)


def body_of(entry: SignedEntry) -> CheckpointBody | None:
    """Read the body of a checkpoint; None when it is not what was hashed, or none at all."""
    if signed_hash(FORMAT, entry.body) != entry.hash:
        return None
    try:
        body = decode_body(entry.body)
        for _, sequence, hash_ in (*body.changed, ("", *body.tombstones)):
            sequence.to_bytes(8, "big")
            bytes.fromhex(hash_)
    except (ValueError, OverflowError):
        return None
    return body if (body.format, body.number) == (FORMAT, entry.number) else None


def last_number(connection: Connection) -> int:
    """Number of the last checkpoint of the store; 0 when there is none."""
    found = next(iter(connection.execute(_LAST)), None)
    return 0 if found is None else entry_of(found._asdict()).number


def checkpoints_after(
    connection: Connection, number: int, *, up_to: int | None = None
) -> Iterator[SignedEntry]:
    """Read the checkpoints behind `number`, in order, a page at a time."""
    end = last_number(connection) if up_to is None else up_to
    while number < end:
        rows = connection.execute(_AFTER, {"after": number, "up_to": end}).all()
        for row in rows:
            yield entry_of(row._asdict())
        if not rows:
            return
        number = rows[-1].number
