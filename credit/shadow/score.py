"""Score recorded applications with another bundle than the one that answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from credit.contract.application import Application
from credit.decision.batch import score_many
from credit.decision.bundle import Bundle
from credit.decision.score import Score
from credit.errors import (
    BundleIncompatible,
    ExplanationInconsistent,
    InvalidInput,
    RecordStoreUnavailable,
)
from credit.records import ClearPart, RecordReader, SealedPart, StoredRecord
from credit.records.replay.replay import received

DigestOf = Callable[[str], str | None]
"""Digest of the contract of a bundle, by the hash of the bundle; None where it is not known here."""


class Unscored(StrEnum):
    """Why a record has no shadow score.

    ``erased`` and ``restricted``: its subject asked for it, and nobody may open it. ``unreadable``: its
    sealed part does not open. ``other_product``: the log holds another product, too. ``other_contract``:
    it was decided under another contract than the bundle's. ``not_scorable``: the bundle cannot score it,
    such as without a source that the applicant withheld.
    """

    ERASED = "erased"
    RESTRICTED = "restricted"
    UNREADABLE = "unreadable"
    OTHER_PRODUCT = "other_product"
    OTHER_CONTRACT = "other_contract"
    NOT_SCORABLE = "not_scorable"


class ShadowScore(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered, and what the shadow says: nothing that the clear part of a record would not hold.

    Attributes
    ----------
    slot
        None outside the experiment.
    answered_pd, shadow_pd
        Probabilities of default, unrounded.
    answered_reasons, shadow_reasons
        Codes, most adverse first.
    """

    commit_xid: int
    position: int
    decision_id: str
    subject_ref: str
    created_at: str
    generation: int
    arm: str
    slot: int | None
    bundle: str
    answered_pd: float
    answered_score: float
    answered_decision: str
    answered_reasons: tuple[str, ...]
    shadow_pd: float
    shadow_score: float
    shadow_decision: str
    shadow_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """What came of some records.

    Attributes
    ----------
    scores
        In the order of the records.
    unscored
        How many have none, and why.
    note
        The sentence that refused the first record of another contract; empty when none was.
    """

    scores: list[ShadowScore]
    unscored: Counter[Unscored] = field(default_factory=Counter)
    note: str = ""


def _not_known(hash_: str) -> str | None:
    return None


def score_records(
    reader: RecordReader,
    bundle: Bundle,
    records: Sequence[StoredRecord],
    digest_of: DigestOf = _not_known,
) -> ShadowPage:
    """Score records; each is scored or counted.

    Parameters
    ----------
    reader
        With keys, of the store that the records were read from.
    digest_of
        Where it knows the contract that a record was decided under, that contract must be the bundle's;
        otherwise product and version must agree, and the bundle's contract must accept the application.

    Raises
    ------
    KeyUnavailable, RecordStoreUnavailable
        No record can be opened.
    """
    unscored: Counter[Unscored] = Counter()
    note = ""
    mine: list[StoredRecord] = []
    for record in records:
        if record.clear.contract != bundle.contract.product:
            unscored[Unscored.OTHER_PRODUCT] += 1
            continue
        try:
            require_same_contract(bundle, record.clear, digest_of(record.clear.bundle))
        except BundleIncompatible as refusal:
            unscored[Unscored.OTHER_CONTRACT] += 1
            note = note or str(refusal)
            continue
        mine.append(record)
    asked: list[tuple[StoredRecord, Application]] = []
    for record, part in zip(mine, _open(reader, mine), strict=True):
        application = part if isinstance(part, Unscored) else _application(bundle, part)
        if isinstance(application, Unscored):
            unscored[application] += 1
        else:
            asked.append((record, application))
    scored = list(_scored(bundle, asked))
    unscored[Unscored.NOT_SCORABLE] += len(asked) - len(scored)
    scores = sorted(scored, key=lambda score: (score.commit_xid, score.position))
    return ShadowPage(scores, +unscored, note)


def require_same_contract(bundle: Bundle, clear: ClearPart, digest: str | None = None) -> None:
    """Refuse a record that was decided under another contract than the bundle's.

    Another contract may ask for the same columns and mean something else by them, so columns that
    look alike are no reason to go on.

    Raises
    ------
    BundleIncompatible
        Naming both.
    """
    ours = bundle.contract
    if clear.contract != ours.product or clear.contract_version != ours.version:
        raise BundleIncompatible(
            f"bundle {bundle.hash[:12]} reads applications under contract {ours.product} version "
            f"{ours.version}, and these were decided under {clear.contract} version "
            f"{clear.contract_version}: retrain it on that contract, or leave them out with --since"
        )
    if digest is not None and digest != ours.digest():
        raise BundleIncompatible(
            f"bundle {bundle.hash[:12]} and bundle {clear.bundle[:12]}, which answered, were made with "
            f"different contracts that are both called {ours.product} version {ours.version}: retrain one "
            "of them on the contract of the other"
        )


def _open(reader: RecordReader, records: Sequence[StoredRecord]) -> list[SealedPart | Unscored]:
    try:
        parts: list[SealedPart | Unscored | None] = list(reader.open_many(records))
    except RecordStoreUnavailable:
        # One of them does not open; the others shall not suffer for it.
        parts = [_open_alone(reader, record) for record in records]
    closed = [record for record, part in zip(records, parts, strict=True) if part is None]
    why = {r.position: why for r, why in zip(closed, reader.why_closed(closed), strict=True)}
    return [
        # Closed when it was opened: whoever is gone by now was erased.
        Unscored(why[record.position] or Unscored.ERASED) if part is None else part
        for record, part in zip(records, parts, strict=True)
    ]


def _open_alone(reader: RecordReader, record: StoredRecord) -> SealedPart | Unscored | None:
    try:
        [part] = reader.open_many([record])
    except RecordStoreUnavailable:
        # Whether the store is gone or this record is broken: only the first fails again.
        reader.end()
        return Unscored.UNREADABLE
    return part


def _application(bundle: Bundle, part: SealedPart) -> Application | Unscored:
    try:
        application = received(bundle, part)
        bundle.answering(application)
    except InvalidInput:
        return Unscored.NOT_SCORABLE
    return application


def _scored(
    bundle: Bundle, asked: Sequence[tuple[StoredRecord, Application]]
) -> Iterator[ShadowScore]:
    """Score group by group: applicants who withhold a source are answered by a fallback."""
    groups: dict[str, list[tuple[StoredRecord, Application]]] = {}
    for record, application in asked:
        own = bundle.answering(application)
        groups.setdefault(own.hash, []).append((record, application))
    for group in groups.values():
        own = bundle.answering(group[0][1])
        for (record, _), score in zip(group, _together(own, [a for _, a in group]), strict=True):
            if score is not None:
                yield _joined(record, score)


def _together(bundle: Bundle, applications: Sequence[Application]) -> list[Score | None]:
    try:
        return list(score_many(bundle, bundle.explainer, applications).scores)
    except ExplanationInconsistent:
        if len(applications) == 1:
            return [None]
        # One whose reasons do not add up keeps nobody else from being scored.
        return [score for one in applications for score in _together(bundle, [one])]


def _joined(record: StoredRecord, score: Score) -> ShadowScore:
    clear = record.clear
    return ShadowScore(
        commit_xid=record.commit_xid,
        position=record.position,
        decision_id=record.decision_id,
        subject_ref=record.subject_ref,
        created_at=record.created_at,
        generation=clear.generation,
        arm=clear.arm,
        slot=clear.slot,
        bundle=clear.bundle,
        answered_pd=clear.probability_of_default,
        answered_score=clear.score,
        answered_decision=clear.decision,
        answered_reasons=tuple(clear.reason_codes),
        shadow_pd=score.probability_of_default,
        shadow_score=score.score,
        shadow_decision=score.decision,
        shadow_reasons=tuple(reason.code for reason in score.reason_codes),
    )
