"""The Open Inference Protocol, version 2, over REST: tensors in, tensors out, one decision a row.

Formats are those of https://github.com/kserve/open-inference-protocol (``specification/protocol/
inference_rest.md``), and Triton's extension for tensors in binary form behind the JSON
(``docs/protocol/extension_binary_data.md`` of its server), which its clients use unless told otherwise.
"""

from serve_app.inference.answers import OUTPUTS, encode_answers
from serve_app.inference.inputs import TensorReader
from serve_app.inference.message import InferRequest, parse_request

__all__ = ["OUTPUTS", "InferRequest", "TensorReader", "encode_answers", "parse_request"]
