"""What a call is told when it is refused."""

from __future__ import annotations

import grpc
import httpx

STATUSES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    409: grpc.StatusCode.ALREADY_EXISTS,
    405: grpc.StatusCode.UNIMPLEMENTED,
    410: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    414: grpc.StatusCode.INVALID_ARGUMENT,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    431: grpc.StatusCode.INVALID_ARGUMENT,
    499: grpc.StatusCode.CANCELLED,
    500: grpc.StatusCode.INTERNAL,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""Statuses of HTTP in the words of gRPC's ``code.proto``; 409 is a key that was used for another application."""


_MOST_SAID = 800
"""Characters: each may travel as three bytes of UTF-8, of which each is written as three."""


class CallRefused(Exception):
    """A call gets no answer.

    Parameters
    ----------
    http_status
        As the service has it; one that is not in `STATUSES` is ``UNKNOWN``.
    said
        Cut off where gRPC would not carry it: it travels among the headers, which have 8 KiB.
    """

    def __init__(self, http_status: int, said: str) -> None:
        self.code = STATUSES.get(http_status, grpc.StatusCode.UNKNOWN)
        super().__init__(said[:_MOST_SAID])


def refused(response: httpx.Response) -> CallRefused:
    """Hand on what the service said, or its status where that was no sentence of ours."""
    try:
        document = response.json()
        said = document.get("error") or f"{document['title']}: {document['detail']}"
    except (ValueError, KeyError, AttributeError):
        said = f"the service answered with the status {response.status_code}"
    return CallRefused(response.status_code, said)
