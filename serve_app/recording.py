"""What the record of one decision holds."""

from __future__ import annotations

import datetime
from typing import Any, Protocol

import msgspec

from credit.contract import Application
from credit.decision import Bundle, Score
from credit.decision.fingerprint import ENGINE_VERSION, fingerprint
from credit.decision.score import Answer
from credit.records import ClearPart, NewRecord, SealedPart


class Scored(Protocol):
    """What the nodes of the graph found, or a batch without them."""

    @property
    def score(self) -> Score:
        """The score."""
        ...

    @property
    def vector(self) -> tuple[float, ...]:
        """The vector that it was made from."""
        ...

    @property
    def explained_by(self) -> str:
        """Name of the engine that explained it."""
        ...


def decision_record(
    bundle: Bundle,
    application: Application,
    scored: Scored,
    told: Answer,
    *,
    slot: int | None,
    latency_us: dict[str, int],
    tenant: str,
    route: str,
    idempotency_key: str | None,
) -> NewRecord:
    """Put everything that a replay, an audit or a monitor will ask for into one record.

    Parameters
    ----------
    told
        The answer as the client will get it; its bytes are kept.
    slot
        Assignment slot, None outside the experiment.
    """
    now = datetime.datetime.now(datetime.UTC)
    return NewRecord(
        tenant=tenant,
        route=route,
        idempotency_key=idempotency_key,
        canonical_body=msgspec.json.encode(application),
        decision_id=str(told.decision_id),
        clear=ClearPart(
            created_at=now.isoformat(timespec="microseconds"),
            contract=bundle.contract.product,
            contract_version=bundle.contract.version,
            bundle=told.bundle,
            generation=told.generation,
            arm=told.arm,
            slot=slot,
            model=told.model,
            engine=f"scorer/{ENGINE_VERSION} {scored.explained_by}",
            fingerprint=fingerprint(),
            probability_of_default=told.probability_of_default,
            score=told.score,
            rating=told.rating,
            risk_level=told.risk_level,
            decision=told.decision,
            reason_codes=[reason.code for reason in told.reason_codes],
            policy_version=bundle.contract.policy.version,
            latency_us=latency_us,
        ),
        sealed=SealedPart(
            application_id=application.application_id,
            applicant_id=application.applicant_id,
            application=_as_received(bundle, application),
            features=list(scored.vector),
            shap_values=list(scored.score.shap_values),
            answer=msgspec.json.encode(told),
        ),
    )


def _as_received(bundle: Bundle, application: Application) -> dict[str, Any]:
    values = {
        column.name: column.plain(value)
        for column, value in zip(bundle.contract.inputs, application.values, strict=True)
    }
    consents = {}
    if bundle.contract.consents:
        sources = bundle.contract.consent_sources
        consents["consents"] = [name for name in sources if name not in application.withheld]
    return {**values, "as_of": application.as_of, **consents}
