"""Answers as columns, for CSV and Parquet."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from credit.decision.score import Answer
from credit.explain import MAXIMUM_REASONS, ReasonCode

_TEXTS = ("rating", "risk_level", "decision", "arm", "bundle", "model", "fallback")
_OF_A_REASON = {
    "": ("code", pa.string()),
    "_feature": ("feature", pa.string()),
    "_text": ("text", pa.string()),
    "_points": ("points", pa.float64()),
}


def answers_schema(shap_names: Sequence[str]) -> pa.Schema:
    """Columns of the table: those of an answer, four reasons side by side, and ``shap_`` each feature."""
    return pa.schema(
        [
            ("application_id", pa.string()),
            ("decision_id", pa.string()),
            ("probability_of_default", pa.float64()),
            ("score", pa.float64()),
            *((name, pa.string()) for name in _TEXTS),
            ("generation", pa.int64()),
            *(
                (f"reason_{i + 1}{ending}", kind)
                for i in range(MAXIMUM_REASONS)
                for ending, (_, kind) in _OF_A_REASON.items()
            ),
            *((f"shap_{name}", pa.float64()) for name in shap_names),
        ]
    )


def answers_table(answers: Sequence[Answer], shap_names: Sequence[str]) -> pa.RecordBatch:
    """Put answers into columns; empty where there is no further reason, or a fallback has not the feature."""
    columns: list[list[object]] = [
        [getattr(answer, name) for answer in answers]
        for name in (
            *("application_id", "decision_id", "probability_of_default", "score"),
            *(*_TEXTS, "generation"),
        )
    ]
    for i in range(MAXIMUM_REASONS):
        reasons = [_reason(answer, i) for answer in answers]
        columns += [
            [None if reason is None else getattr(reason, name) for reason in reasons]
            for name, _ in _OF_A_REASON.values()
        ]
    given = [answer.shap_values or {} for answer in answers]
    columns += [[values.get(name) for values in given] for name in shap_names]
    schema = answers_schema(shap_names)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _reason(answer: Answer, i: int) -> ReasonCode | None:
    return answer.reason_codes[i] if i < len(answer.reason_codes) else None
