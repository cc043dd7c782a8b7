"""Answers become tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from credit.decision.score import Answer
from serve_app.inference.message import InferRequest, WantedOutput
from serve_app.inference.tensors import pack
from serve_app.problems import MalformedRequest
from serve_app.reply import JSON, Reply

_OCTETS = b"application/octet-stream"
HEADER_LENGTH = b"inference-header-content-length"


def _reasons(answer: Answer) -> str:
    return msgspec.json.encode(answer.reason_codes).decode()


OUTPUTS: Mapping[str, tuple[str, Callable[[Answer], Any]]] = {
    "probability_of_default": ("FP64", lambda answer: answer.probability_of_default),
    "score": ("FP64", lambda answer: answer.score),
    "decision": ("BYTES", lambda answer: answer.decision),
    "risk_level": ("BYTES", lambda answer: answer.risk_level),
    "decision_id": ("BYTES", lambda answer: answer.decision_id),
    "reason_codes": ("BYTES", _reasons),
}
"""Outputs, their datatypes, and what they are of an answer; reason codes are JSON, as ``/v1/score`` gives them."""

_answer = msgspec.json.Decoder(Answer)


def wanted_outputs(request: InferRequest) -> list[WantedOutput]:
    """Outputs that a request asks for, all when it names none.

    Raises
    ------
    MalformedRequest
        When one is unknown, or named twice.
    """
    wanted = request.outputs or [WantedOutput(name) for name in OUTPUTS]
    names = [output.name for output in wanted]
    unknown = [name[:64] for name in names if name not in OUTPUTS]
    if unknown:
        raise MalformedRequest(
            400,
            f"outputs: unknown {', '.join(unknown[:10])}; expected some of {', '.join(OUTPUTS)}",
        )
    if len(set(names)) < len(names):
        raise MalformedRequest(400, "outputs: expected each output once")
    return wanted


def encode_answers(
    request: InferRequest, recorded: Sequence[bytes], *, model: str, version: str
) -> Reply:
    """Write recorded answers as the request wants them.

    Raises
    ------
    MalformedRequest
        As :func:`wanted_outputs`.
    """
    answers = [_answer.decode(answer) for answer in recorded]
    tensors, blobs = [], []
    for output in wanted_outputs(request):
        datatype, value_of = OUTPUTS[output.name]
        values = [value_of(answer) for answer in answers]
        tensor: dict[str, Any] = {
            "name": output.name,
            "datatype": datatype,
            "shape": [len(values)],
        }
        if output.parameters.get("binary_data", request.parameters.get("binary_data_output")):
            blobs.append(pack(datatype, values))
            tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            tensor["data"] = values
        tensors.append(tensor)
    document: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": tensors}
    if request.id is not None:
        document["id"] = request.id
    encoded = msgspec.json.encode(document)
    if not blobs:
        return Reply(200, encoded, JSON)
    length = ((HEADER_LENGTH, str(len(encoded)).encode()),)
    return Reply(200, b"".join([encoded, *blobs]), _OCTETS, length)
