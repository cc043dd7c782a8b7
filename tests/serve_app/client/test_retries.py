"""How often and how long after a client tries again; time and chance are driven by hand."""

from __future__ import annotations

import datetime
import pickle
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import ApplicationInvalid, CreditError, RecordErased, SettingsInvalid
from serve_app.client import RetryPolicy, ServiceRefused, ServiceUnreachable
from serve_app.client.refusals import refusal
from serve_app.client.retries import Attempts

UNREACHABLE = ServiceUnreachable("no answer")


class Clock:
    """Driven by hand."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def longest(low: float, high: float) -> float:
    return high


def test_pauses_double_up_to_a_bound() -> None:
    policy = RetryPolicy(attempts=7, first_pause_s=0.1, longest_pause_s=1.0, patience_s=100)
    attempts = Attempts(policy, clock=Clock(), draw=longest)

    pauses = [attempts.pause_after(UNREACHABLE) for _ in range(7)]

    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, None])


@given(st.integers(1, 12), st.floats(0, 5), st.floats(0, 5), st.data())
def test_the_budget_is_never_passed(n: int, first: float, more: float, data: st.DataObject) -> None:
    """Whatever chance draws, and however long attempts take."""
    policy = RetryPolicy(
        attempts=n, first_pause_s=first, longest_pause_s=first + more, patience_s=7.0
    )
    clock = Clock()

    def draw(low: float, high: float) -> float:
        return data.draw(st.floats(low, high))

    attempts, n_tried = Attempts(policy, clock=clock, draw=draw), 0
    while True:
        n_tried += 1
        clock.now += data.draw(st.floats(0, 3))
        pause = attempts.pause_after(UNREACHABLE)
        if pause is None:
            break
        assert 0 <= pause <= policy.longest_pause_s
        clock.now += pause
        assert clock.now <= 57.0
    assert n_tried <= n


def test_the_service_is_not_asked_before_it_says() -> None:
    attempts = Attempts(RetryPolicy(patience_s=10), clock=Clock(), draw=longest)

    assert attempts.pause_after(ServiceRefused(503, "t", "d", 4.0)) == pytest.approx(4.05)
    assert attempts.pause_after(ServiceRefused(503, "t", "d", 11.0)) is None


@pytest.mark.parametrize("status", [400, 401, 403, 408, 409, 413, 422, 429, 500, 501])
def test_what_will_not_pass_is_not_repeated(status: int) -> None:
    assert Attempts(RetryPolicy()).pause_after(ServiceRefused(status, "t", "d")) is None
    assert Attempts(RetryPolicy()).pause_after(ApplicationInvalid([])) is None


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_may_pass_is_repeated(status: int) -> None:
    assert Attempts(RetryPolicy()).pause_after(ServiceRefused(status, "t", "d")) is not None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"attempts": 0}, "expected at least 1 attempt"),
        ({"first_pause_s": 3.0}, "first_pause_s <= longest_pause_s, got 8, 3 and 2"),
        ({"first_pause_s": -1.0}, "0 <= first_pause_s"),
        ({"patience_s": 0.0}, "patience_s: expected more than 0, got 0"),
    ],
)
def test_a_policy_has_bounds(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsInvalid, match=told):
        RetryPolicy(**wrong)


def answered(status: int, body: Any, **headers: str) -> CreditError:
    return refusal(httpx.Response(status, json=body, headers=headers))


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("soon", None), ("-1", None), ("1.5", None), ("", None)]
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    error = refusal(httpx.Response(503, headers={"retry-after": value}))

    assert isinstance(error, ServiceRefused)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(("ahead_s", "low", "high"), [(3_600, 3_500, 3_601), (-60, 0, 0)])
def test_retry_after_as_a_date(ahead_s: int, low: int, high: int) -> None:
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=ahead_s)

    error = refusal(httpx.Response(503, headers={"retry-after": format_datetime(at, usegmt=True)}))

    assert isinstance(error, ServiceRefused)
    assert error.retry_after_s is not None
    assert low <= error.retry_after_s <= high


def test_an_error_has_the_sentence_of_the_problem_and_the_name_of_the_request() -> None:
    body = {
        "type": "urn:credit-cluster:problem:erased",
        "title": "The subject was erased",
        "detail": "they were erased in May",
    }

    error = answered(410, body, **{"x-request-id": "call-7"})

    assert isinstance(error, RecordErased)
    assert str(error) == "they were erased in May"
    assert error.__notes__ == ["request call-7"]


@pytest.mark.parametrize("body", [None, [], 7, "text", {"title": "t"}, {"type": 1, "errors": 2}])
def test_what_is_no_problem_document_is_told_by_its_status(body: Any) -> None:
    error = answered(502, body)

    assert isinstance(error, ServiceRefused)
    assert str(error).startswith("502 no problem document: ")


def test_a_refusal_crosses_a_process_boundary() -> None:
    copied = pickle.loads(pickle.dumps(ServiceRefused(503, "t", "d", 4.0)))  # noqa: S301

    assert (str(copied), copied.status, copied.retry_after_s) == ("503 t: d", 503, 4.0)
