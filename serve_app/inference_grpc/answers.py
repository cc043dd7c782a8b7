"""Answers of REST become answers of gRPC."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from serve_app.inference.tensors import unpack
from serve_app.inference_grpc.requests import CONTENTS
from serve_app.inference_grpc.stubs import messages


def infer_response(body: bytes, header_length: int, *, raw: bool) -> Any:
    """Read an answer of REST as a ``ModelInferResponse``.

    Parameters
    ----------
    header_length
        Bytes of the JSON in front of the tensors.
    raw
        Whether values go into ``raw_output_contents``, as those of the request came; else into ``contents``.
    """
    document = msgspec.json.decode(body[:header_length])
    response = messages().ModelInferResponse(
        model_name=document["model_name"],
        model_version=document["model_version"],
        id=document.get("id", ""),
    )
    sizes = [output["parameters"]["binary_data_size"] for output in document["outputs"]]
    ends = list(itertools.accumulate(sizes, initial=header_length))
    for output, (begin, until) in zip(document["outputs"], itertools.pairwise(ends), strict=True):
        datatype, shape = output["datatype"], output["shape"]
        tensor = response.outputs.add(name=output["name"], datatype=datatype, shape=shape)
        blob = body[begin:until]
        if raw:
            response.raw_output_contents.append(blob)
        else:
            getattr(tensor.contents, CONTENTS[datatype]).extend(unpack(datatype, blob, shape[0]))
    return response


def server_metadata(document: Any) -> Any:
    """Read what REST says of the server."""
    return messages().ServerMetadataResponse(
        name=document["name"], version=document["version"], extensions=document["extensions"]
    )


def model_metadata(document: Any) -> Any:
    """Read what REST says of the model."""
    response = messages().ModelMetadataResponse(
        name=document["name"], versions=document["versions"], platform=document["platform"]
    )
    for told, tensors in (
        (response.inputs, document["inputs"]),
        (response.outputs, document["outputs"]),
    ):
        for tensor in tensors:
            told.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
    return response
