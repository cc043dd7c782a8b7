"""Decisions as the service records them, made without the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from credit.decision import Bundle
from credit.decision.score import Answer
from credit.decision.scorer import answer, compose
from credit.records import NewRecord, RecordWriter, new_decision_id
from serve_app.recording import decision_record
from serve_app.scoring import Scored
from tests.loanbook import application


def decided(
    bundle: Bundle, row: Mapping[str, Any], *, shap_values: bool = False, tenant: str = "default"
) -> NewRecord:
    """Score as the nodes do, and build the record as the gateway does."""
    asked = bundle.validator.application(row)
    own = bundle.answering(asked)
    vector = own.transform.row(asked.values)
    explanation = own.explainer.explain(vector)
    scored = compose(own, asked, own.model.margin(vector), explanation)
    told: Answer = answer(
        own,
        asked,
        scored,
        arm="challenger",
        generation=3,
        decision_id=new_decision_id(),
        with_shap_values=shap_values,
    )
    return decision_record(
        own,
        asked,
        Scored(own, scored, vector, explanation.engine, {"transform": 20}, False),
        told,
        slot=17,
        latency_us={"answer": 900},
        tenant=tenant,
        route="/v1/score",
        idempotency_key=None,
    )


def write(writer: RecordWriter, records: Iterable[NewRecord]) -> list[str]:
    """Append records, a queue full at a time; returns their ids."""
    ids = []
    waiting = []
    for record in records:
        ids.append(record.decision_id)
        waiting.append(writer.append(record))
        if len(waiting) == 500:
            for receipt in waiting:
                receipt.result(60)
            waiting = []
    for receipt in waiting:
        receipt.result(60)
    return ids


def applicants(n: int, *, seed: int) -> Iterable[dict[str, Any]]:
    """Draw applications over the whole of what the contract accepts, gaps and codes included."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        coded = rng.random() < 0.05
        counts = [98] * 3 if coded else [int(c) for c in rng.poisson(0.4, 3)]
        income = None if rng.random() < 0.2 else round(float(rng.lognormal(8.6, 0.8)), 2)
        yield application(
            application_id=f"A-{seed}-{i}",
            applicant_id=None if rng.random() < 0.1 else f"P-{seed}-{i % 200}",
            as_of="2026-02-28" if rng.random() < 0.5 else None,
            revolving_utilization=float(rng.beta(0.6, 1.2)),
            age=int(rng.integers(21, 90)),
            past_due_30_59=counts[0],
            past_due_60_89=counts[1],
            past_due_90=counts[2],
            debt_ratio=float(rng.lognormal(-1, 1)),
            monthly_income=income,
            open_credit_lines=int(rng.integers(0, 30)),
            real_estate_loans=int(rng.integers(0, 5)),
            dependents=None if rng.random() < 0.1 else int(rng.integers(0, 6)),
        )
