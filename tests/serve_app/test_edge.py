"""No client gives orders to Ray Serve."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ray.serve._private.http_util import (
    _apply_middlewares,
    parse_disconnect_disabled_header,
    parse_request_timeout_header,
    parse_session_id_header,
)
from ray.serve._private.utils import call_function_from_import_path

from serve_app.edge import IMPORT_PATH, Edge, middlewares, without_orders
from serve_app.request_ids import ANSWERED_ELSEWHERE
from tests.service import Service


@pytest.mark.parametrize("value", [b"0", b"-1", b"nan", b"1e-9", b"1e300", b"soon", b"\xff"])
def test_the_time_a_request_may_take_is_not_for_a_client_to_say(value: bytes) -> None:
    """Read by Ray Serve's own function; the second line shows what it would have made of it."""
    sent = [(b"x-request-timeout-seconds", value), (b"host", b"service")]

    assert parse_request_timeout_header(dict(without_orders(sent)), 10.0) == 10.0
    if value not in (b"soon", b"\xff"):
        assert parse_request_timeout_header(dict(sent), 10.0) != 10.0


def test_nor_is_whether_a_hang_up_is_noticed_or_who_answers() -> None:
    sent = [
        (b"x-request-disconnect-disabled", b"?1"),
        (b"X_Session_Id", b"mine"),
        (b"serve_multiplexed_model_id", b"another"),
    ]

    assert parse_disconnect_disabled_header(dict(sent))
    assert parse_session_id_header(dict(sent)) == "mine"
    assert without_orders(sent) == []


@pytest.mark.parametrize("name", [b"traceparent", b"tracestate"])
@pytest.mark.parametrize("value", [b"\xff", b"", b"a b", b"x" * 257, b"a\tb"])
def test_what_ray_serve_decodes_is_plain(name: bytes, value: bytes) -> None:
    assert without_orders([(name, value), (name, b"0af7-65/1")]) == [(name, b"0af7-65/1")]


def test_all_else_passes_in_its_order() -> None:
    sent = [(b"b", b"\xff"), (b"a", b"1"), (b"b", b"2"), (b"authorization", b"Bearer x")]

    assert without_orders(sent) == sent


def test_ray_serve_finds_it() -> None:
    [middleware] = call_function_from_import_path(IMPORT_PATH)

    assert middleware.cls is Edge


@pytest.mark.parametrize("kind", ["http", "lifespan"])
def test_the_application_sees_the_rest_and_our_orders(kind: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope: dict[str, Any] = {"type": kind}
    if kind == "http":
        scope["headers"] = [(b"x-request-timeout-seconds", b"7"), (b"a", b"1")]
    asyncio.run(Edge(app)(scope, None, None))  # type: ignore[arg-type]

    headers = seen[0].get("headers")
    assert (headers is None) == (kind == "lifespan")
    if headers is not None:
        assert headers[0] == (b"a", b"1")
        assert ANSWERED_ELSEWHERE in seen[0]
        assert parse_request_timeout_header(dict(headers), 10.0) is None
        assert parse_disconnect_disabled_header(dict(headers))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], None),
        ([b"call 7"], b"call 7"),
        ([b"a", b"b"], b"a, b"),
        ([b"\xff\xfe"], None),
        ([b"x" * 129], None),
    ],
)
def test_behind_ray_serve_a_client_is_told_one_name_which_the_service_knows_too(
    service: Service, given: list[bytes], told: bytes | None
) -> None:
    """Ray Serve's own middleware stands between: it draws a name, and tells it."""
    sent: list[Any] = []
    app = _apply_middlewares(service.app, middlewares())

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/nowhere",
        "query_string": b"",
        "headers": [(b"x-request-id", name) for name in given],
    }
    asyncio.run(app(scope, None, send))

    [name] = [value for key, value in sent[0]["headers"] if key.lower() == b"x-request-id"]
    assert name == (told or name)
    assert len(name) == 32 or told is not None
    assert name.replace(b" ", b"%20") in sent[1]["body"]
