"""Erase one person at somebody's request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from credit.records.erasure.destroy import Order, erase_or_restrict, judge, vectors_of
from credit.records.erasure.outcome import ErasureOutcome, Requester
from credit.records.erasure.policies import ProductKind, RetentionPolicy
from credit.records.erasure.samples import bundles_to_retrain, clean_samples
from credit.records.erasure.subject import SubjectName, find_subject
from credit.records.erasure.traces import remove_traces
from credit.records.proof.signing import Signer
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.opening import store_with_keys
from credit.records.store.engine import begin_alone
from credit.records.store.location import Location

NOTHING = ErasureOutcome(status="nothing")


def erase(
    location: Location,
    keys: KeyProvider,
    signer: Signer,
    *,
    tenant: str,
    applicant_id: str | None = None,
    subject_ref: str | None = None,
    decision_id: str | None = None,
    policy: RetentionPolicy,
    today: date,
    bundles: Sequence[Path],
    product_kind: ProductKind = "consumer",
    requested_by: Requester = "applicant",
) -> ErasureOutcome:
    """Destroy all keys of a subject and the mapping from its applicant, unless a law says to wait.

    While any record of the subject must be kept, the subject is restricted instead; `expire` erases it
    after that day. Rows of the subject are removed from drift references in both cases. A later
    decision on the same applicant belongs to a new subject. Blocking; running it again changes nothing.

    Parameters
    ----------
    applicant_id, subject_ref, decision_id
        Exactly one, to say who. After the erasure an applicant id leads nowhere.
    today
        The day that the periods of the policy are held against.
    bundles
        Folders below which bundles lie, and with them samples of people.
    product_kind
        Whom the credit was for; the policy may tell them apart.

    Raises
    ------
    ValueError
        None or several of the three names are given.
    RecordStoreUnavailable
        There is no store, or it cannot be read or written.
    KeyUnavailable
        The keys are not those of this store, or a key that is needed is missing; nothing was destroyed.
    RecordError, BundleCorrupt
        A sample cannot be searched; nothing was destroyed.
    """
    name = SubjectName(applicant_id=applicant_id, subject_ref=subject_ref, decision_id=decision_id)
    order = Order(policy=policy, product_kind=product_kind, today=today, requested_by=requested_by)
    with store_with_keys(location, keys) as engine:
        with engine.begin() as connection:
            subject = find_subject(connection, keys, tenant, name)
            if subject is None:
                return NOTHING
            if subject.erased_at is not None:
                return judge(connection, subject, order)
        vectors, n_unopened = vectors_of(engine, keys, [subject.subject_ref])
        samples = clean_samples(bundles, vectors)
        retrain = bundles_to_retrain(bundles, vectors)
        with begin_alone(engine) as connection:
            done = erase_or_restrict(connection, subject.subject_ref, order, signer)
        return replace(
            done,
            n_unopened=n_unopened,
            samples=samples,
            retrain=retrain,
            lingering=remove_traces(engine) if done.status == "erased" else (),
        )


def look(
    location: Location,
    keys: KeyProvider,
    *,
    tenant: str,
    name: SubjectName,
    policy: RetentionPolicy,
    today: date,
    product_kind: ProductKind = "consumer",
) -> ErasureOutcome:
    """Say what `erase` would do: status, day and counts. Nothing is changed.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        As `erase`.
    """
    order = Order(policy=policy, product_kind=product_kind, today=today, requested_by="applicant")
    with store_with_keys(location, keys) as engine, engine.begin() as connection:
        subject = find_subject(connection, keys, tenant, name)
        return NOTHING if subject is None else judge(connection, subject, order)
