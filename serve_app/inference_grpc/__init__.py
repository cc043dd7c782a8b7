"""The Open Inference Protocol, version 2, over gRPC: a door that asks the service's own REST routes.

Each call becomes one request to ``/v2`` with its tensors in binary form, so tokens, bounds, decisions and
records are those of the service and there is no second way to a score. Messages are those of
``specification/protocol/inference_grpc.md`` at https://github.com/kserve/open-inference-protocol, by the stubs
that NVIDIA publishes in ``tritonclient``.
"""

from serve_app.inference_grpc.door import GrpcDoor
from serve_app.inference_grpc.upstream import Upstream

__all__ = ["GrpcDoor", "Upstream"]
