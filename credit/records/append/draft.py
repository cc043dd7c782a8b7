"""Do before the lock what nearly always holds under it.

On SQLite writers wait for one another, so each microsecond of a transaction is everybody's. Making
keys, sealing and hashing need no database, only assumptions: that every record wins its idempotency
key, and that the keys of subjects are what they were a moment ago. Under the lock a drafted row is taken
as long as its assumptions held; from the first that did not, rows are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from credit.errors import KeyUnavailable
from credit.records.append.link import link
from credit.records.append.prepare import Prepared
from credit.records.append.subjects import find_keys
from credit.records.ids import time_ordered_id
from credit.records.proof.chain import ChainHead
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys, WrappedKey
from credit.records.store.bulk import Row


@dataclass(frozen=True, slots=True)
class DraftedRow:
    """A row that is right if it follows on `after` and its subject's key is `key_id`."""

    after: ChainHead
    key_id: str
    row: Row
    head: ChainHead


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch as it will probably be written; nothing in it is binding.

    Attributes
    ----------
    new_keys
        A key, and the subject it belongs to, for each applicant who seems to be new.
    """

    rows: Mapping[Prepared, DraftedRow] = field(default_factory=dict)
    new_keys: Mapping[Prepared, tuple[SubjectKey, WrappedKey]] = field(default_factory=dict)


def draft_batch(
    connection: Connection, batch: Sequence[Prepared], head: ChainHead, keys: SubjectKeys
) -> Draft:
    """Draft `batch` behind `head`, reading outside of any transaction."""
    applicants = list({who for item in batch if (who := item.applicant_digest) is not None})
    known = _open(find_keys(connection, applicants), keys)
    made: dict[bytes, SubjectKey] = {}
    rows: dict[Prepared, DraftedRow] = {}
    new_keys: dict[Prepared, tuple[SubjectKey, WrappedKey]] = {}
    for item in batch:
        who = item.applicant_digest
        key = None if who is None else known.get(who) or made.get(who)
        if key is None:
            key, wrapped = keys.make(time_ordered_id())
            new_keys[item] = (key, wrapped)
            if who is not None:
                made[who] = key
        row, after = link(item, key, head)
        rows[item] = DraftedRow(after=head, key_id=key.key_id, row=row, head=after)
        head = after
    return Draft(rows, new_keys)


def _open(found: Sequence[tuple[bytes, WrappedKey]], keys: SubjectKeys) -> dict[bytes, SubjectKey]:
    opened = {}
    for who, stored in found:
        try:
            opened[who] = keys.unwrap(stored)
        except KeyUnavailable:
            continue  # is told under the lock, to the one it concerns
    return opened
