"""The OpenAPI document says what the service does, because both come from the contract."""

from __future__ import annotations

import html
import math
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, RowValidator
from credit.errors import ApplicationInvalid, DecisionUnknown
from serve_app.auth import Forbidden
from serve_app.openapi import application_schema, example_application, openapi_document
from serve_app.problems import KINDS
from tests.loanbook import application
from tests.service import Service


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get("/openapi.json").json()
    return found


def checker(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    """A validator of one component; OpenAPI 3.1 schemas are JSON Schema of 2020-12."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"][name])
    return jsonschema.Draft202012Validator(schema)


def test_every_route_is_described_and_no_other(service: Service, document: dict[str, Any]) -> None:
    routes = {
        (route.path, method.lower())
        for route in service.app.routes
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert routes == {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }


def test_what_is_open_is_described_as_open(service: Service, document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answer = service.client.request(method, path, headers={"authorization": "none"})
            assert (operation.get("security") == []) == (answer.status_code != 401), path


def test_every_status_of_a_score_is_described(document: dict[str, Any]) -> None:
    described = set(document["paths"]["/v1/score"]["post"]["responses"])

    # A score is asked of no decision that might be unknown, and by no admin.
    others = (DecisionUnknown, Forbidden)
    kinds = {str(k.status) for error, k in KINDS.items() if error not in others}
    assert described == {"200", "400", "408", "413", "414", "415", "431"} | kinds


def test_the_example_is_an_application_that_the_service_answers(
    service: Service, document: dict[str, Any], contract: Contract
) -> None:
    media = document["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]
    example = media["example"]

    RowValidator(contract).application(example)
    checker(document, "Application").validate(example)
    assert service.score(example).status_code == 200


@pytest.mark.parametrize("query", ["", "?shap_values=true"])
@pytest.mark.parametrize("change", [{}, {"past_due_90": 98}, {"monthly_income": None}])
def test_answers_are_as_described(
    service: Service, document: dict[str, Any], query: str, change: dict[str, Any]
) -> None:
    answer = service.score(application(**change), query).json()

    checker(document, "Answer").validate(answer)
    described = set(document["components"]["schemas"]["Answer"]["properties"])
    assert answer.keys() == described - (set() if query else {"shap_values"})


def test_problems_are_as_described(service: Service, document: dict[str, Any]) -> None:
    for response in (service.score({}), service.client.get("/nowhere"), service.score([])):  # type: ignore[arg-type]
        checker(document, "Problem").validate(response.json())


def _values(contract: Contract) -> st.SearchStrategy[dict[str, Any]]:
    edges: list[Any] = [None, True, "1", [], 96, 97, 98, 98.0, 0, -1, 17, 41, 41.5, 1e9, -0.0]
    return st.fixed_dictionaries(
        {},
        optional={
            **{c.name: st.sampled_from(edges) for c in contract.inputs},
            "applicant_id": st.sampled_from([None, "", "P-1", "P" * 129, 7]),
            "application_id": st.sampled_from([None, "", "A-1", "A" * 129, 7]),
            "shoe_size": st.just(42),
        },
    )


@given(data=st.data())
def test_the_schema_accepts_exactly_what_the_validator_accepts(
    contract: Contract, data: st.DataObject
) -> None:
    row = application(**data.draw(_values(contract)))
    if data.draw(st.integers(0, 4)) == 0:
        del row[data.draw(st.sampled_from(sorted(row)))]

    try:
        RowValidator(contract).application(row)
        accepted = True
    except ApplicationInvalid:
        accepted = False

    assert jsonschema.Draft202012Validator(application_schema(contract)).is_valid(row) == accepted


def test_the_example_stays_within_every_bound(contract: Contract) -> None:
    example = example_application(contract)

    assert all(math.isfinite(example[c.name]) for c in contract.inputs)
    assert openapi_document(contract, {})["info"]["title"].endswith("give_me_some_credit")


def test_the_page_for_people_shows_every_field_code_and_route(
    service: Service, document: dict[str, Any], contract: Contract
) -> None:
    page = html.unescape(service.client.get("/docs").text)

    for column in contract.inputs:
        assert f"<td>{column.name}</td>" in page
        assert column.description in page
    for name in document["components"]["schemas"]["Answer"]["properties"]:
        assert f"<td>{name}</td>" in page
    for code, text in contract.reason_texts.items():
        assert f"<td>{code}</td><td>{text}</td>" in page
    for path in document["paths"]:
        assert f" {path}</td>" in page
    assert "<script" not in page
    assert "http" not in page.replace("http://127.0.0.1:8000", "")
