"""The contenders written by hand do the same work, and the check before a measurement sees when not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from cluster.bench.serve.checking import different
from cluster.bench.serve.contenders import asgi, fastapi_app, fastapi_msgspec
from cluster.bench.serve.contenders.handwork import LOG, WORK_VARIABLE, Handwork
from cluster.bench.serve.work import Work
from credit.decision import Bundle, score
from credit.errors import SettingsInvalid
from tests.loanbook import application

N = 300
MAKERS: dict[str, Callable[[], Any]] = {
    "fastapi": fastapi_app.make_app,
    "fastapi-msgspec": fastapi_msgspec.make_app,
    "asgi": asgi.make_app,
}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def ask(
    request: pytest.FixtureRequest, work_folder: Path
) -> Callable[[dict[str, Any]], httpx.Response]:
    """Posts to one of the applications in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(WORK_VARIABLE, str(work_folder))
        transport = httpx.ASGITransport(MAKERS[request.param]())

    def post(row: dict[str, Any]) -> httpx.Response:
        return _run(transport, row)

    return post


def _run(transport: httpx.ASGITransport, row: dict[str, Any]) -> httpx.Response:
    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            headers = {"content-type": "application/json"}
            return await client.post("/v1/score", content=msgspec.json.encode(row), headers=headers)

    return asyncio.run(post())


def test_handwork_gives_the_pd_of_the_decision_function_and_the_reasons_of_pred_contrib(
    work: Work, work_folder: Path
) -> None:
    bundle, handwork = work.bundle, Handwork(work_folder)

    for i, want in enumerate(work.expected(N)):
        row = work.application(i)
        told = handwork.decide(row)
        ours = score(bundle, bundle.explainer, bundle.validator.application(row))
        assert told["probability_of_default"] == pytest.approx(
            ours.probability_of_default, rel=0, abs=1e-12
        )
        assert (told["decision"], told["score"]) == (ours.decision, ours.score)
        assert want.ours == ours
        shap_values = dict(enumerate(handwork.contributions(handwork.features(row))))
        assert different(told, shap_values, want.path_dependent) is None  # type: ignore[arg-type]


def test_rows_that_are_coded_or_lack_an_income_are_among_those_compared(work: Work) -> None:
    """The control: without them, half of the handwork would not be looked at."""
    rows = [work.application(i) for i in range(N)]

    assert any(row["monthly_income"] is None for row in rows)
    assert any(row["dependents"] is None for row in rows)
    assert any(row["past_due_90"] in (96, 98) for row in rows)
    assert len({e.ours.decision for e in work.expected(N)}) == 3


def test_path_dependent_values_are_those_of_lightgbm_itself(work: Work) -> None:
    contributions = np.asarray(work.booster.predict(work.vectors(5), pred_contrib=True))

    found = [e.path_dependent.shap_values for e in work.expected(5)]

    np.testing.assert_array_equal(contributions[:, :-1], found)


def test_an_application_over_http_gets_the_same_answer_and_leaves_one_line(
    ask: Callable[[dict[str, Any]], httpx.Response], work: Work, work_folder: Path
) -> None:
    for i, want in enumerate(work.expected(3)):
        response = ask(work.application(i))
        assert response.status_code == 200, response.text
        answer = response.json()
        line = msgspec.json.decode((work_folder / LOG).read_bytes().splitlines()[-1])
        assert line["answer"] == answer
        assert different(answer, line["shap_values"], want.path_dependent) is None


def test_the_line_is_about_as_long_as_was_promised(work: Work, work_folder: Path) -> None:
    Handwork(work_folder).decide(work.application(1))

    assert 1_500 < len((work_folder / LOG).read_bytes().splitlines()[-1]) < 2_500


@pytest.mark.parametrize(
    "changes",
    [
        {"age": 17},
        {"age": "41"},
        {"past_due_90": 51},
        {"monthly_income": -1},
        {"debt_ratio": None},
        {"dependents": ...},
        {"unknown": 1},
        {"application_id": ""},
    ],
)
def test_what_breaks_a_range_is_refused(
    ask: Callable[[dict[str, Any]], httpx.Response], changes: dict[str, Any]
) -> None:
    assert ask(application(**changes)).status_code == 422


def test_a_code_beyond_the_range_is_accepted(
    ask: Callable[[dict[str, Any]], httpx.Response],
) -> None:
    response = ask(application(past_due_90=98))

    assert response.status_code == 200
    assert response.json()["decision"] in ("review", "decline")
    assert response.json()["reason_codes"][0]["code"] == "PAYMENT_HISTORY_CODED"


def test_a_right_answer_is_right_and_each_wrong_field_is_named(work: Work) -> None:
    want = work.expected(1)[0].ours
    answer = msgspec.to_builtins(want)
    values = dict(zip("abcdefghijklmnopqrs", want.shap_values, strict=True))
    off = want.probability_of_default + 1e-11

    assert different(answer, values, want) is None
    assert different({**answer, "probability_of_default": off}, values, want) == (
        "probability_of_default"
    )
    assert different({**answer, "decision": "other"}, values, want) == "decision"
    assert different({**answer, "score": want.score + 0.01}, values, want) == "score"
    assert different(answer, {**values, "a": values["a"] + 1e-8}, want) == "shap_values"
    assert different(answer, {**values, "a": float("nan")}, want) == "shap_values"
    assert different(answer, None, want) == "shap_values"
    assert different({}, values, want) == "probability_of_default"


def test_reasons_in_another_order_are_seen(work: Work) -> None:
    want = next(e.ours for e in work.expected(N) if len(e.ours.reason_codes) > 1)
    answer = msgspec.to_builtins(want)
    values = dict(zip("abcdefghijklmnopqrs", want.shap_values, strict=True))

    assert different(answer, values, want) is None
    answer["reason_codes"] = answer["reason_codes"][::-1]
    assert different(answer, values, want) == "reason_codes"


def test_a_bundle_of_another_kind_is_refused(
    scorecard_bundle: Bundle, scorecard_folder: Path
) -> None:
    with pytest.raises(SettingsInvalid, match="written by hand for a LightGBM model"):
        _ = Work(scorecard_folder, [{}]).bundle
