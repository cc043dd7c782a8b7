"""Gather the story of one decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from credit.decision.bundle import Bundle
from credit.decision.score import Answer
from credit.errors import BundleError, DecisionUnknown
from credit.records.lineage.later import added_later
from credit.records.lineage.place import prove_place
from credit.records.lineage.story import (
    Asked,
    Contents,
    Decided,
    Made,
    Reason,
    Story,
    Subject,
)
from credit.records.reading.reader import RecordReader
from credit.records.reading.subject import SubjectState, subject_states
from credit.records.record import SealedPart, StoredRecord
from credit.records.replay.bundles import BundleFolder
from credit.records.store.location import Location


def find_decision(reader: RecordReader, tenant: str, decision_id: str) -> StoredRecord:
    """Find one decision of one tenant.

    Raises
    ------
    DecisionUnknown
        In the same words for an id that nobody has and for one that another tenant has.
    """
    record = reader.find(tenant, decision_id)
    if record is None:
        raise DecisionUnknown(
            f"Decision {decision_id} is not found for tenant {tenant}: expected the decision_id of an "
            "answer; check both."
        )
    return record


def tell_story(
    reader: RecordReader,
    bundles: BundleFolder,
    state: Location,
    *,
    tenant: str,
    decision_id: str,
    opened: bool,
    public_keys: Mapping[str, bytes] | None = None,
) -> Story:
    """Tell the story of one decision.

    Parameters
    ----------
    reader
        With keys when `opened`.
    state
        The database of reviews and outcomes.
    opened
        Whether to open the sealed part; one that may not be read is shown as such.
    public_keys
        Raw Ed25519 keys of checkpoint signers, by id.

    Raises
    ------
    DecisionUnknown
        This tenant has no decision of this id.
    KeyUnavailable, RecordStoreUnavailable
        The keys or the store cannot be used, or the sealed bytes were changed.
    """
    record = find_decision(reader, tenant, decision_id)
    subject = subject_states(reader, [record.subject_ref]).get(
        record.subject_ref, SubjectState(record.subject_ref, None, None, ())
    )
    part = reader.open_many([record])[0] if opened else None
    bundle, missing = _bundle(bundles, record.clear.bundle)
    clear = record.clear
    return Story(
        decision_id=record.decision_id,
        asked=Asked(
            tenant=record.tenant,
            route=record.route,
            arm=clear.arm,
            slot=clear.slot,
            generation=clear.generation,
            created_at=record.created_at,
            latency_us=clear.latency_us,
        ),
        contents=_contents(part, bundle, subject, opened=opened),
        made=_made(record, bundle, missing),
        decided=Decided(
            probability_of_default=clear.probability_of_default,
            score=clear.score,
            rating=clear.rating,
            risk_level=clear.risk_level,
            decision=clear.decision,
            reasons=_reasons(clear.reason_codes, part, bundle),
        ),
        reviews=added_later(state, "reviews", tenant=tenant, decision_id=decision_id),
        outcomes=added_later(state, "outcomes", tenant=tenant, decision_id=decision_id),
        proof=prove_place(reader, record, public_keys or {}),
        subject=Subject(
            subject_ref=subject.subject_ref,
            erased_at=subject.erased_at,
            restricted_until=subject.restricted_until,
            tombstones=subject.tombstones,
        ),
    )


def _bundle(bundles: BundleFolder, hash_: str) -> tuple[Bundle | None, str]:
    try:
        return bundles.get(hash_), ""
    except BundleError as error:
        return None, str(error)


def _contents(
    part: SealedPart | None, bundle: Bundle | None, subject: SubjectState, *, opened: bool
) -> Contents:
    if part is None:
        # Keys that are gone without a note are gone, too.
        state = "erased" if opened and subject.state == "sealed" else subject.state
        return Contents(state=state)
    return Contents(
        state="opened",
        application_id=part.application_id,
        applicant_id=part.applicant_id,
        application=dict(part.application),
        features=_by_name(part.features, bundle),
        shap_values=_by_name(part.shap_values, bundle),
    )


def _by_name(values: Sequence[float], bundle: Bundle | None) -> dict[str, float]:
    if bundle is None or len(bundle.contract.feature_names) != len(values):
        return {str(i): value for i, value in enumerate(values)}
    return dict(zip(bundle.contract.feature_names, values, strict=True))


def _made(record: StoredRecord, bundle: Bundle | None, missing: str) -> Made:
    clear = record.clear
    made = Made(
        contract=clear.contract,
        contract_version=clear.contract_version,
        bundle=clear.bundle,
        model=clear.model,
        policy_version=clear.policy_version,
        engine=clear.engine,
        fingerprint=clear.fingerprint,
        note=missing,
    )
    if bundle is None:
        return made
    return msgspec.structs.replace(
        made,
        data=bundle.manifest.data,
        contract_digest=bundle.manifest.contract,
        features=bundle.contract.feature_names,
        seed=bundle.manifest.seed,
        parameters=bundle.manifest.parameters,
        versions=bundle.manifest.versions,
        calibration=type(bundle.calibrator).__name__.lower(),
        cutoff=bundle.contract.policy.cutoff,
    )


def _reasons(
    codes: Sequence[str], part: SealedPart | None, bundle: Bundle | None
) -> tuple[Reason, ...]:
    if part is not None:
        try:
            told = msgspec.json.decode(part.answer, type=Answer)
        except ValueError:
            pass  # an answer in other words: the codes are in the clear part
        else:
            return tuple(
                Reason(code=r.code, text=r.text, points=r.points) for r in told.reason_codes
            )
    texts = {} if bundle is None else bundle.contract.reason_texts
    return tuple(Reason(code=code, text=texts.get(code)) for code in codes)
