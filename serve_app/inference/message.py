"""One request of the protocol: its JSON, and the tensors that may follow it in binary form."""

from __future__ import annotations

from typing import Any

import msgspec

from credit.contract.decoder import hint
from serve_app.problems import MalformedRequest

MAXIMUM_HEADER_DIGITS = 10


class InputTensor(msgspec.Struct, forbid_unknown_fields=True):
    """One tensor: its values are ``data``, or so many bytes behind the JSON."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None

    @property
    def binary_size(self) -> int | None:
        """Bytes behind the JSON, None when the values are in it."""
        size: int | None = self.parameters.get("binary_data_size")
        return size


class WantedOutput(msgspec.Struct, forbid_unknown_fields=True):
    """One output that the client asks for."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON of a request."""

    inputs: list[InputTensor]
    id: str | None = None
    parameters: dict[str, Any] = {}
    outputs: list[WantedOutput] | None = None


_decoder = msgspec.json.Decoder(InferRequest)

_KNOWN_PARAMETERS = {
    "input": frozenset({"binary_data_size"}),
    "output": frozenset({"binary_data"}),
    "request": frozenset({"binary_data_output"}),
}


def parse_request(body: bytes, header_length: bytes | None) -> tuple[InferRequest, list[bytes]]:
    """Take a body apart.

    Parameters
    ----------
    header_length
        Value of ``Inference-Header-Content-Length``: bytes of the JSON; None when the body is nothing else.

    Returns
    -------
    tuple[InferRequest, list[bytes]]
        The JSON, and for each tensor its bytes, empty where its values are in the JSON.

    Raises
    ------
    MalformedRequest
        When it is not of the protocol.
    """
    length = len(body) if header_length is None else _length(header_length, len(body))
    try:
        request = _decoder.decode(body[:length])
    except msgspec.ValidationError as error:
        raise MalformedRequest(400, f"expected an inference request: {str(error)[:200]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedRequest(
            400,
            "the request is not valid JSON; for tensors behind it send Inference-Header-Content-Length"
            f"{hint(body[:length])}",
        ) from None
    _require_known("request", request.parameters)
    for output in request.outputs or ():
        _require_known("output", output.parameters)
    return request, _blobs(request.inputs, body[length:])


def _length(value: bytes, maximum: int) -> int:
    text = value.strip()
    if not text.isdigit() or len(text) > MAXIMUM_HEADER_DIGITS or int(text) > maximum:
        raise MalformedRequest(
            400, "Inference-Header-Content-Length: expected at most the length of the body"
        )
    return int(text)


def _blobs(tensors: list[InputTensor], behind: bytes) -> list[bytes]:
    """Cut what stands behind the JSON; all of it belongs to a tensor."""
    blobs, begin = [], 0
    for tensor in tensors:
        _require_known("input", tensor.parameters)
        size = tensor.binary_size
        if (size is None) == (tensor.data is None):
            raise MalformedRequest(
                400,
                f"input {tensor.name[:64]}: expected either data or the parameter binary_data_size",
            )
        if size is not None and (type(size) is not int or size < 0):
            raise MalformedRequest(
                400, f"input {tensor.name[:64]}: binary_data_size: expected a whole number of bytes"
            )
        end = begin + (size or 0)
        blobs.append(behind[begin:end])
        begin = end
    if begin != len(behind):
        raise MalformedRequest(
            400,
            f"expected {begin} bytes of tensors behind the JSON, as binary_data_size says; got {len(behind)}",
        )
    return blobs


def _require_known(where: str, parameters: dict[str, Any]) -> None:
    """Refuse what the service cannot do, such as shared memory, sequences or classification."""
    unknown = sorted(parameters.keys() - _KNOWN_PARAMETERS[where])
    if unknown:
        raise MalformedRequest(
            400, f"parameter {unknown[0][:64]} of the {where}: not supported here"
        )
