"""The published messages, which are an extra."""

from __future__ import annotations

from typing import Any

from credit.errors import SettingsInvalid

SERVICE = "inference.GRPCInferenceService"


def messages() -> Any:
    """Return the module of the messages.

    Raises
    ------
    SettingsInvalid
        When the extra is not installed.
    """
    try:
        from tritonclient.grpc import service_pb2
    except ImportError as error:
        raise SettingsInvalid(
            f"the inference protocol over gRPC needs the extra `grpc` ({error.name} is not installed): "
            "pip install 'credit-cluster[grpc]'"
        ) from None
    return service_pb2
