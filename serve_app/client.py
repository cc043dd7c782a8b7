"""A client of the service; importable without Ray."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from credit.decision.score import Answer
from credit.errors import ApplicationInvalid, Failure, ServiceUnavailable


class ServiceRefused(ServiceUnavailable):
    """The service answered with a problem document other than an invalid application."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.status = status
        super().__init__(f"{status} {title}: {detail}")


class ScoringClient:
    """Synchronous client; safe to share between threads.

    Parameters
    ----------
    base_url
        Such as ``http://127.0.0.1:8000``.
    token
        The service's token.
    timeout_s
        For one request.
    """

    def __init__(self, base_url: str, token: str | None, *, timeout_s: float = 30.0) -> None:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def score(
        self,
        application: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        shap_values: bool = False,
    ) -> Answer:
        """Decide one application.

        Raises
        ------
        ApplicationInvalid
            When the application breaks the contract.
        ServiceUnavailable
            When the service cannot be reached, or answers that it cannot decide.
        """
        headers = {"content-type": "application/json"}
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        parameters = {"shap_values": "true"} if shap_values else {}
        content = msgspec.json.encode(application)
        response = self._send(
            "POST", "/v1/score", content=content, headers=headers, params=parameters
        )
        return msgspec.json.decode(response.content, type=Answer)

    def get(self, path: str) -> Any:
        """Read a JSON route such as ``/v1/drift``."""
        return msgspec.json.decode(self._send("GET", path).content)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ServiceUnavailable(
                f"no answer from {self._http.base_url}: {type(error).__name__}; is `credit serve` running?"
            ) from error
        if response.is_success:
            return response
        raise _refusal(response)


def _refusal(response: httpx.Response) -> Exception:
    try:
        problem = msgspec.json.decode(response.content)
        failures = [Failure(f["field"], f["rule"], f["message"]) for f in problem.get("errors", [])]
        title, detail = problem["title"], problem["detail"]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        title, detail, failures = "no problem document", response.text[:200], []
    if failures:
        return ApplicationInvalid(failures)
    return ServiceRefused(response.status_code, title, detail)
