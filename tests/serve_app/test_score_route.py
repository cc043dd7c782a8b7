"""``POST /v1/score``: one application in, one recorded decision out, with the promised fields."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import httpx
import msgspec
import pytest

from credit.contract import Contract
from credit.decision import arm_for, score
from credit.decision.assignment import slot_of
from credit.records import RecordReader
from tests.loanbook import application
from tests.records.samples import tamper
from tests.service import Nodes, Service
from tune.rows import Rows

FIELDS = {
    "decision_id",
    "application_id",
    "probability_of_default",
    "score",
    "rating",
    "risk_level",
    "decision",
    "reason_codes",
    "arm",
    "bundle",
    "generation",
    "model",
}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    document: dict[str, Any] = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert document["type"].startswith("urn:credit-cluster:problem:")
    assert {"type", "title", "status", "detail"} <= document.keys()
    return document


def test_an_answer_carries_exactly_the_promised_fields(service: Service) -> None:
    response = service.score(application(past_due_90=3))

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    told = response.json()
    assert told.keys() == FIELDS
    assert told["application_id"] == "A-1001"
    assert told["generation"] == 5
    assert 0 < len(told["reason_codes"]) <= 4
    for reason in told["reason_codes"]:
        assert reason.keys() == {"code", "feature", "text", "points"}


def test_shap_values_come_when_asked_for(service: Service, contract: Contract) -> None:
    asked = service.score(application(), "?shap_values=true").json()
    unasked = service.score(application(), "?shap_values=false").json()

    assert asked.keys() == FIELDS | {"shap_values"}
    assert unasked.keys() == FIELDS
    assert tuple(asked["shap_values"]) == contract.feature_names


@pytest.mark.parametrize("value", ["maybe", "1", "True", ""])
def test_a_flag_is_true_or_false(service: Service, value: str) -> None:
    said = problem(service.score(application(), f"?shap_values={value}"), 400)

    assert said["detail"] == "query parameter shap_values: expected true or false"


def test_the_service_answers_what_the_library_answers(
    service: Service, nodes: Nodes, rows: Rows, contract: Contract
) -> None:
    """Both arms, missing values and codes among them, to the bit."""
    arms = set()
    for i, values in enumerate(rows.raw[:40].tolist()):
        row: dict[str, Any] = {
            c.name: None if math.isnan(v) else v
            for c, v in zip(contract.inputs, values, strict=True)
        }
        row |= {"application_id": f"A-{i}", "applicant_id": f"P-{i}"}

        told = service.score(row, "?shap_values=true").json()

        arm, _ = arm_for(nodes.rollout, f"P-{i}")
        bundle = nodes.shelf.get(arm.bundle)
        alone = score(bundle, bundle.explainer, bundle.validator.application(row))
        assert told["arm"] == arm.name
        assert told["bundle"] == bundle.hash
        assert told["model"] == bundle.manifest.family
        assert told["probability_of_default"] == alone.probability_of_default
        assert told["score"] == alone.score
        assert told["decision"] == alone.decision
        assert tuple(told["shap_values"].values()) == alone.shap_values
        assert told["reason_codes"] == [msgspec.to_builtins(r) for r in alone.reason_codes]
        arms.add(arm.name)
    assert arms == {"champion", "challenger"}


def test_without_an_applicant_the_champion_answers(service: Service) -> None:
    arms = {service.score(application(applicant_id=None)).json()["arm"] for _ in range(3)}

    assert arms == {"champion"}


def test_a_decision_is_on_record_before_it_is_told(service: Service, contract: Contract) -> None:
    row = application(monthly_income=None, as_of="2026-01-31")

    response = service.score(row)

    told = response.json()
    with RecordReader(service.records, service.keys) as reader:
        [record] = reader.after()
        sealed = reader.open(record)
    assert record.decision_id == told["decision_id"]
    assert record.route == "/v1/score"
    assert record.clear.probability_of_default == told["probability_of_default"]
    assert record.clear.decision == told["decision"]
    assert record.clear.slot == slot_of("s", "P-1001")
    assert record.clear.reason_codes == [reason["code"] for reason in told["reason_codes"]]
    assert record.clear.latency_us.keys() == {
        "validate",
        "transform",
        "model",
        "explainer",
        "decide",
        "answer",
    }
    assert sealed is not None
    assert sealed.answer == response.content
    assert sealed.application_id == "A-1001"
    assert sealed.application == {
        "as_of": "2026-01-31",
        **{c.name: row[c.name] for c in contract.inputs},
    }
    assert len(sealed.features) == len(contract.features)


def test_an_unwritable_store_means_no_score(service: Service) -> None:
    service.writer.close()

    response = service.score(application())

    said = problem(response, 503)
    assert said["title"] == "The decision cannot be recorded"
    assert response.headers["retry-after"] == "1"
    assert "probability" not in response.text
    assert "score" not in said


def test_a_store_that_was_removed_means_no_score(service: Service) -> None:
    tamper(service.records, "DROP TABLE records")
    responses = [service.score(application())]
    service.records.unlink()  # after a failure the writer opens the store again
    service.records.mkdir()
    responses.append(service.score(application()))

    for response in responses:
        assert problem(response, 503)["type"].endswith(":record-store")
        assert "probability" not in response.text


# Idempotency


def test_the_same_key_and_application_get_the_same_bytes(service: Service) -> None:
    first = service.score(application(), idempotency_key="k-1")
    again = service.score(dict(reversed(application(age=41.0).items())), idempotency_key="k-1")
    other = service.score(application(), idempotency_key="k-2")

    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert other.json()["decision_id"] != first.json()["decision_id"]
    with RecordReader(service.records, service.keys) as reader:
        assert len(reader.after()) == 2


def test_without_a_key_nothing_is_the_same_decision(service: Service) -> None:
    ids = {service.score(application()).json()["decision_id"] for _ in range(3)}

    assert len(ids) == 3


def test_a_key_for_another_application_is_refused(service: Service) -> None:
    service.score(application(), idempotency_key="k-1")

    said = problem(service.score(application(age=42), idempotency_key="k-1"), 409)

    assert "was used on /v1/score for another application" in said["detail"]


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_has_a_length(service: Service, key: str) -> None:
    said = problem(service.score(application(), idempotency_key=key), 400)

    assert said["detail"] == "Idempotency-Key: expected 1 to 128 characters"


# Refusals


def post(service: Service, body: bytes, content_type: str = "application/json") -> httpx.Response:
    response: httpx.Response = service.client.post(
        "/v1/score", content=body, headers={"content-type": content_type}
    )
    return response


def test_every_broken_rule_is_named_at_once(service: Service) -> None:
    said = problem(service.score(application(age=7, debt_ratio="x", dependents=..., x=1)), 422)

    assert said["type"] == "urn:credit-cluster:problem:application-invalid"
    assert [(e["field"], e["rule"]) for e in said["errors"]] == [
        ("x", "unknown"),
        ("age", "minimum"),
        ("debt_ratio", "type"),
        ("dependents", "missing"),
    ]
    assert said["errors"][1]["message"] == "expected at least 18"


@pytest.mark.parametrize("body", [b"[]", b'"A-1"', b"17", b"null", b"[{}]"])
def test_json_that_is_no_object_is_refused(service: Service, body: bytes) -> None:
    said = problem(post(service, body), 422)

    assert said["detail"].startswith(
        "expected one JSON object, an application of give_me_some_credit with the fields application_id, "
        "revolving_utilization, age, "
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body is not valid JSON: Input data was truncated"),
        (b"age=41", "the body is not valid JSON"),
        (json.dumps(application()).encode()[:-5], "the body is not valid JSON: Input data was"),
        (b'{"age": 41} {', "the body is not valid JSON: .*trailing"),
        (b'{"age": NaN}', "NaN and Infinity are not JSON; send null for a value"),
        (b'{"age": -Infinity}', "NaN and Infinity are not JSON; send null for a value"),
        (b'{"age": 1e400}', "the body is not valid JSON: Number out of range"),
        (b'{"age": "\xff\xfe"}', "the body is not valid JSON: not UTF-8, or nested too deeply"),
        (b"[" * 60_000, "the body is not valid JSON: not UTF-8, or nested too deeply"),
    ],
)
def test_a_malformed_body_is_refused(service: Service, body: bytes, detail: str) -> None:
    said = problem(post(service, body), 400)

    assert re.search(detail, said["detail"])


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_type_of_body_is_refused(service: Service, content_type: str) -> None:
    said = problem(post(service, b"{}", content_type), 415)

    assert said["detail"] == "expected content type application/json"


def test_json_may_state_its_charset(service: Service) -> None:
    body = json.dumps(application()).encode()

    assert post(service, body, "application/json; charset=utf-8").status_code == 200
    assert post(service, body, "Application/JSON").status_code == 200


def test_a_large_body_is_refused(service: Service) -> None:
    said = problem(post(service, b'{"x": "' + b"x" * 65_536 + b'"}'), 413)

    assert said["detail"] == "the body is larger than 65536 bytes"
