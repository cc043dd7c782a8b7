"""A node that is down or full is a reason to come again, not a mistake of ours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError

from credit.errors import ServiceUnavailable
from serve_app.deployments import calling
from serve_app.nodes import PinnedValues
from serve_app.problems import problem_for


class Handle:
    """Stands where a deployment's handle stands, and fails as it does."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def remote(self, items: list[PinnedValues]) -> list[Any]:
        if self._error is not None:
            raise self._error
        return [len(items)]


ITEMS = [PinnedValues("b" * 64, (1.0, 2.0))]


@pytest.mark.parametrize(
    "error", [RayActorError(), BackPressureError(num_queued_requests=9, max_queued_requests=9)]
)
def test_a_node_that_is_gone_or_full_is_answered_with_503(error: Exception) -> None:
    with pytest.raises(ServiceUnavailable, match="does not answer; nothing was decided") as caught:
        asyncio.run(calling(Handle(error))(ITEMS))  # type: ignore[arg-type]

    refusal = problem_for(caught.value)
    assert refusal.status == 503
    assert dict(refusal.headers)[b"retry-after"] == b"1"


def test_a_mistake_of_ours_stays_one() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(calling(Handle(ZeroDivisionError()))(ITEMS))  # type: ignore[arg-type]


def test_what_the_node_answers_comes_back() -> None:
    assert asyncio.run(calling(Handle(None))(ITEMS)) == [1]  # type: ignore[arg-type]
