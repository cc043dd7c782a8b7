"""The table of bad input against the service behind a WSGI server."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from credit.records import RecordReader
from serve_app.limits import Limits
from serve_app.wsgi import WsgiApp
from tests.serve_app.contract.checks import CASES, check, check_hang_ups, check_lives
from tests.serve_app.wsgi.serving import wsgi_server
from tests.service import TOKEN, Nodes, Service, open_service

OF_THE_SERVER = {
    # Headers that stand twice are one when the application sees them.
    "two deadlines",
    "two keys",
    "two content types",
    "two tokens",
    # So is a header without a value none.
    "empty content type",
    # What it makes of these, the application does not see, or sees otherwise.
    "a NUL in a header",
    "a length below zero",
    "an unknown transfer coding",
    "path //v1/score",
    "no HTTP at all",
}
"""Cases in which a WSGI server stands between: werkzeug here, which Flask runs on while one develops."""


@pytest.fixture(scope="module")
def service(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = Limits(8, 64, body_timeout_s=5.0, answer_timeout_s=30.0)
    with open_service(nodes, tmp_path_factory.mktemp("wsgi"), limits) as opened:
        yield opened


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    app = WsgiApp(service.app)
    with wsgi_server(app) as address:
        yield address
    app.close()


def test_each_case_is_answered_as_under_any_other_server(service: Service, url: str) -> None:
    failures = []
    for case in CASES:
        if case.name in OF_THE_SERVER:
            continue
        try:
            check(url, TOKEN, case)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            failures.append(f"{case.name}: {error!r}"[:400])
    check_lives(url)

    assert not failures, "\n".join(failures)
    with RecordReader(service.records, service.keys) as reader:
        assert reader.count() > 10


def test_the_cases_that_are_left_out_exist() -> None:
    assert {case.name for case in CASES} >= OF_THE_SERVER


def test_clients_that_hang_up_harm_nobody(url: str) -> None:
    check_hang_ups(url, TOKEN)
