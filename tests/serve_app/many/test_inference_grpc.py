"""The inference protocol over gRPC, asked by NVIDIA's own client and with its messages by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from credit.contract import Contract
from credit.errors import SettingsInvalid
from serve_app.inference_grpc import GrpcDoor, Upstream
from serve_app.inference_grpc.refusals import STATUSES
from serve_app.problems import KINDS
from tests.loanbook import application
from tests.serve_app.live import live_server
from tests.serve_app.many.door import open_door
from tests.serve_app.many.rows import Row, applications
from tests.serve_app.many.tensors import as_columns, as_json, texts_of, token
from tests.service import Nodes, Service, open_service

MODEL = "credit-give-me-some-credit"
NUMBERS = ("probability_of_default", "score")


@pytest.fixture(scope="module")
def served(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(nodes, tmp_path_factory.mktemp("grpc")) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(served: Service) -> Iterator[str]:
    with live_server(served.app) as url, open_door(url) as address:
        yield address


@pytest.fixture(scope="module")
def client(door: str) -> Iterator[triton.InferenceServerClient]:
    asking = triton.InferenceServerClient(door)
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def stub(door: str) -> Iterator[Any]:
    with grpc.insecure_channel(door) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


@pytest.fixture(scope="module")
def alone(served: Service) -> list[Row]:
    """What 20 applicants are told by ``/v1/score``."""
    return [served.score(row).json() for row in applications(20)]


@pytest.mark.parametrize("form", ["application", "columns"])
def test_its_own_client_gets_the_answers_of_score_to_the_bit(
    client: triton.InferenceServerClient, alone: list[Row], contract: Contract, form: str
) -> None:
    rows = applications(20)
    inputs = []
    for name, datatype, values in (
        as_json(rows) if form == "application" else as_columns(rows, contract)
    ):
        tensor = triton.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    names = (*NUMBERS, "decision", "risk_level", "reason_codes")
    outputs = [triton.InferRequestedOutput(name) for name in names]

    answer = client.infer(MODEL, inputs, outputs=outputs, headers=token(), request_id="r-1")

    assert answer.get_response().id == "r-1"
    assert answer.get_output("decision_id") is None
    for name in NUMBERS:
        got = answer.as_numpy(name)
        assert got.dtype == np.float64
        assert got.tolist() == [told[name] for told in alone]
    for name in ("decision", "risk_level"):
        assert texts_of(answer.as_numpy(name)) == [told[name] for told in alone]
    reasons = [json.loads(text) for text in texts_of(answer.as_numpy("reason_codes"))]
    assert reasons == [told["reason_codes"] for told in alone]


def test_what_the_client_asks_of_server_and_model(
    client: triton.InferenceServerClient, contract: Contract
) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, headers=token())
    assert client.is_model_ready(MODEL, contract.version, headers=token())
    assert client.get_server_metadata(headers=token()).name == "credit-cluster"
    told = client.get_model_metadata(MODEL, headers=token())
    assert list(told.versions) == [contract.version]
    assert {tensor.name for tensor in told.inputs} >= {c.name for c in contract.inputs}
    assert {tensor.name: tensor.datatype for tensor in told.outputs}["score"] == "FP64"
    with pytest.raises(InferenceServerException, match="no such model here"):
        client.is_model_ready("credit-other", headers=token())
    with pytest.raises(InferenceServerException, match="There is no such route"):
        client.get_model_metadata("a/b?c#d", headers=token())
    with pytest.raises(InferenceServerException, match="no model of the name '..'"):
        client.get_model_metadata("..", headers=token())


# By hand


def metadata(**more: str) -> list[tuple[str, str]]:
    return [*token().items(), *((key.replace("_", "-"), value) for key, value in more.items())]


def a_request(*rows: Row, raw: bool = False) -> Any:
    """Ask for applications, as texts of JSON."""
    request = service_pb2.ModelInferRequest(model_name=MODEL)
    tensor = request.inputs.add(name="application", datatype="BYTES", shape=[len(rows)])
    bodies = [json.dumps(row).encode() for row in rows]
    if raw:
        request.raw_input_contents.append(
            b"".join(len(body).to_bytes(4, "little") + body for body in bodies)
        )
    else:
        tensor.contents.bytes_contents.extend(bodies)
    return request


def test_values_are_answered_as_they_were_sent(stub: Any, alone: list[Row]) -> None:
    """In ``contents`` or raw; both hold the same bits."""
    rows = applications(20)[:3]

    plain = stub.ModelInfer(a_request(*rows), metadata=metadata())
    raw = stub.ModelInfer(a_request(*rows, raw=True), metadata=metadata())

    told = {output.name: output for output in plain.outputs}
    assert not plain.raw_output_contents
    assert list(told["score"].contents.fp64_contents) == [a["score"] for a in alone[:3]]
    decisions = [a["decision"].encode() for a in alone[:3]]
    assert list(told["decision"].contents.bytes_contents) == decisions
    names = [output.name for output in raw.outputs]
    assert not any(output.HasField("contents") for output in raw.outputs)
    scores = np.frombuffer(raw.raw_output_contents[names.index("score")])
    assert scores.tolist() == [a["score"] for a in alone[:3]]


def test_columns_in_contents_are_read(stub: Any, alone: list[Row], contract: Contract) -> None:
    request = service_pb2.ModelInferRequest(model_name=MODEL, model_version=contract.version)
    fields = {"BYTES": "bytes_contents", "FP64": "fp64_contents", "INT64": "int64_contents"}
    for name, datatype, values in as_columns(applications(20)[:2], contract):
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[2])
        getattr(tensor.contents, fields[datatype]).extend(values.tolist())
    request.outputs.add(name="score")

    answer = stub.ModelInfer(request, metadata=metadata())

    assert [output.name for output in answer.outputs] == ["score"]
    scores = list(answer.outputs[0].contents.fp64_contents)
    assert scores == [a["score"] for a in alone[:2]]


def test_a_key_and_an_id_travel_with_the_call(stub: Any, served: Service) -> None:
    """So a call that is sent again is not decided again."""
    request, sent = (
        a_request(*applications(2)),
        metadata(idempotency_key="k-1", x_request_id="call-1"),
    )

    answer, call = stub.ModelInfer.with_call(request, metadata=sent)
    n_records = len(served.reader.after())
    again = stub.ModelInfer(request, metadata=sent)

    assert dict(call.trailing_metadata())["x-request-id"] == "call-1"
    assert again == answer
    assert len(served.reader.after()) == n_records


def with_both() -> Any:
    request = a_request(application(), raw=True)
    request.inputs[0].contents.bytes_contents.append(b"{}")
    return request


def with_other_values() -> Any:
    request = a_request(application())
    request.inputs[0].contents.fp64_contents.append(1.0)
    return request


def with_datatype(datatype: str) -> Any:
    request = a_request(application())
    request.inputs[0].datatype = datatype
    return request


def with_parameter(where: str) -> Any:
    request = a_request(application())
    request.outputs.add(name="score")
    message = {"request": request, "input": request.inputs[0], "output": request.outputs[0]}[where]
    message.parameters["sequence_id"].int64_param = 7
    return request


INVALID = grpc.StatusCode.INVALID_ARGUMENT
BAD: dict[str, tuple[Any, grpc.StatusCode, str]] = {
    "under age": (a_request(application(age=7)), INVALID, "row 1: age: expected at least 18"),
    "no rows": (a_request(), INVALID, "at least one row"),
    "nothing": (service_pb2.ModelInferRequest(model_name=MODEL), INVALID, "at least one tensor"),
    "raw and contents": (with_both(), INVALID, "got 1 there and some in contents"),
    "values of two kinds": (with_other_values(), INVALID, "BYTES values in bytes_contents alone"),
    "a datatype of no contract": (with_datatype("FP32"), INVALID, "expected the datatype BYTES"),
    "a parameter of the request": (with_parameter("request"), INVALID, "sequence_id of the"),
    "a parameter of an input": (with_parameter("input"), INVALID, "sequence_id of the input"),
    "a parameter of an output": (with_parameter("output"), INVALID, "sequence_id of the output"),
    "no model": (
        service_pb2.ModelInferRequest(),
        grpc.StatusCode.NOT_FOUND,
        "no model of the name ''",
    ),
    "another version": (
        service_pb2.ModelInferRequest(model_name=MODEL, model_version="99"),
        grpc.StatusCode.NOT_FOUND,
        "no such version",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_is_refused_and_nothing_is_decided(
    stub: Any, served: Service, name: str
) -> None:
    request, code, said = BAD[name]
    before = len(served.reader.after())

    with pytest.raises(grpc.RpcError, match=said) as refused:
        stub.ModelInfer(request, metadata=metadata())

    assert refused.value.code() is code
    assert len(served.reader.after()) == before


def test_without_the_token_nothing_is_said(stub: Any) -> None:
    calls = {
        stub.ModelInfer: a_request(application()),
        stub.ServerMetadata: service_pb2.ServerMetadataRequest(),
        stub.ModelMetadata: service_pb2.ModelMetadataRequest(name=MODEL),
        stub.ModelReady: service_pb2.ModelReadyRequest(name=MODEL),
    }
    for call, request in calls.items():
        with pytest.raises(grpc.RpcError, match="A valid token is required") as refused:
            call(request)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_calls_of_other_servers_are_not_implemented(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(), metadata=metadata())

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_is_too_large_is_refused(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.ModelInfer(a_request(application(applicant_id="p" * 2**21)), metadata=metadata())

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_service_that_is_gone_is_unavailable() -> None:
    """Port 9 of this machine answers nobody."""
    with open_door("http://127.0.0.1:9") as address, grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError, match="cannot be reached .ConnectError.") as refused:
            stub.ModelInfer(a_request(application()))
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError, match="cannot be reached"):
            stub.ServerLive(service_pb2.ServerLiveRequest())


def refused_by(
    answer: httpx.Response | Exception, timeout_s: float | None = None
) -> tuple[grpc.RpcError, list[httpx.Request]]:
    """Call a service that always answers so; what the caller was told, and what the service was asked."""
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with (
        open_door("http://service", transport=httpx.MockTransport(serve)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(a_request(application()), metadata=metadata(), timeout=timeout_s)
    return refused.value, asked


def test_when_to_come_again_is_told() -> None:
    error, _ = refused_by(
        httpx.Response(503, json={"error": "too many wait"}, headers={"retry-after": "2"})
    )

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details() == "too many wait"
    assert dict(error.trailing_metadata())["retry-after"] == "2"


def test_an_answer_that_did_not_come_is_uncertain() -> None:
    error, _ = refused_by(httpx.ReadError("broken"))

    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "may have been decided" in error.details()


def test_what_is_no_answer_of_ours_is_told_by_its_status() -> None:
    error, _ = refused_by(httpx.Response(502, text="<html>Bad Gateway"))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details() == "the service answered with the status 502"


def test_an_answer_that_nobody_planned_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    error, _ = refused_by(httpx.Response(200, text="4,711 is a secret"))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "4,711" not in error.details() + caplog.text
    assert "a call failed: KeyError" in caplog.text


def test_the_deadline_of_the_call_goes_along() -> None:
    late = httpx.Response(504, json={"error": "The deadline of the client has passed"})

    error, [asked] = refused_by(late, timeout_s=30.0)
    _, [unbounded] = refused_by(late)

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # On its way a time of 10 s and more is rounded up to tenths of a second.
    assert 20_000 < int(asked.headers["x-request-timeout-ms"]) <= 30_100
    assert asked.headers["accept-encoding"] == "identity"
    assert "x-request-timeout-ms" not in unbounded.headers


def test_a_long_refusal_is_cut_where_grpc_would_not_carry_it() -> None:
    error, _ = refused_by(httpx.Response(422, json={"error": "\u2014" * 50_000}))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(error.details()) == 800


def test_every_status_that_the_service_knows_has_one_of_grpc() -> None:
    assert {kind.status for kind in KINDS.values()} <= STATUSES.keys()


def test_a_key_of_another_application_is_refused(stub: Any) -> None:
    sent = metadata(idempotency_key="k-2")
    stub.ModelInfer(a_request(application()), metadata=sent)

    with pytest.raises(grpc.RpcError, match="idempotency") as refused:
        stub.ModelInfer(a_request(application(age=33)), metadata=sent)

    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("url", ["localhost:8000", "http://[::1", "ftp://x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="is no address of a service"):
        Upstream(url)


def test_an_address_that_is_taken_is_told(door: str) -> None:
    port = int(door.rpartition(":")[2])

    async def open_another() -> None:
        async with Upstream("http://127.0.0.1:9") as upstream:
            GrpcDoor(upstream, "127.0.0.1", port, max_message_bytes=1)

    with pytest.raises(SettingsInvalid, match=f"cannot listen on 127.0.0.1:{port}"):
        asyncio.run(open_another())
