"""The client for threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from time import sleep
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from credit.answer import Answer
from credit.errors import CreditError
from serve_app.client.calls import ROWS_PER_REQUEST, Call, batch_calls, decision_call, score_call
from serve_app.client.connections import LIMITS
from serve_app.client.lines import BatchLines, RefusedRow
from serve_app.client.refusals import refusal, unreachable
from serve_app.client.retries import Attempts, RetryPolicy


class ScoringClient:
    """Synchronous client; safe to share between threads, which share its connections.

    Parameters
    ----------
    base_url
        Such as ``http://127.0.0.1:8000``.
    token
        The service's token.
    timeout_s
        For one attempt.
    retry
        What is repeated, and for how long.
    transport
        How requests travel, in place of the network.

    Examples
    --------
    >>> with ScoringClient("http://127.0.0.1:8000", token) as client:  # doctest: +SKIP
    ...     answer = client.score({"application_id": "A-1", "age": 41, "debt_ratio": 0.35})
    ...     answer.decision, answer.score
    ('approve', 631.25)
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s
        self._retry = retry
        self._http = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=timeout_s,
            transport=transport,
            limits=LIMITS,
        )

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
        self.close()

    def close(self) -> None:
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

        Parameters
        ----------
        idempotency_key
            Names this decision, so that who asks again, even after a crash, is told the same. Without it, one is
            drawn, which holds for this call.

        Raises
        ------
        ApplicationInvalid, NotJson
            When the application breaks the contract.
        IdempotencyConflict, RecordErased
            When the key was used for another application, or for somebody who was erased.
        ServiceUnavailable
            When the service cannot be reached, or answers that it cannot decide.
        """
        response = self._send(score_call(application, idempotency_key, shap_values=shap_values))
        return msgspec.json.decode(response.content, type=Answer)

    def score_many(
        self,
        applications: Iterable[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
        shap_values: bool = False,
        rows_per_request: int = ROWS_PER_REQUEST,
    ) -> Iterator[Answer | RefusedRow]:
        """Decide many applications; what became of them comes in their order, as it is decided.

        Parameters
        ----------
        idempotency_key
            With the place of a row among the applications, and the same ``rows_per_request``, it names the decision
            of each.

        Raises
        ------
        ServiceUnavailable
            When the service cannot be reached, or answers that it cannot decide. What was told until then is on
            record.
        """
        calls = batch_calls(
            applications,
            idempotency_key,
            shap_values=shap_values,
            rows_per_request=rows_per_request,
        )
        for call in calls:
            yield from self._rows(call)

    def decision(self, decision_id: str) -> dict[str, Any]:
        """Show a decision that was made.

        Raises
        ------
        DecisionUnknown
            When there is none of this id.
        ServiceUnavailable
            When the service does not answer.
        """
        found: dict[str, Any] = msgspec.json.decode(self._send(decision_call(decision_id)).content)
        return found

    def model(self) -> dict[str, Any]:
        """Say which bundles answer whom."""
        return dict(self.get("/v1/model"))

    def rollout(self) -> dict[str, Any]:
        """Say who answers, what is about to, and who serves."""
        return dict(self.get("/v1/rollout"))

    def drift(self) -> dict[str, Any]:
        """Return the state of the drift monitor and its latest report."""
        return dict(self.get("/v1/drift"))

    def get(self, path: str) -> Any:
        """Read a JSON route such as ``/v1/drift/reports?limit=5``."""
        return msgspec.json.decode(self._send(Call("GET", path)).content)

    def _send(self, call: Call) -> httpx.Response:
        attempts = Attempts(self._retry)
        while True:
            error: CreditError
            try:
                response = self._http.request(**call.arguments(), **self._timeout(attempts))
            except httpx.HTTPError as failed:
                error = unreachable(self._http.base_url, failed)
            else:
                if response.is_success:
                    return response
                error = refusal(response)
            _wait(attempts, error)

    def _rows(self, call: Call) -> Iterator[Answer | RefusedRow]:
        attempts, lines = Attempts(self._retry), BatchLines(call)
        while True:
            try:
                yield from self._attempt(call, attempts, lines)
            except httpx.HTTPError as failed:
                _wait(attempts, unreachable(self._http.base_url, failed))
            except CreditError as error:
                _wait(attempts, error)
            else:
                return

    def _attempt(
        self, call: Call, attempts: Attempts, lines: BatchLines
    ) -> Iterator[Answer | RefusedRow]:
        lines.begin_again()
        with self._http.stream(**call.arguments(), **self._timeout(attempts)) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            for piece in response.iter_bytes():
                yield from lines.read(piece)
        lines.require_all()

    def _timeout(self, attempts: Attempts) -> dict[str, Any]:
        left_s = attempts.left_s
        return {} if left_s >= self._timeout_s else {"timeout": max(left_s, 0.001)}


def _wait(attempts: Attempts, error: CreditError) -> None:
    pause = attempts.pause_after(error)
    if pause is None:
        raise error
    sleep(pause)
