"""Every answer names its request: as the client did, or by a new name."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.request_ids import instance, request_id
from tests.loanbook import application
from tests.service import Service

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128)


@given(PRINTABLE)
def test_a_printable_name_is_taken(name: str) -> None:
    assert request_id(name.encode()) == name.encode()


@pytest.mark.parametrize(
    "given", [None, b"", b"x" * 129, b"\xff", b"a\tb", b"a\nb", b" a", b"a\x7f", "ü".encode()]
)
def test_anything_else_is_not_taken(given: bytes | None) -> None:
    drawn = {request_id(given) for _ in range(100)}

    assert len(drawn) == 100
    assert all(len(name) == 32 and name.isalnum() for name in drawn)


@given(PRINTABLE)
def test_the_urn_holds_the_name(name: str) -> None:
    urn = instance(name.encode())

    assert unquote(urn.removeprefix("urn:credit-cluster:request:")) == name
    assert not set(urn) & set(' "<>\\^`{|}[]#?')


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/model", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/score", 405),
        ("GET", "/v1/decisions/none", 404),
        ("POST", "/v1/score", 400),
    ],
)
def test_each_answer_tells_the_name(service: Service, method: str, path: str, status: int) -> None:
    named = service.client.request(method, path, headers={"X-Request-Id": "call/7 of <me>"})
    unnamed = service.client.request(method, path)

    assert named.status_code == unnamed.status_code == status
    assert named.headers["x-request-id"] == "call/7 of <me>"
    assert len(unnamed.headers["x-request-id"]) == 32
    if status >= 400:
        assert named.json()["instance"] == "urn:credit-cluster:request:call/7%20of%20%3Cme%3E"
        drawn = unnamed.headers["x-request-id"]
        assert unnamed.json()["instance"] == f"urn:credit-cluster:request:{drawn}"


def test_what_cannot_be_read_is_named_too(service: Service) -> None:
    """The name is in the headers that are refused."""
    headers = {"X-Request-Id": "call-7", "X-Long": "y" * 20_000}

    response = service.client.get("/healthz", headers=headers)

    assert response.status_code == 431
    assert len(response.headers["x-request-id"]) == 32


def test_a_line_about_an_unplanned_error_names_the_request(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(service.gateway._scoring, "score", fail)
    with caplog.at_level(logging.ERROR):
        response = service.score(application(), X_Request_Id="call-7")

    assert response.json()["instance"].endswith(":call-7")
    assert "RuntimeError in /v1/score (request call-7)" in caplog.text
