"""Routes of earlier systems: other words for the same decisions."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from credit.contract import Contract
from credit.records import new_decision_id
from tests.loanbook import application
from tests.records.samples import new_record
from tests.serve_app.many.rows import Row, applications
from tests.serve_app.test_score_route import problem
from tests.service import Nodes, Service

WORDS = {"approve": "approve", "review": "manual review", "decline": "reject"}


def predict(service: Service, body: Any, path: str = "/predict", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: httpx.Response = service.client.post(path, json=body, headers=named)
    return response


def named(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "application_id"}


def listed(row: Row, contract: Contract) -> Row:
    return {
        "features": [row[column.name] for column in contract.inputs],
        "client_id": row["applicant_id"],
    }


def in_earlier_words(told: Row) -> Row:
    return {
        "probability": told["probability_of_default"],
        "risk_level": told["risk_level"],
        "credit_score": round(told["score"]),
        "rating": told["rating"],
        "decision": WORDS[told["decision"]],
    }


def without_id(answer: Row) -> Row:
    return {name: value for name, value in answer.items() if name != "decision_id"}


def test_both_forms_get_the_decision_of_score(service: Service, contract: Contract) -> None:
    decisions = set()
    for row in applications(30):
        told = in_earlier_words(service.score(row).json())

        by_name = predict(service, named(row)).json()
        by_place = predict(service, listed(row, contract)).json()

        assert without_id(by_name) == without_id(by_place) == told
        decisions.add(told["decision"])
    assert decisions == set(WORDS.values())


def test_the_record_holds_the_route_and_a_drawn_reference(service: Service) -> None:
    answer = predict(service, named(application())).json()

    [record] = service.reader.after()
    assert record.route == "/predict"
    assert record.decision_id == answer["decision_id"]
    assert service.reader.open(record).application_id.startswith("drawn-")
    assert service.reader.open(record).applicant_id == "P-1001"


def test_a_reference_that_is_sent_is_kept(service: Service) -> None:
    predict(service, application(application_id="A-mine"))

    [record] = service.reader.after()
    assert service.reader.open(record).application_id == "A-mine"


def test_a_prediction_that_is_sent_again_is_not_decided_again(service: Service) -> None:
    """The drawn reference is the same one: another would be another application."""
    row = named(application())
    first = predict(service, row, idempotency_key="k")
    again = predict(service, row, idempotency_key="k")
    refused = predict(service, {**row, "age": 42}, idempotency_key="k")

    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert problem(refused, 409)
    assert len(service.reader.after()) == 1


@pytest.mark.parametrize("n_values", [0, 9, 11])
def test_a_list_of_another_length_is_answered_with_the_names(
    service: Service, contract: Contract, n_values: int
) -> None:
    said = problem(predict(service, {"features": [0] * n_values}), 422)

    [error] = said["errors"]
    names = ", ".join(column.name for column in contract.inputs)
    assert (error["field"], error["rule"]) == ("features", "length")
    assert (
        error["message"]
        == f"expected a list of 10 values in the order {names}; got {n_values} values"
    )


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (
            {"features": {}},
            422,
            "in the order revolving_utilization, age, .*; got another JSON value",
        ),
        ({"features": [0] * 10, "shoe": 1}, 422, "shoe: unknown field beside features"),
        ({"features": [None] * 10}, 422, "age: may not be null"),
        ({"features": ["x"] * 10}, 422, "age: expected a number, got a string"),
        ({"age": 41}, 422, "revolving_utilization: required"),
        ({**application(), "client_id": "x"}, 422, "client_id: unknown field"),
        ([], 422, "expected one JSON object: either the fields .* or features"),
        (application(age=7), 422, "age: expected at least 18"),
    ],
)
def test_what_is_no_application_is_refused(
    service: Service, body: Any, status: int, said: str
) -> None:

    refused = problem(predict(service, body), status)

    assert re.search(said, refused["detail"])
    assert service.reader.after() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body is not valid JSON"),
        (b'{"features": [NaN]}', "NaN and Infinity are not JSON"),
        (b"[" * 60_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(service: Service, body: bytes, said: str) -> None:
    response = service.client.post("/predict", content=body)

    assert said in problem(response, 400)["detail"]


def test_a_field_that_stands_twice_is_refused(service: Service) -> None:
    body = json.dumps(application()).encode()[:-1] + b', "age": 42}'
    twice = b'{"features": [], "features": []}'

    for sent, field in ((body, "age"), (twice, "features")):
        said = problem(service.client.post("/predict", content=sent), 422)
        assert (field, "repeated") in {(e["field"], e["rule"]) for e in said["errors"]}


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_batch_takes_both_forms_and_tells_what_is_refused(
    service: Service, contract: Contract, is_wrapped: bool
) -> None:
    rows = applications(3)
    sent = [named(rows[0]), {"features": [1]}, listed(rows[1], contract), rows[2]]

    body = {"applications": sent} if is_wrapped else sent
    said = predict(service, body, "/predict/batch", idempotency_key="k").json()
    again = predict(service, body, "/predict/batch", idempotency_key="k").json()

    assert said == again
    told = [in_earlier_words(service.score(row).json()) for row in rows]
    assert [without_id(answer) for answer in said["predictions"]] == told
    assert [(r["row"], r["errors"][0]["rule"]) for r in said["refused"]] == [(2, "length")]
    routes = [record.route for record in service.reader.after()]
    assert routes == ["/predict/batch"] * 3 + ["/v1/score"] * 3


def test_health_says_that_decisions_can_be_made(service: Service) -> None:
    said = service.client.get("/health").json()

    assert (said["status"], said["model_loaded"]) == ("healthy", True)
    assert said["version"]

    service.records.unlink()
    service.records.mkdir()
    assert problem(service.client.get("/health"), 503)


def test_the_model_is_described(service: Service, nodes: Nodes, contract: Contract) -> None:
    said = service.client.get("/model-info").json()

    assert said["family"] == "lightgbm"
    assert said["bundle"] == nodes.rollout.champion.bundle
    assert tuple(said["features"]) == contract.feature_names
    assert said["trained_columns"] == [column.name for column in contract.inputs]
    assert 0.5 < said["metrics"]["auc"] < 1


def test_logs_show_the_latest_decisions_of_the_tenant_and_no_person(service: Service) -> None:
    rows = applications(5)
    ids = [service.score({**row, "applicant_id": "P-secret"}).json()["decision_id"] for row in rows]
    other = new_decision_id()
    service.writer.append(new_record(tenant="other", decision_id=other)).result()

    whole = service.client.get("/logs")
    page = service.client.get("/logs?limit=2&offset=1").json()

    assert [line["decision_id"] for line in whole.json()["logs"]] == ids[::-1]
    assert [line["decision_id"] for line in page["logs"]] == ids[::-1][1:3]
    assert (page["limit"], page["offset"]) == (2, 1)
    assert whole.json()["logs"][0].keys() == {
        *("decision_id", "timestamp", "probability", "credit_score", "rating", "decision")
    }
    told = service.client.get(f"/v1/decisions/{ids[-1]}").json()["answer"]
    newest = whole.json()["logs"][0]
    assert newest["probability"] == told["probability_of_default"]
    assert newest["credit_score"] == round(told["score"])
    assert newest["decision"] == WORDS[told["decision"]]
    assert "P-secret" not in whole.text


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=100001", "offset=x"])
def test_a_page_of_logs_has_bounds(service: Service, query: str) -> None:
    problem(service.client.get(f"/logs?{query}"), 400)


def test_drift_reports_are_those_of_the_monitor(service: Service) -> None:
    said = service.client.get("/drift-reports?limit=3").json()

    assert said == {"limit": 3, "offset": 0}
