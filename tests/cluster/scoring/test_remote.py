"""A file through a service: the same reader, the same refusals, the same answers but for the decision id."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from cluster.scoring import remote as remote_module
from cluster.scoring.remote import score_parts_remotely
from cluster.scoring.worker import PartScorer
from credit.contract import Contract
from credit.data.parts import read_parts
from credit.decision.score import Answer
from serve_app.client import ScoringClient
from tests.cluster.scoring.conftest import ScoringHome
from tests.service import Nodes, Service


def answers(content: object) -> list[Answer]:
    assert isinstance(content, bytes)
    return [msgspec.json.decode(line, type=Answer) for line in content.splitlines()]


def test_a_service_and_this_process_answer_a_file_alike(
    service: Service,
    nodes: Nodes,
    home: ScoringHome,
    applicants: pd.DataFrame,
    contract: Contract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applicants.loc[3, "age"] = 12
    path = tmp_path / "x.csv"
    applicants.to_csv(path, index=False)
    client = ScoringClient("http://testserver", None)
    client._http = service.client  # the application itself, without a socket, one after the other
    monkeypatch.setattr(remote_module, "CONCURRENT_REQUESTS", 1)
    # The arms of that service, over the same bundles.
    job = dataclasses.replace(home.job(shap_values=True), rollout=nodes.rollout)

    [remote] = score_parts_remotely(
        read_parts(path), contract, client, form="lines", shap_values=True
    )

    [part] = read_parts(path)
    local = PartScorer(job).score(part)
    assert remote.refusals == local.refusals
    assert len(remote.refusals) == 1
    told = answers(remote.content)
    assert all(answer.decision_id for answer in told)
    assert [msgspec.structs.replace(answer, decision_id=None) for answer in told] == answers(
        local.content
    )
    assert len(told) == 119
    assert {answer.arm for answer in told} == {"champion", "challenger"}
