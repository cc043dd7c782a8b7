"""Seal one record and link it to the one before."""

from __future__ import annotations

import os

from credit.records.append.prepare import Prepared
from credit.records.proof.chain import ChainHead, record_hash
from credit.records.randomness import RandomBytes
from credit.records.sealing.cipher import encrypt
from credit.records.sealing.seal import sealed_aad
from credit.records.sealing.subjectkeys import SubjectKey
from credit.records.store.bulk import Row

COLUMNS = (
    *("tenant", "route", "decision_id", "writer", "sequence", "previous_hash", "hash"),
    *("subject_ref", "key_id", "created_at", "clear", "sealed"),
)
"""What the values of a row are, in order."""


def link(
    item: Prepared, sealing_key: SubjectKey, head: ChainHead, random_bytes: RandomBytes = os.urandom
) -> tuple[Row, ChainHead]:
    """Make the row of a record behind `head`; returns it with the new end of the chain."""
    record, sequence = item.record, head.sequence + 1
    sealed = encrypt(
        item.packed,
        sealing_key.key,
        sealed_aad(
            tenant=record.tenant,
            decision_id=record.decision_id,
            writer=head.writer,
            sequence=sequence,
        ),
        random_bytes,
    )
    hash_ = record_hash(
        head.hash,
        tenant=record.tenant,
        route=record.route,
        decision_id=record.decision_id,
        writer=head.writer,
        sequence=sequence,
        subject_ref=sealing_key.subject_ref,
        key_id=sealing_key.key_id,
        created_at=record.created_at,
        clear=record.clear,
        sealed=sealed,
    )
    row = (
        *(record.tenant, record.route, record.decision_id, head.writer, sequence, head.hash, hash_),
        *(sealing_key.subject_ref, sealing_key.key_id, record.created_at, record.clear, sealed),
    )
    return row, ChainHead(writer=head.writer, sequence=sequence, hash=hash_)
