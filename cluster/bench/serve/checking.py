"""Whether a contender gives the right answers, before it may be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from cluster.bench.serve.connection import OK, Connection
from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.contenders.handwork import LOG
from cluster.bench.serve.requests import Requests
from cluster.bench.serve.running import ANSWER_DEADLINE_S, Running
from cluster.bench.serve.work import Expected, Work
from credit.decision.score import Score
from credit.errors import ServiceUnavailable

N_CHECKED = 50
PROBABILITY_TOLERANCE = 1e-12
SHAP_TOLERANCE = 1e-9


def require_right_answers(running: Running, work: Work, expected: Sequence[Expected]) -> None:
    """Ask for each expected answer.

    Raises
    ------
    ServiceUnavailable
        Naming the first application and the field that is not as expected.
    """
    contender = running.contender
    told = _ask(running, work, len(expected))
    values = [answer.get("shap_values") for answer in told]
    if not contender.ours:
        logged = _logged(running.place.work / LOG)
        values = [logged.get(answer.get("decision_id", "")) for answer in told]
    for i, (want, answer, shap_values) in enumerate(zip(expected, told, values, strict=True)):
        right = want.ours if contender.ours else want.path_dependent
        field = different(answer, shap_values, right)
        if field is not None:
            raise ServiceUnavailable(
                f"{contender.name} does other work: {field} of application {i} is not as expected, so it is "
                "not measured"
            )


def different(
    answer: Mapping[str, Any], shap_values: Mapping[str, float] | None, right: Score
) -> str | None:
    """Name the first field that differs; None when all agree.

    PD within 1e-12, Shapley values within 1e-9, decision, rating and score exactly; reasons with their
    features in their order.
    """
    told = answer.get("probability_of_default")
    if not isinstance(told, float):
        return "probability_of_default"
    if abs(told - right.probability_of_default) > PROBABILITY_TOLERANCE:
        return "probability_of_default"
    for name in ("score", "rating", "risk_level", "decision"):
        if answer.get(name) != getattr(right, name):
            return name
    reasons = [(r["code"], r["feature"]) for r in answer.get("reason_codes", [])]
    if reasons != [(r.code, r.feature) for r in right.reason_codes]:
        return "reason_codes"
    found = list((shap_values or {}).values())
    if len(found) != len(right.shap_values):
        return "shap_values"
    gaps = [abs(a - b) for a, b in zip(found, right.shap_values, strict=True)]
    return "shap_values" if not max(gaps) <= SHAP_TOLERANCE else None


def _ask(running: Running, work: Work, n: int) -> list[Mapping[str, Any]]:
    contender: Contender = running.contender
    requests = Requests.of(
        work.applicants[:n],
        path=contender.path + ("?shap_values=true" if contender.ours else ""),
        headers=contender.headers(running.place.token),
        wrap=contender.wrap,
    )
    answers = [_answer(running, requests(number)) for number in range(n)]
    for number, (status, _) in enumerate(answers):
        if status != OK:
            raise ServiceUnavailable(
                f"{contender.name} answers {status} to application {number}, expected 200"
            )
    return [contender.unwrap(msgspec.json.decode(body)) for _, body in answers]


def _answer(running: Running, request: bytes) -> tuple[int, bytes]:
    """Ask on a connection of its own: a proxy that has just started may still close those it has."""
    try:
        with closing(Connection(running.place.port, timeout_s=ANSWER_DEADLINE_S)) as connection:
            return connection.ask(request)
    except OSError as error:
        raise ServiceUnavailable(
            f"{running.contender.name} broke the connection ({type(error).__name__}) during the check"
        ) from error


def _logged(path: Path) -> dict[str, dict[str, float]]:
    """Shapley values by decision, from the log that contenders write by hand."""
    found = {}
    for line in path.read_bytes().splitlines():
        entry = msgspec.json.decode(line)
        found[entry["answer"]["decision_id"]] = entry["shap_values"]
    return found
