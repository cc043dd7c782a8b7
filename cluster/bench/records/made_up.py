"""Records of a usual size, made up."""

from __future__ import annotations

import random

import msgspec

from credit.records import ClearPart, NewRecord, SealedPart, new_decision_id

N_COLUMNS, N_FEATURES, N_REASONS, N_DRAWN = 14, 24, 4, 64


class RecordMaker:
    """Makes records of different applicants; about 3 kB each in the store.

    Values are drawn once and used in turn, so that making a record costs next to nothing beside
    storing it.
    """

    def __init__(self, seed: int, *, name: str) -> None:
        draw = random.Random(seed)  # noqa: S311 - made-up numbers, not secrets
        self._drawn = [_draw(draw) for _ in range(N_DRAWN)]
        self._name = name
        self._made = 0

    def __call__(self) -> NewRecord:
        """Make the next one; applicant and idempotency key are new."""
        record = self._drawn[self._made % N_DRAWN]
        self._made += 1
        number = f"{self._name}-{self._made}"
        sealed = record.sealed
        return NewRecord(
            route=record.route,
            idempotency_key=f"key-{number}",
            canonical_body=record.canonical_body,
            decision_id=new_decision_id(),
            clear=record.clear,
            sealed=SealedPart(
                application_id=f"application-{number}",
                applicant_id=f"applicant-{number}",
                application=sealed.application,
                features=sealed.features,
                shap_values=sealed.shap_values,
                answer=sealed.answer,
            ),
        )


def _draw(draw: random.Random) -> NewRecord:
    application: dict[str, float | int | str | None] = {
        f"column_{i}": draw.randrange(10_000) / 7 for i in range(N_COLUMNS)
    }
    shap_values = [draw.gauss(0, 0.3) for _ in range(N_FEATURES)]
    probability = draw.random()
    answer = {
        "probability_of_default": probability,
        "reason_codes": [
            {
                "code": f"REASON_{i}",
                "text": "A sentence that tells why. " * 4,
                "points": draw.random(),
            }
            for i in range(N_REASONS)
        ],
        "shap_values": shap_values,
    }
    return NewRecord(
        route="/v1/score",
        idempotency_key=None,
        canonical_body=msgspec.json.encode(application),
        decision_id="",
        clear=_clear(probability),
        sealed=SealedPart(
            application_id="",
            applicant_id=None,
            application=application,
            features=[draw.random() * 1000 for _ in range(N_FEATURES)],
            shap_values=shap_values,
            answer=msgspec.json.encode(answer),
        ),
    )


def _clear(probability: float) -> ClearPart:
    return ClearPart(
        created_at="2026-01-01T00:00:00.000000+00:00",
        contract="bench",
        contract_version="1",
        bundle="b" * 64,
        generation=1,
        arm="champion",
        slot=17,
        model="lightgbm",
        engine="scorer/1 bench",
        fingerprint="f" * 64,
        probability_of_default=probability,
        score=600.0,
        rating="Good",
        risk_level="LOW",
        decision="approve",
        reason_codes=[f"REASON_{i}" for i in range(N_REASONS)],
        policy_version="1",
        latency_us={"validate": 10, "transform": 20, "score": 30, "explain": 40, "answer": 120},
    )
