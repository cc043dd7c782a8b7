"""Clients of the service, synchronous and asynchronous; they need httpx and msgspec, and nothing else.

::

    with ScoringClient("http://127.0.0.1:8000", token) as client:
        answer = client.score(application)
        print(answer.decision, answer.score, [reason.text for reason in answer.reason_codes])

What fails in passing is repeated under one idempotency key, so that nothing is decided twice: see
:class:`RetryPolicy`.
"""

from serve_app.client.asynchronous import AsyncScoringClient
from serve_app.client.lines import RefusedRow
from serve_app.client.refusals import ServiceRefused, ServiceUnreachable
from serve_app.client.retries import NO_RETRIES, RetryPolicy
from serve_app.client.synchronous import ScoringClient

__all__ = [
    "NO_RETRIES",
    "AsyncScoringClient",
    "RefusedRow",
    "RetryPolicy",
    "ScoringClient",
    "ServiceRefused",
    "ServiceUnreachable",
]
