"""One decision function: the same bits wherever and however an applicant is scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract
from credit.decision import Bundle, Rollout, arm_for, load_bundle, score
from credit.decision.score import Answer
from credit.decision.scorer import answer
from credit.records import open_state
from serve_app.rollout import read_rollout
from tests.cluster.processes import Service, credit
from tests.cluster.public_clients import PUBLIC_CLIENTS, TOLD
from tests.serve_app.contract.checks import check_everything

pytestmark = pytest.mark.ray


PLACEMENTS = {
    "graph": ("--placement", "graph"),
    "two replicas, fused": ("--placement", "fused", "--replicas", "2"),
    "explainer apart": ("--placement", "fused", "--own", "explainer"),
}


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
    bundles = {a.bundle: load_bundle(home / "bundles" / a.bundle) for a in rollout.arms}
    return [_local_answer(row, rollout, bundles) for row in applicants]


def _local_answer(row: dict[str, Any], rollout: Rollout, bundles: dict[str, Bundle]) -> Answer:
    application = bundles[rollout.champion.bundle].validator.application(row)
    arm, _ = arm_for(rollout, application.applicant_id)
    bundle = bundles[arm.bundle].answering(application)
    return answer(
        bundle,
        application,
        score(bundle, bundle.explainer, application),
        arm=arm.name,
        generation=rollout.generation,
        decision_id=None,
        with_shap_values=True,
    )


def _without_id(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, decision_id=None)


def test_one_by_one_gives_the_bits_of_a_local_score(
    service: Service, applicants: list[dict[str, Any]], local_answers: list[Answer]
) -> None:
    with service.client() as client:
        told = [client.score(row, shap_values=True) for row in applicants]

    assert [_without_id(answer) for answer in told] == local_answers
    assert {answer.arm for answer in told} == {"champion", "challenger"}


def test_many_at_once_travel_as_batches_and_give_the_same_bits(
    service: Service, applicants: list[dict[str, Any]], local_answers: list[Answer]
) -> None:
    with service.client() as client, ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda row: client.score(row, shap_values=True), applicants))

    assert [_without_id(answer) for answer in told] == local_answers


@pytest.mark.full
def test_50_000_rows_at_once_are_never_mixed_up(
    service: Service, applicants: list[dict[str, Any]], local_answers: list[Answer]
) -> None:
    """The same applicants again and again under other ids, at 32 connections, in no order."""
    expected = {
        row["application_id"]: answer for row, answer in zip(applicants, local_answers, strict=True)
    }
    order = np.random.default_rng(6).integers(0, len(applicants), size=50_000)

    def differs(number: int) -> bool:
        row = applicants[int(order[number])]
        own = f"{row['application_id']}-{number}"
        told = client.score({**row, "application_id": own}, shap_values=True)
        wanted = expected[row["application_id"]]
        return _without_id(told) != msgspec.structs.replace(wanted, application_id=own)

    with service.client() as client, ThreadPoolExecutor(32) as pool:
        assert not any(pool.map(differs, range(len(order)), chunksize=100))


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
    assert [_without_id(answer) for answer in told] == [
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
