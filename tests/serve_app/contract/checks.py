"""Hold a running service against the table of cases."""

from __future__ import annotations

import http.client
import re

from tests.serve_app.contract.bodies import BODIES
from tests.serve_app.contract.cases import GOOD, SECRET_INCOME, SECRET_NAME, Case, head, post
from tests.serve_app.contract.framing import FRAMING, HEADERS
from tests.serve_app.contract.many import MANY
from tests.serve_app.contract.targets import TARGETS
from tests.serve_app.live import Heard, ask, connected, hear

CASES = [*BODIES, *FRAMING, *HEADERS, *TARGETS, *MANY]
SCORED = {"probability_of_default", "score", "decision", "reason_codes"}


def check(url: str, token: str, case: Case) -> Heard:
    """Send what the case says, and fail unless it is answered as promised."""
    heard = ask(url, case.request(token))

    assert heard.status in case.statuses, heard
    if case.header is not None:
        name, value = case.header
        assert heard.headers.get(name) == value
    if case.detail is not None or heard.status == 200:
        assert heard.headers["x-request-id"]
        assert heard.headers["cache-control"] == "no-store"
    if heard.status == 200:
        assert heard.document.keys() >= SCORED
    else:
        require_refusal(heard, case.detail)
    return heard


def require_refusal(heard: Heard, detail: str | None) -> None:
    """Nothing was scored, nothing is told of the applicant, and the problem is a document."""
    assert SECRET_NAME.encode() not in heard.body
    assert str(SECRET_INCOME).encode() not in heard.body
    assert b"probability_of_default" not in heard.body
    assert len(heard.body) < 20_000
    if detail is None:
        return
    assert heard.headers["content-type"] == "application/problem+json"
    document = heard.document
    assert document["status"] == heard.status
    assert document["type"].startswith("urn:credit-cluster:problem:")
    assert document["title"]
    assert document["instance"].startswith("urn:credit-cluster:request:")
    assert re.search(detail, document["detail"]), document["detail"]


def hang_up(url: str, request: bytes) -> None:
    """Send a part of a request and leave."""
    with connected(url) as connection:
        connection.sendall(request)


def check_hang_ups(url: str, token: str) -> None:
    """Clients that leave at any point harm nobody."""
    whole = post(token, GOOD)
    for end in (1, 30, len(whole) - len(GOOD), len(whole) - 1, len(whole)):
        hang_up(url, whole[:end])
    check_lives(url)


def check_slow_sender(url: str, token: str) -> Heard:
    """A body that never ends is not waited for."""
    with connected(url) as connection:
        connection.sendall(post(token, GOOD)[:-1])
        heard = hear(connection)
    assert heard.status == 408
    require_refusal(heard, "the body did not arrive within")
    return heard


def check_slow_reader(url: str, token: str) -> None:
    """Who asks for much and reads nothing keeps nobody waiting."""
    with connected(url) as connection:
        connection.sendall(head("GET", "/openapi.json", None) * 50)
        assert ask(url, post(token, GOOD)).status == 200
        heard = b""
        while heard.count(b"HTTP/1.1 200 OK") < 50:
            more = connection.recv(2**20)
            assert more, "the connection ended before all was read"
            heard += more


def check_reuse(url: str, token: str) -> None:
    """After a refusal whose body was read, the connection serves the next request."""
    with connected(url) as connection:
        for body, status in ((b"{", 400), (b"[]", 422), (GOOD, 200), (b"{}", 422), (GOOD, 200)):
            connection.sendall(post(token, body))
            assert hear(connection).status == status


def check_everything(url: str, token: str) -> None:
    """All of the above, with all failures at once."""
    failures = []
    for case in CASES:
        try:
            check(url, token, case)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            failures.append(f"{case.name}: {error!r}")
    for law in (check_hang_ups, check_slow_sender, check_slow_reader, check_reuse):
        try:
            law(url, token)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            failures.append(f"{law.__name__}: {error!r}")
    check_lives(url)
    assert not failures, "\n".join(failures)


def check_lives(url: str) -> None:
    """The service still answers."""
    assert ask(url, head("GET", "/healthz", None)).document == {"status": "alive"}
