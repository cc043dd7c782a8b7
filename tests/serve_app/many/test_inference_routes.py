"""The Open Inference Protocol, asked by NVIDIA's own client and by hand."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from credit.contract import Contract
from tests.loanbook import application
from tests.serve_app.live import live_server
from tests.serve_app.many.rows import Row, applications
from tests.serve_app.many.tensors import as_columns, as_json, texts, texts_of, token
from tests.service import Nodes, Service, open_service

MODEL = "credit-give-me-some-credit"
INFER = f"/v2/models/{MODEL}/infer"
NUMBERS = ("probability_of_default", "score")


@pytest.fixture(scope="module")
def served(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(nodes, tmp_path_factory.mktemp("inference")) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(served: Service) -> Iterator[triton.InferenceServerClient]:
    with live_server(served.app) as url:
        asking = triton.InferenceServerClient(url.removeprefix("http://"))
        yield asking
        asking.close()


@pytest.fixture(scope="module")
def alone(served: Service) -> list[Row]:
    """What 20 applicants are told by ``/v1/score``."""
    found = [served.score(row).json() for row in applications(20)]
    assert len({answer["arm"] for answer in found}) == 2
    return found


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("form", ["application", "columns"])
def test_its_own_client_gets_the_answers_of_score_to_the_bit(
    client: triton.InferenceServerClient,
    alone: list[Row],
    contract: Contract,
    form: str,
    binary: bool,
) -> None:
    rows = applications(20)
    tensors = as_json(rows) if form == "application" else as_columns(rows, contract)
    inputs = []
    for name, datatype, values in tensors:
        tensor = triton.InferInput(name, list(values.shape), datatype)
        # This client writes NaN into its JSON, where there is none.
        has_gaps = datatype == "FP64" and bool(np.isnan(values).any())
        tensor.set_data_from_numpy(values, binary_data=binary or has_gaps)
        inputs.append(tensor)
    names = (*NUMBERS, "decision", "risk_level", "decision_id", "reason_codes")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]

    answer = client.infer(MODEL, inputs, outputs=outputs, headers=token(), request_id="r-1")

    assert answer.get_response()["id"] == "r-1"
    for name in NUMBERS:
        got = answer.as_numpy(name)
        assert got.dtype == np.float64
        assert got.tolist() == [told[name] for told in alone]
    for name in ("decision", "risk_level"):
        assert texts_of(answer.as_numpy(name)) == [told[name] for told in alone]
    reasons = [json.loads(text) for text in texts_of(answer.as_numpy("reason_codes"))]
    assert reasons == [told["reason_codes"] for told in alone]
    assert len(set(texts_of(answer.as_numpy("decision_id")))) == 20


def test_what_the_client_asks_of_server_and_model(
    client: triton.InferenceServerClient, contract: Contract
) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, headers=token())
    assert client.is_model_ready(MODEL, contract.version, headers=token())
    assert not client.is_model_ready("credit-other", headers=token())
    assert "binary_tensor_data" in client.get_server_metadata(headers=token())["extensions"]
    told = client.get_model_metadata(MODEL, headers=token())
    assert told["versions"] == [contract.version]
    inputs = {tensor["name"] for tensor in told["inputs"]}
    assert inputs >= {"application", "application_id", *(c.name for c in contract.inputs)}


def test_errors_reach_the_client_in_the_protocols_form(
    client: triton.InferenceServerClient,
) -> None:
    tensor = triton.InferInput("application", [1], "BYTES")
    tensor.set_data_from_numpy(texts([json.dumps(application(age=7))]))

    with pytest.raises(InferenceServerException, match="row 1: age: expected at least 18"):
        client.infer(MODEL, [tensor], headers=token())
    with pytest.raises(InferenceServerException, match="A valid token is required"):
        client.infer(MODEL, [tensor])
    with pytest.raises(InferenceServerException, match=f"this service has {MODEL}"):
        client.infer("credit-other", [tensor], headers=token())


# By hand


def infer(service: Service, request: Any, path: str = INFER, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: httpx.Response = service.client.post(path, json=request, headers=named)
    return response


def one(name: str, values: list[Any], datatype: str = "BYTES", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "shape": [len(values)],
        "datatype": datatype,
        "data": values,
        **more,
    }


def good(n: int = 1) -> dict[str, Any]:
    return {"inputs": [one("application", [json.dumps(row) for row in applications(n)])]}


def columns(n: int, **changes: Any) -> dict[str, Any]:
    """Requests by columns; ``...`` leaves one out."""
    rows = applications(n)
    kinds = dict.fromkeys(rows[0], "FP64") | {
        "application_id": "BYTES",
        "applicant_id": "BYTES",
    }
    tensors = {name: one(name, [row[name] for row in rows], kinds[name]) for name in rows[0]}
    found = {name: tensor for name, tensor in (tensors | changes).items() if tensor is not ...}
    return {"inputs": list(found.values())}


def test_only_the_outputs_that_are_asked_for_are_given(served: Service) -> None:
    asked = {**good(2), "outputs": [{"name": "score"}, {"name": "decision"}]}

    said = infer(served, asked).json()

    assert said["model_name"] == MODEL
    assert [tensor["name"] for tensor in said["outputs"]] == ["score", "decision"]
    assert [tensor["shape"] for tensor in said["outputs"]] == [[2], [2]]
    assert "id" not in said


def test_null_nan_and_an_empty_text_are_one_thing(served: Service) -> None:
    """NaN only in binary form: JSON has none."""
    row = application(applicant_id=None, monthly_income=None)
    by_name = {
        name: one(name, [value], "BYTES" if name == "application_id" else "FP64")
        for name, value in row.items()
        if name != "applicant_id"
    }
    nan = struct.pack("<d", float("nan"))
    binary = {k: v for k, v in by_name["monthly_income"].items() if k != "data"}
    binary["parameters"] = {"binary_data_size": len(nan)}
    others = [tensor for name, tensor in by_name.items() if name != "monthly_income"]
    others.append(one("applicant_id", [""]))
    head = json.dumps({"inputs": [*others, binary]}).encode()

    by_null = infer(served, {"inputs": list(by_name.values())}).json()["outputs"]
    by_nan = served.client.post(
        INFER, content=head + nan, headers={"Inference-Header-Content-Length": str(len(head))}
    ).json()["outputs"]

    told = served.score(row).json()
    assert by_null[0]["data"] == by_nan[0]["data"] == [told["probability_of_default"]]


def test_binary_outputs_stand_behind_the_json(served: Service) -> None:
    """Only those that are asked for so; the length of the JSON is in the header."""
    asked = {
        **good(3),
        "outputs": [
            {"name": "decision", "parameters": {"binary_data": True}},
            {"name": "score"},
            {"name": "probability_of_default", "parameters": {"binary_data": True}},
        ],
    }

    response = infer(served, asked)

    length = int(response.headers["inference-header-content-length"])
    said = json.loads(response.content[:length])
    sizes = [tensor.get("parameters", {}).get("binary_data_size") for tensor in said["outputs"]]
    assert sizes[1] is None
    assert sizes[2] == 24
    assert sizes[0] + sizes[2] == len(response.content) - length
    told = [served.score(row).json() for row in applications(3)]
    numbers = struct.unpack("<3d", response.content[-24:])
    assert list(numbers) == [answer["probability_of_default"] for answer in told]
    first = told[0]["decision"].encode()
    assert response.content[length:].startswith(struct.pack("<I", len(first)) + first)


def test_a_request_that_is_sent_again_is_not_decided_again(served: Service) -> None:
    first = infer(served, good(3), idempotency_key="again")
    again = infer(served, good(3), idempotency_key="again")
    other = infer(served, columns(3), idempotency_key="again")

    assert first.json() == again.json() == other.json()
    refused = infer(served, good(1) | {"inputs": as_one_more()}, idempotency_key="again")
    assert refused.status_code == 409
    assert refused.json()["error"].startswith(
        "The request is malformed: row 1: row: The idempotency"
    )


def as_one_more() -> list[dict[str, Any]]:
    return [one("application", [json.dumps(application(age=33))])]


def test_a_row_that_breaks_the_contract_leaves_all_undecided(service: Service) -> None:
    rows = [*applications(2), application(age=7), {"age": 41}]
    asked = {"inputs": [one("application", [json.dumps(row) for row in rows])]}

    response = infer(service, asked)

    assert response.status_code == 422
    said = response.json()["error"]
    assert "nothing was decided: row 3: age: expected at least 18 | row 4: " in said
    assert service.reader.after() == []


def with_input(**changes: Any) -> dict[str, Any]:
    asked = good()
    asked["inputs"][0] |= changes
    return asked


BAD: dict[str, tuple[Any, int, str]] = {
    "no object": ([], 400, "expected an inference request"),
    "unknown field": ({**good(), "x": 1}, 400, "unknown field `x`"),
    "no inputs": ({"inputs": []}, 400, "at least one tensor"),
    "no rows": ({"inputs": [one("application", [])]}, 400, "at least one row"),
    "a negative shape": (with_input(shape=[-1]), 400, "at least one row"),
    "too many rows": (with_input(shape=[10_001]), 413, "more than 10,000 rows"),
    "fewer values than rows": (with_input(shape=[2]), 400, "expected 2 values"),
    "a matrix": (with_input(shape=[1, 2]), 400, r"expected the shape \[1\] or \[1, 1\]"),
    "no values at all": (with_input(data=None), 400, "either data or the parameter"),
    "both": (with_input(parameters={"binary_data_size": 1}), 400, "either data or the parameter"),
    "shared memory": (
        with_input(parameters={"shared_memory_region": "r"}),
        400,
        "shared_memory_region of the input: not supported here",
    ),
    "a sequence": ({**good(), "parameters": {"sequence_id": 1}}, 400, "sequence_id of the request"),
    "a number for a text": (with_input(data=[1]), 400, "values of the datatype BYTES"),
    "application in numbers": (with_input(datatype="FP64", data=[1.0]), 400, "the datatype BYTES"),
    "no application": (with_input(data=["{"]), 422, "the body is not valid JSON"),
    "another product": (with_input(data=['{"duration": 1}']), 422, "duration: unknown field"),
    "an unknown input": (columns(1, shoe=one("shoe", [1.0], "FP64")), 400, "unknown shoe"),
    "a missing input": (columns(1, age=...), 400, "missing age. Expected either application alone"),
    "an input twice": ({"inputs": columns(1)["inputs"] * 2}, 400, "one of them stands twice"),
    "another length": (
        columns(2, age=one("age", [41.0], "FP64")),
        400,
        "input age: expected the shape",
    ),
    "FP32": (columns(1, age=one("age", [41.0], "FP32")), 400, "age: expected the datatype FP64 or"),
    "a truth": (columns(1, age=one("age", [True], "INT64")), 400, "input age: expected values"),
    "a fraction as INT64": (columns(1, age=one("age", [4.5], "INT64")), 400, "input age: expected"),
    "null where there is none": (
        columns(1, age=one("age", [None], "FP64")),
        422,
        "age: may not be",
    ),
    "an unknown output": ({**good(), "outputs": [{"name": "x"}]}, 400, "outputs: unknown x"),
    "an output twice": (
        {**good(), "outputs": [{"name": "score"}, {"name": "score"}]},
        400,
        "each output once",
    ),
    "a classification": (
        {**good(), "outputs": [{"name": "score", "parameters": {"classification": 1}}]},
        400,
        "classification of the output",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_refused_and_nothing_is_decided(served: Service, name: str) -> None:
    asked, status, said = BAD[name]
    before = len(served.reader.after())

    response = infer(served, asked)

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error"}
    assert re.search(said, response.json()["error"]), response.text
    assert len(served.reader.after()) == before


def test_nan_in_json_is_refused_with_what_to_do(served: Service) -> None:
    body = json.dumps(columns(1, age=one("age", [float("nan")], "FP64"))).encode()

    response = served.client.post(INFER, content=body)

    assert response.status_code == 400
    assert "NaN and Infinity are not JSON; send null" in response.json()["error"]


@pytest.mark.parametrize(
    ("length", "blob", "said"),
    [
        ("x", b"", "at most the length of the body"),
        ("9" * 400, b"", "at most the length of the body"),
        ("100000", b"", "at most the length of the body"),
        (
            "",
            b"12345",
            "expected 0 bytes of tensors behind the JSON, as binary_data_size says; got 5",
        ),
        (None, b"12345", "the request is not valid JSON; for tensors behind it send"),
    ],
)
def test_a_length_that_is_wrong_is_refused(
    served: Service, length: str | None, blob: bytes, said: str
) -> None:
    head = json.dumps(good()).encode()
    headers = {"content-type": "application/octet-stream"}
    if length is not None:
        headers["inference-header-content-length"] = length or str(len(head))

    response = served.client.post(INFER, content=head + blob, headers=headers)

    assert response.status_code == 400
    assert said in response.json()["error"]


@pytest.mark.parametrize(
    ("blob", "said"),
    [
        (b"\x01", "each text behind its length in four bytes"),
        (struct.pack("<I", 2**31) + b"x", "as long as the four bytes before it say"),
        (struct.pack("<I", 2) + b"\xff\xfe", "texts in UTF-8"),
        (struct.pack("<I", 0) * 2, "expected 1 values"),
        (b"", "expected 1 values"),
    ],
)
def test_texts_in_binary_form_are_checked(served: Service, blob: bytes, said: str) -> None:
    tensor = {
        "name": "application",
        "shape": [1],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(blob)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()

    response = served.client.post(
        INFER, content=head + blob, headers={"inference-header-content-length": str(len(head))}
    )

    assert response.status_code == 400
    assert said in response.json()["error"]


def test_numbers_in_binary_form_have_their_length(served: Service) -> None:
    asked = columns(1)
    tensor = next(t for t in asked["inputs"] if t["name"] == "age")
    del tensor["data"]
    tensor["parameters"] = {"binary_data_size": 7}
    head = json.dumps(asked).encode()

    response = served.client.post(
        INFER,
        content=head + b"1234567",
        headers={"inference-header-content-length": str(len(head))},
    )

    assert response.json()["error"].endswith("input age: expected 8 bytes, got 7")


def test_versions_are_those_of_the_contract(served: Service, contract: Contract) -> None:
    path = f"/v2/models/{MODEL}/versions/{{}}/infer"

    assert infer(served, good(), path.format(contract.version)).status_code == 200
    refused = infer(served, good(), path.format("999"))
    assert refused.status_code == 404
    assert "has no such version" in refused.json()["error"]


def test_a_store_that_fails_is_said_in_the_protocols_form(service: Service) -> None:
    service.writer.close()

    response = infer(service, good())

    assert response.status_code == 503
    assert response.json().keys() == {"error"}
    assert int(response.headers["retry-after"]) >= 1
