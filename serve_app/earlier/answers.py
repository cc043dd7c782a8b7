"""What earlier systems answered: other names, rounded scores, other words for the decision."""

from __future__ import annotations

import msgspec

from credit.decision.score import Answer
from credit.records import RecordReader
from credit.records.lineage.predictions import newest_predictions
from credit.records.reading.selection import Period

DECISIONS = {"approve": "approve", "review": "manual review", "decline": "reject"}

_answer = msgspec.json.Decoder(Answer)


class EarlierAnswer(msgspec.Struct, frozen=True):
    """The answer of ``/predict``.

    Attributes
    ----------
    probability
        Of default.
    credit_score
        Rounded to a whole number.
    decision
        ``approve``, ``manual review`` or ``reject``.
    """

    decision_id: str | None
    probability: float
    risk_level: str
    credit_score: int
    rating: str
    decision: str


class LoggedPrediction(msgspec.Struct, frozen=True):
    """One line of ``/logs``: nothing in it is about a person."""

    decision_id: str
    timestamp: str
    probability: float
    credit_score: int
    rating: str
    decision: str


class PredictionLog(msgspec.Struct, frozen=True):
    """The answer of ``/logs``, newest first."""

    logs: list[LoggedPrediction]
    limit: int
    offset: int


def earlier_answer(recorded: bytes) -> EarlierAnswer:
    """Put a recorded answer into earlier words: the same record gives the same words every time."""
    told = _answer.decode(recorded)
    return EarlierAnswer(
        decision_id=told.decision_id,
        probability=told.probability_of_default,
        risk_level=told.risk_level,
        credit_score=round(told.score),
        rating=told.rating,
        decision=DECISIONS[told.decision],
    )


def prediction_log(reader: RecordReader, tenant: str, limit: int, offset: int) -> bytes:
    """List the latest decisions of a tenant, whatever route they were made on; as JSON."""
    rows = newest_predictions(reader, Period(), limit, tenant=tenant, opened=False, offset=offset)
    logs = [
        LoggedPrediction(
            decision_id=row.decision_id,
            timestamp=row.timestamp,
            probability=row.default_probability,
            credit_score=round(row.credit_score),
            rating=row.rating,
            decision=DECISIONS[row.decision],
        )
        for row in rows
    ]
    return msgspec.json.encode(PredictionLog(logs, limit, offset))
