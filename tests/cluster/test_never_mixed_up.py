"""Requests that travel together get each its own answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from credit.contract import Contract
from credit.decision.score import Answer
from credit.records import open_state
from serve_app.rollout.store import read_history
from tests.cluster.local_answers import LocalAnswers, without_id
from tests.cluster.placements import PLACEMENTS
from tests.cluster.processes import Service

pytestmark = [pytest.mark.ray, pytest.mark.full]

N_REQUESTS = 50_000


@pytest.fixture(params=sorted(PLACEMENTS))
def service(home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    # A home of its own: so many answers are enough for the guard to take a challenger off.
    own = tmp_path / "home"
    shutil.copytree(home, own)
    with Service(own, *PLACEMENTS[request.param]) as started:
        yield started
        assert started.interrupt() == 0


def test_50_000_rows_at_once_are_never_mixed_up(
    service: Service, applicants: list[dict[str, Any]], contract: Contract
) -> None:
    """The same applicants again and again under other ids, at 32 connections, in no order.

    Each answer is held against that of the generation that it names.
    """
    chosen = np.random.default_rng(6).integers(0, len(applicants), size=N_REQUESTS).tolist()
    asked = [
        {**applicants[i], "application_id": f"{applicants[i]['application_id']}-{number}"}
        for number, i in enumerate(chosen)
    ]

    with service.client() as client, ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda row: client.score(row, shap_values=True), asked, chunksize=100))

    expected = _expected(service.home, contract.product, applicants)
    differ = [
        row["application_id"]
        for i, row, answer in zip(chosen, asked, told, strict=True)
        if without_id(answer)
        != msgspec.structs.replace(
            expected[answer.generation][i], application_id=row["application_id"]
        )
    ]
    assert not differ
    assert len({answer.decision_id for answer in told}) == N_REQUESTS
    assert {answer.arm for answer in told} == {"champion", "challenger"}


def _expected(
    home: Path, product: str, applicants: list[dict[str, Any]]
) -> dict[int, list[Answer]]:
    """Return, for each generation that has answered, what it tells each applicant."""
    state = open_state(home / "state.db")
    past = read_history(state, product)
    state.dispose()
    answers = LocalAnswers(home)
    return {
        one.rollout.generation: [answers(row, one.rollout) for row in applicants] for one in past
    }
