"""The OpenAPI document says what these routes answer, and every status that they refuse with."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from tests.loanbook import application
from tests.serve_app.contract.many import MANY
from tests.serve_app.many.rows import applications, as_lines
from tests.service import TOKEN, Service

MODEL = "/v2/models/credit-give-me-some-credit"


@pytest.fixture(scope="module")
def document(nodes: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from tests.service import open_service

    with open_service(nodes, tmp_path_factory.mktemp("described")) as service:
        found: dict[str, Any] = service.client.get("/openapi.json").json()
    return found


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(whole)
    jsonschema.Draft202012Validator(whole).validate(value)


def of(document: dict[str, Any], path: str, kind: str, method: str = "post") -> dict[str, Any]:
    """Schema of what a route answers."""
    said = document["paths"][path][method]["responses"]["200"]["content"][kind]
    schema: dict[str, Any] = said["schema"]
    return schema


def template(document: dict[str, Any], path: str) -> str | None:
    """The path as the document writes it; a fixed one goes before one with parts."""
    fits = [t for t in document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", t), path)]
    return min(fits, key=lambda t: t.count("{"), default=None)


@pytest.mark.parametrize("case", MANY, ids=[case.name for case in MANY])
def test_every_status_of_the_table_is_described(document: dict[str, Any], case: Any) -> None:
    method, target, _ = case.request(TOKEN).split(b"\r\n", 1)[0].decode().split(" ")
    path = template(document, target.partition("?")[0])
    assert path is not None
    operations = document["paths"][path]

    if method.lower() in operations:
        assert {str(s) for s in case.statuses} <= operations[method.lower()]["responses"].keys()
    else:
        assert case.statuses == (405,)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_answers_of_a_batch_are_as_described(
    service: Service, document: dict[str, Any], accept: str
) -> None:
    body = as_lines([*applications(3), application(age=7)])
    headers = {"content-type": "application/x-ndjson", "accept": accept}
    answer = service.client.post("/v1/score/batch", content=body, headers=headers)

    schema = of(document, "/v1/score/batch", accept)
    values = [json.loads(line) for line in answer.text.splitlines()]
    assert len(values) == (1 if accept == "application/json" else 4)
    for value in values:
        check(document, schema, value)


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_answers_in_earlier_words_are_as_described(
    service: Service, document: dict[str, Any], path: str
) -> None:
    media = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    values = [0.5, 41, 0, 0.3, 1000.0, 1, 0, 1, 0, None]
    sent: list[Any] = [media["example"]]
    sent.append({"features": values} if path == "/predict" else [{"features": values}])
    for body in sent:
        check(document, media["schema"], body)
        answer = service.client.post(path, json=body)
        assert answer.status_code == 200
        check(document, of(document, path, "application/json"), answer.json())


def test_lists_are_as_described(service: Service, document: dict[str, Any]) -> None:
    service.score(application())

    for path in ("/logs", "/health", "/model-info"):
        answer = service.client.get(path).json()
        check(document, of(document, path, "application/json", "get"), answer)


def test_inference_is_as_described(service: Service, document: dict[str, Any]) -> None:
    tensor = {"name": "application", "shape": [1], "datatype": "BYTES"}
    asked = {"inputs": [{**tensor, "data": [json.dumps(application())]}]}
    path = "/v2/models/{name}/infer"
    media = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]

    check(document, media["schema"], asked)
    answer = service.client.post(f"{MODEL}/infer", json=asked).json()
    check(document, of(document, path, "application/json"), answer)
    refused = service.client.post(f"{MODEL}/infer", json={}).json()
    check(document, document["components"]["schemas"]["InferenceError"], refused)
