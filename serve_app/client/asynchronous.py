"""The client for event loops; what it does is what the synchronous one does."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
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


class AsyncScoringClient:
    """Asynchronous client; safe to share between the tasks of one event loop, which share its connections.

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
    ::

        async with AsyncScoringClient("http://127.0.0.1:8000", token) as client:
            async for told in client.score_many(applications):
                print(told)
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s
        self._retry = retry
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=timeout_s,
            transport=transport,
            limits=LIMITS,
        )

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def score(
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
        response = await self._send(
            score_call(application, idempotency_key, shap_values=shap_values)
        )
        return msgspec.json.decode(response.content, type=Answer)

    async def score_many(
        self,
        applications: Iterable[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
        shap_values: bool = False,
        rows_per_request: int = ROWS_PER_REQUEST,
    ) -> AsyncGenerator[Answer | RefusedRow, None]:
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
            async with aclosing(self._rows(call)) as rows:
                async for told in rows:
                    yield told

    async def decision(self, decision_id: str) -> dict[str, Any]:
        """Show a decision that was made.

        Raises
        ------
        DecisionUnknown
            When there is none of this id.
        ServiceUnavailable
            When the service does not answer.
        """
        found: dict[str, Any] = msgspec.json.decode(
            (await self._send(decision_call(decision_id))).content
        )
        return found

    async def model(self) -> dict[str, Any]:
        """Say which bundles answer whom."""
        return dict(await self.get("/v1/model"))

    async def rollout(self) -> dict[str, Any]:
        """Say who answers, what is about to, and who serves."""
        return dict(await self.get("/v1/rollout"))

    async def drift(self) -> dict[str, Any]:
        """Return the state of the drift monitor and its latest report."""
        return dict(await self.get("/v1/drift"))

    async def get(self, path: str) -> Any:
        """Read a JSON route such as ``/v1/drift/reports?limit=5``."""
        return msgspec.json.decode((await self._send(Call("GET", path))).content)

    async def _send(self, call: Call) -> httpx.Response:
        attempts = Attempts(self._retry)
        while True:
            error: CreditError
            try:
                response = await self._http.request(**call.arguments(), **self._timeout(attempts))
            except httpx.HTTPError as failed:
                error = unreachable(self._http.base_url, failed)
            else:
                if response.is_success:
                    return response
                error = refusal(response)
            await _wait(attempts, error)

    async def _rows(self, call: Call) -> AsyncGenerator[Answer | RefusedRow, None]:
        attempts, lines = Attempts(self._retry), BatchLines(call)
        while True:
            try:
                async with aclosing(self._attempt(call, attempts, lines)) as rows:
                    async for told in rows:
                        yield told
            except httpx.HTTPError as failed:
                await _wait(attempts, unreachable(self._http.base_url, failed))
            except CreditError as error:
                await _wait(attempts, error)
            else:
                return

    async def _attempt(
        self, call: Call, attempts: Attempts, lines: BatchLines
    ) -> AsyncGenerator[Answer | RefusedRow, None]:
        lines.begin_again()
        async with self._http.stream(**call.arguments(), **self._timeout(attempts)) as response:
            if not response.is_success:
                await response.aread()
                raise refusal(response)
            async for piece in response.aiter_bytes():
                for told in lines.read(piece):
                    yield told
        lines.require_all()

    def _timeout(self, attempts: Attempts) -> dict[str, Any]:
        left_s = attempts.left_s
        return {} if left_s >= self._timeout_s else {"timeout": max(left_s, 0.001)}


async def _wait(attempts: Attempts, error: CreditError) -> None:
    pause = attempts.pause_after(error)
    if pause is None:
        raise error
    await sleep(pause)
