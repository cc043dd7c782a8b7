"""Score the parts of a file through a running service."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from cluster.scoring.answers_table import answers_table
from cluster.scoring.job import Form
from cluster.scoring.refusals import refusal_of, refusals_of
from cluster.scoring.worker import ScoredPart, frame_of
from credit.contract import Application, Contract
from credit.contract.rows import check_rows
from credit.data.parts import Part
from credit.decision.score import Answer
from credit.errors import ApplicationInvalid
from serve_app.client import ScoringClient

CONCURRENT_REQUESTS = 8


def score_parts_remotely(
    parts: Iterator[Part],
    contract: Contract,
    client: ScoringClient,
    *,
    form: Form,
    shap_values: bool,
) -> Iterator[ScoredPart]:
    """Score the good rows of parts, several requests at a time, answers in the order of the rows.

    Raises
    ------
    ServiceUnavailable
        When the service does not answer, or cannot decide.
    """
    encoder = msgspec.json.Encoder()
    names = contract.feature_names if shap_values else ()

    def ask(application: Application) -> Answer | ApplicationInvalid:
        try:
            return client.score(as_sent(application, contract), shap_values=shap_values)
        except ApplicationInvalid as error:
            return error

    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        for part in parts:
            checked = check_rows(frame_of(part, contract), contract)
            refusals = refusals_of(part, checked)
            numbers = part.numbers[checked.places].tolist()
            answers = []
            for number, told in zip(numbers, pool.map(ask, checked.applications), strict=True):
                if isinstance(told, ApplicationInvalid):
                    refusals += [refusal_of(failure, number) for failure in told.failures]
                else:
                    answers.append(told)
            yield ScoredPart(
                content=encoder.encode_lines(answers)
                if form == "lines"
                else answers_table(answers, names),
                n_rows=part.n_rows,
                n_scored=len(answers),
                n_replayed=0,
                refusals=refusals,
                share_read=part.share_read,
            )


def as_sent(application: Application, contract: Contract) -> dict[str, Any]:
    """Turn an application into what a client sends: whole numbers as such, missing ones as null."""
    values = {
        column.name: column.plain(value)
        for column, value in zip(contract.inputs, application.values, strict=True)
    }
    consents: dict[str, Any] = {}
    if contract.consents:
        withheld = application.withheld
        consents["consents"] = [name for name in contract.consent_sources if name not in withheld]
    return {
        "application_id": application.application_id,
        "applicant_id": application.applicant_id,
        **consents,
        **values,
    }
