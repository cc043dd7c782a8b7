"""The table of bad input against the service under a real server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from credit.records import RecordReader
from serve_app.limits import Limits
from tests.serve_app.contract.cases import GOOD, SECRET_INCOME, SECRET_NAME, Case, head, post
from tests.serve_app.contract.checks import (
    CASES,
    check,
    check_hang_ups,
    check_lives,
    check_reuse,
    check_slow_reader,
    check_slow_sender,
    require_refusal,
)
from tests.serve_app.live import Heard, ask, live_server
from tests.service import TOKEN, Nodes, Service, open_service

LIMITS = Limits(8, 64, body_timeout_s=0.5, answer_timeout_s=30.0)


@pytest.fixture(scope="module")
def service(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(nodes, tmp_path_factory.mktemp("contract"), LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with live_server(service.app) as address:
        yield address


def n_recorded(service: Service) -> int:
    with RecordReader(service.records, service.keys) as reader:
        return len(reader.after())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_case_is_answered_as_promised(
    service: Service, url: str, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    before = n_recorded(service)
    with caplog.at_level(logging.INFO):
        heard = check(url, TOKEN, case)

    assert n_recorded(service) - before == (heard.status == 200)
    assert SECRET_NAME not in caplog.text
    assert str(SECRET_INCOME) not in caplog.text
    assert "Traceback" not in caplog.text
    check_lives(url)


def test_the_names_of_the_cases_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_clients_that_hang_up_harm_nobody(url: str) -> None:
    check_hang_ups(url, TOKEN)


def test_a_slow_sender_is_not_waited_for(url: str) -> None:
    heard = check_slow_sender(url, TOKEN)

    assert heard.headers["connection"] == "close"


def test_a_slow_reader_keeps_nobody_waiting(url: str) -> None:
    check_slow_reader(url, TOKEN)


def test_a_connection_outlives_a_refusal(url: str) -> None:
    check_reuse(url, TOKEN)


def test_the_checks_see_an_answer_that_quotes(url: str) -> None:
    """The control: a refusal that holds a value, or is no document, does not pass."""
    good = ask(url, post(TOKEN, GOOD))
    quoting = Heard(422, {"content-type": "application/problem+json"}, SECRET_NAME.encode())
    plain = ask(url, head("GET", "/v1/score", TOKEN))

    with pytest.raises(AssertionError):
        require_refusal(quoting, None)
    with pytest.raises(AssertionError):
        require_refusal(good, None)
    with pytest.raises(AssertionError):
        require_refusal(plain, "another detail")
    with pytest.raises(AssertionError):
        check(url, TOKEN, Case("good", lambda token: post(token, GOOD), (422,)))
