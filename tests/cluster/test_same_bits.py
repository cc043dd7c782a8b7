"""One decision function: the same bits wherever and however an applicant is scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from credit.contract import Contract
from credit.decision import Rollout
from credit.decision.score import Answer
from credit.records import open_state
from serve_app.rollout import read_rollout
from tests.cluster.local_answers import LocalAnswers, without_id
from tests.cluster.placements import PLACEMENTS
from tests.cluster.processes import Service, credit
from tests.cluster.public_clients import PUBLIC_CLIENTS, TOLD
from tests.serve_app.contract.checks import check_everything

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module", params=sorted(PLACEMENTS))
def service(home: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    with Service(home, *PLACEMENTS[request.param]) as started:
        yield started
        assert started.interrupt() == 0


@pytest.fixture(scope="module")
def local_answers(home: Path, contract: Contract, applicants: list[dict[str, Any]]) -> list[Answer]:
    state = open_state(home / "state.db")
    rollout = read_rollout(state, contract.product)
    state.dispose()
    assert isinstance(rollout, Rollout)
    local_answer = LocalAnswers(home)
    return [local_answer(row, rollout) for row in applicants]


def test_one_by_one_gives_the_bits_of_a_local_score(
    service: Service, applicants: list[dict[str, Any]], local_answers: list[Answer]
) -> None:
    with service.client() as client:
        told = [client.score(row, shap_values=True) for row in applicants]

    assert [without_id(answer) for answer in told] == local_answers
    assert {answer.arm for answer in told} == {"champion", "challenger"}


def test_many_at_once_travel_as_batches_and_give_the_same_bits(
    service: Service, applicants: list[dict[str, Any]], local_answers: list[Answer]
) -> None:
    with service.client() as client, ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda row: client.score(row, shap_values=True), applicants))

    assert [without_id(answer) for answer in told] == local_answers


def test_a_file_scores_the_same_through_the_service_and_in_process(
    service: Service, applicants: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "applicants.csv"
    pd.DataFrame(applicants[:20]).to_csv(file, index=False)

    remote = credit(service.home, "score", str(file), "--json", "--url", service.url)
    local = credit(service.home, "score", str(file), "--json", "--local")

    assert remote.returncode == local.returncode == 0, remote.stderr + local.stderr
    told = [msgspec.json.decode(line, type=Answer) for line in remote.stdout.splitlines()]
    assert len(told) == 20
    assert all(answer.decision_id for answer in told)
    assert [without_id(answer) for answer in told] == [
        msgspec.json.decode(line, type=Answer) for line in local.stdout.splitlines()
    ]


@pytest.mark.parametrize("ask", PUBLIC_CLIENTS, ids=lambda ask: ask.__name__)
def test_public_clients_are_told_the_bits_of_a_local_score(
    service: Service,
    applicants: list[dict[str, Any]],
    local_answers: list[Answer],
    contract: Contract,
    tmp_path: Path,
    ask: Callable[..., list[dict[str, Any]]],
) -> None:
    told = ask(service, applicants[:20], contract, tmp_path)

    expected = [json.loads(msgspec.json.encode(answer)) for answer in local_answers[:20]]
    assert [{name: row[name] for name in TOLD} for row in told] == [
        {name: row[name] for name in TOLD} for row in expected
    ]


def test_bad_input_is_answered_as_over_any_server(service: Service) -> None:
    """The table of the contract, through HAProxy and Ray Serve; it stands here to share their service."""
    check_everything(service.url, service.token)


def test_the_comparison_sees_one_bit(local_answers: list[Answer]) -> None:
    """The control: an answer that is off by the last bit is not equal."""
    first = local_answers[0]
    off = msgspec.structs.replace(
        first, probability_of_default=first.probability_of_default * (1 + 2**-52)
    )

    assert off != first
