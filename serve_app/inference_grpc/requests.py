"""Requests of gRPC become requests of REST: JSON first, then the tensors in binary form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from serve_app.inference.tensors import pack, pack_texts
from serve_app.inference_grpc.refusals import CallRefused

CONTENTS = {"FP64": "fp64_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}
"""Where values of a datatype stand when they are not raw; other datatypes no contract has."""


class RestRequest(NamedTuple):
    """A body, and how much of it is JSON."""

    body: bytes
    header_length: int


def rest_request(request: Any) -> RestRequest:
    """Write a ``ModelInferRequest`` as REST has it.

    Raises
    ------
    CallRefused
        When its tensors stand neither all in ``contents`` nor all in ``raw_input_contents``.
    """
    blobs = _blobs(request)
    inputs = [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "datatype": tensor.datatype,
            "parameters": {**_parameters(tensor), "binary_data_size": len(blob)},
        }
        for tensor, blob in zip(request.inputs, blobs, strict=True)
    ]
    document: dict[str, Any] = {
        "inputs": inputs,
        "parameters": {**_parameters(request), "binary_data_output": True},
    }
    if request.id:
        document["id"] = request.id
    if request.outputs:
        document["outputs"] = [
            {"name": output.name, "parameters": {**_parameters(output), "binary_data": True}}
            for output in request.outputs
        ]
    encoded = msgspec.json.encode(document)
    return RestRequest(b"".join([encoded, *blobs]), len(encoded))


def _blobs(request: Any) -> Sequence[bytes]:
    raw, tensors = request.raw_input_contents, request.inputs
    in_contents = any(tensor.HasField("contents") for tensor in tensors)
    if not raw:
        return [_packed(tensor) for tensor in tensors]
    if in_contents or len(raw) != len(tensors):
        raise CallRefused(
            400,
            f"inputs: expected all values in contents, or all in raw_input_contents, one for each of the "
            f"{len(tensors)} tensors; got {len(raw)} there{' and some in contents' if in_contents else ''}",
        )
    return list(raw)


def _packed(tensor: Any) -> bytes:
    """Values in binary form; none for a datatype that the service refuses anyway."""
    field = CONTENTS.get(tensor.datatype)
    if field is None:
        return b""
    values = getattr(tensor.contents, field)
    if len(values) != sum(len(some) for _, some in tensor.contents.ListFields()):
        raise CallRefused(
            400, f"input {tensor.name[:64]}: expected {tensor.datatype} values in {field} alone"
        )
    return pack_texts(values) if tensor.datatype == "BYTES" else pack(tensor.datatype, values)


def _parameters(message: Any) -> dict[str, Any]:
    found = {}
    for name, parameter in message.parameters.items():
        kind = parameter.WhichOneof("parameter_choice")
        found[name] = None if kind is None else getattr(parameter, kind)
    return found
