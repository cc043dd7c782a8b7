"""``GET /v1/decisions``: the tenant's decisions, newest first, page by page."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from credit.records import new_decision_id
from serve_app import decision_list
from tests.records.samples import new_record
from tests.serve_app.many.rows import applications
from tests.serve_app.test_score_route import problem
from tests.service import Service

PATH = "/v1/decisions"


@pytest.fixture
def told(service: Service) -> list[dict[str, Any]]:
    """What 25 applicants were told, newest first; another tenant has a decision, too."""
    told = [service.score(row).json() for row in applications(25)]
    record = new_record(tenant="other", decision_id=new_decision_id())
    service.writer.append(record).result()
    return told[::-1]


def ids(decisions: list[dict[str, Any]]) -> list[str]:
    return [decision["decision_id"] for decision in decisions]


def pages(service: Service, query: str) -> list[list[str]]:
    """Ids by page, following ``next``."""
    found, before = [], ""
    while True:
        said = service.client.get(f"{PATH}?{query}{before}").json()
        found.append(ids(said["decisions"]))
        if said["next"] is None:
            return found
        before = f"&before={said['next']}"


def test_pages_hold_each_decision_once_newest_first(
    service: Service, told: list[dict[str, Any]]
) -> None:
    found = pages(service, "limit=10")

    assert [len(page) for page in found] == [10, 10, 5]
    assert [one for page in found for one in page] == ids(told)


def test_a_new_decision_does_not_move_those_of_later_pages(
    service: Service, told: list[dict[str, Any]]
) -> None:
    first = service.client.get(f"{PATH}?limit=10").json()
    service.score(applications(1)[0])
    second = service.client.get(f"{PATH}?limit=15&before={first['next']}").json()

    assert ids(first["decisions"] + second["decisions"]) == ids(told)


def test_only_what_is_in_clear_is_listed(service: Service, told: list[dict[str, Any]]) -> None:
    response = service.client.get(f"{PATH}?limit=1")

    [listed] = response.json()["decisions"]
    assert listed.keys() == {"decision_id", "route", "decision"}
    assert listed["route"] == "/v1/score"
    assert listed["decision"]["probability_of_default"] == told[0]["probability_of_default"]
    assert listed["decision"]["reason_codes"] == [r["code"] for r in told[0]["reason_codes"]]
    assert told[0]["application_id"] not in response.text.replace(listed["decision_id"], "")
    assert "no-store" in response.headers["cache-control"]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("decision", lambda answer: answer["decision"]),
        ("arm", lambda answer: answer["arm"]),
        ("bundle", lambda answer: answer["bundle"]),
    ],
)
def test_filters_take_what_they_say(
    service: Service, told: list[dict[str, Any]], name: str, of: Callable[[Any], str]
) -> None:
    values = {of(answer) for answer in told}
    assert len(values) > 1
    for value in values:
        expected = [answer["decision_id"] for answer in told if of(answer) == value]

        found = pages(service, f"limit=3&{name}={value}")

        assert [one for page in found for one in page] == expected
    if name != "decision":
        assert pages(service, f"{name}=nobody") == [[]]


def test_a_period_begins_with_its_beginning(service: Service, told: list[dict[str, Any]]) -> None:
    shown = service.client.get(f"{PATH}/{told[9]['decision_id']}").json()
    at = datetime.datetime.fromisoformat(shown["decision"]["created_at"])
    after = quote((at + datetime.timedelta(hours=1)).isoformat())
    before = quote((at - datetime.timedelta(hours=1)).isoformat())

    assert pages(service, f"since={after}") == [[]]
    assert pages(service, f"until={before}") == [[]]
    [found] = pages(service, f"limit=100&since={before}&until={after}")
    assert found == ids(told)


def test_a_filter_that_hardly_any_passes_does_not_read_all(
    service: Service, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages may then be empty, and still lead on."""
    monkeypatch.setattr(decision_list, "PAGE", 4)
    monkeypatch.setattr(decision_list, "MOST_LOOKED_AT", 8)

    found = pages(service, "arm=nobody")

    assert found == [[], [], [], []]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit: expected 1 to 100"),
        ("limit=101", "limit: expected 1 to 100"),
        ("limit=x", "limit: expected 1 to 100"),
        ("before=", "before: expected 1 to 128 printable"),
        (f"before={'x' * 129}", "before: expected 1 to 128 printable"),
        ("arm=%00", "arm: expected 1 to 128 printable"),
        ("decision=reject", "decision: expected one of approve, review, decline"),
        ("since=yesterday", "since and until: expected ISO dates"),
        ("since=2026-02-01&until=2026-01-01", "since and until: expected ISO dates"),
        ("since=0001-01-01T00:00:00%2B14:00", "since and until: expected ISO dates"),
        ("desicion=approve", "expected no parameters but limit, before, since"),
    ],
)
def test_a_query_that_means_nothing_is_refused(service: Service, query: str, said: str) -> None:
    assert said in problem(service.client.get(f"{PATH}?{query}"), 400)["detail"]


def test_a_store_that_is_not_there_yet_holds_nothing(service: Service) -> None:
    assert service.client.get(PATH).json() == {"decisions": [], "next": None}
