"""Replay records: open, rebuild the application, score with the pinned bundle, compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from credit.contract.application import Application
from credit.decision.bundle import Bundle
from credit.decision.fingerprint import ENGINE_VERSION, LIBRARIES, fingerprint
from credit.decision.score import Answer
from credit.decision.scorer import answer, compose
from credit.errors import BundleError, CreditError, InvalidInput, RecordStoreUnavailable
from credit.records.reading.reader import RecordReader
from credit.records.record import SealedPart, StoredRecord
from credit.records.replay.bundles import BundleFolder
from credit.records.replay.compare import (
    answer_differences,
    clear_differences,
    vector_differences,
)
from credit.records.replay.environment import environment_note
from credit.records.replay.result import Difference, Outcome, ReplayResult

_PAGE = 500
_answers = msgspec.json.Decoder(Answer)


def replay_records(
    reader: RecordReader, bundles: BundleFolder, records: Iterable[StoredRecord]
) -> Iterator[ReplayResult]:
    """Replay each record; nothing that is wrong with one of them stops the others.

    Parameters
    ----------
    reader
        With keys, of the store that the records were read from.

    Raises
    ------
    KeyUnavailable
        The keys are missing or not those of the store: then no record can be replayed.
    """
    remaining = iter(records)
    while page := list(islice(remaining, _PAGE)):
        for record, opened in zip(page, _open(reader, page), strict=True):
            yield opened if isinstance(opened, ReplayResult) else _replay(record, opened, bundles)


def received(bundle: Bundle, part: SealedPart) -> Application:
    """Rebuild the application from what was received, consents and date included.

    Raises
    ------
    ApplicationInvalid
        The contract of the bundle, as it is read here, does not accept it.
    """
    row = {
        **part.application,
        "application_id": part.application_id,
        "applicant_id": part.applicant_id,
    }
    return bundle.validator.application(row)


def _open(reader: RecordReader, page: Sequence[StoredRecord]) -> list[SealedPart | ReplayResult]:
    try:
        parts: Sequence[SealedPart | ReplayResult | None] = reader.open_many(page)
    except RecordStoreUnavailable:
        # One of them does not open; the others shall not suffer for it.
        parts = [_open_alone(reader, record) for record in page]
    closed = [record for record, part in zip(page, parts, strict=True) if part is None]
    why = {r.decision_id: why for r, why in zip(closed, reader.why_closed(closed), strict=True)}
    return [
        ReplayResult(record.decision_id, Outcome(str(why[record.decision_id])))
        if part is None
        else part
        for record, part in zip(page, parts, strict=True)
    ]


def _open_alone(reader: RecordReader, record: StoredRecord) -> SealedPart | ReplayResult | None:
    try:
        [part] = reader.open_many([record])
    except RecordStoreUnavailable as error:
        return ReplayResult(record.decision_id, Outcome.UNREADABLE, note=str(error))
    return part


def _replay(record: StoredRecord, part: SealedPart, bundles: BundleFolder) -> ReplayResult:
    try:
        return _score_again(record, part, bundles.get(record.clear.bundle))
    except BundleError as error:
        note = f"cannot be replayed: {error}"
        return ReplayResult(record.decision_id, Outcome.BUNDLE_UNAVAILABLE, note=note)
    except InvalidInput as error:
        note = f"its application breaks the contract as it is read here: {error}"
        return ReplayResult(record.decision_id, Outcome.UNREADABLE, note=note)
    except CreditError as error:
        return ReplayResult(record.decision_id, Outcome.DIFFERENT, note=str(error))


def _score_again(record: StoredRecord, part: SealedPart, bundle: Bundle) -> ReplayResult:
    application = received(bundle, part)
    vector = bundle.transform.row(application.values)
    explanation = bundle.explainer.explain(vector)
    engine = f"scorer/{ENGINE_VERSION} {explanation.engine}"
    if gone := _gone(record.clear.engine, engine):
        return ReplayResult(record.decision_id, Outcome.ENGINE_UNAVAILABLE, note=gone)
    scored = compose(bundle, application, bundle.model.margin(vector), explanation)
    try:
        told = _answers.decode(part.answer)
    except ValueError:
        return ReplayResult(
            record.decision_id,
            Outcome.DIFFERENT,
            note="the recorded answer is none that this program gives",
        )
    again = answer(
        bundle,
        application,
        scored,
        arm=record.clear.arm,
        generation=record.clear.generation,
        decision_id=record.decision_id,
        with_shap_values=told.shap_values is not None,
    )
    clear = msgspec.structs.replace(
        record.clear,
        contract=bundle.contract.product,
        contract_version=bundle.contract.version,
        policy_version=bundle.contract.policy.version,
        model=again.model,
        probability_of_default=again.probability_of_default,
        score=again.score,
        rating=again.rating,
        risk_level=again.risk_level,
        decision=again.decision,
        reason_codes=[reason.code for reason in again.reason_codes],
    )
    names = bundle.contract.feature_names
    found = [
        *clear_differences(record.clear, clear),
        *vector_differences("features", part.features, vector, names),
        *vector_differences("shap_values", part.shap_values, scored.shap_values, names),
        *answer_differences(told, again),
    ]
    if not found and msgspec.json.encode(again) != part.answer:
        found = [Difference("answer: its bytes")]
    return _judge(record, bundle, found)


def _judge(record: StoredRecord, bundle: Bundle, found: list[Difference]) -> ReplayResult:
    if not found:
        return ReplayResult(record.decision_id, Outcome.IDENTICAL)
    elsewhere = record.clear.fingerprint != fingerprint()
    within = elsewhere and all(difference.within for difference in found)
    return ReplayResult(
        record.decision_id,
        Outcome.WITHIN if within else Outcome.DIFFERENT,
        tuple(found),
        environment_note(record.clear.fingerprint, bundle),
    )


def _gone(recorded: str, here: str) -> str:
    """Say which engine of a record is not here; a library's new version is only another environment."""
    for then, now in zip(recorded.split(" ", 1), here.split(" ", 1), strict=False):
        same_library = then.split("/")[0] == now.split("/")[0] in LIBRARIES
        if then != now and not same_library:
            return (
                f"cannot be replayed: it was made by {then}, this program has {now}; replay it with the "
                "version of this program that made it"
            )
    return ""
