"""One decision, asked for again by who may see it."""

from __future__ import annotations

import pytest

from credit.records import new_decision_id
from tests.loanbook import application
from tests.records.samples import destroy_keys, new_record
from tests.service import Service


def test_a_decision_is_shown_as_it_was_told(service: Service) -> None:
    told = service.score(application(application_id="A-1"))

    shown = service.client.get(f"/v1/decisions/{told.json()['decision_id']}")

    assert shown.status_code == 200
    assert shown.json()["answer"] == told.json()
    assert shown.json()["subject"] == "open"
    assert (
        shown.json()["decision"]["probability_of_default"] == told.json()["probability_of_default"]
    )
    assert (shown.json()["sequence"], len(shown.json()["hash"])) == (1, 64)


def test_of_an_erased_person_only_the_clear_part_is_left(service: Service) -> None:
    told = service.score(application(application_id="A-1", applicant_id="P-secret")).json()
    destroy_keys(service.records)

    shown = service.client.get(f"/v1/decisions/{told['decision_id']}")

    assert (shown.json()["subject"], shown.json()["answer"]) == ("erased", None)
    assert "P-secret" not in shown.text
    assert shown.json()["decision"]["decision"] == told["decision"]


@pytest.mark.parametrize("whose", ["nobody's", "another tenant's"])
def test_an_unknown_id_and_that_of_another_tenant_are_answered_alike(
    service: Service, whose: str
) -> None:
    decision_id = new_decision_id()
    if whose == "another tenant's":
        service.writer.append(new_record(tenant="other", decision_id=decision_id)).result()

    shown = service.client.get(f"/v1/decisions/{decision_id}")

    assert shown.status_code == 404
    assert shown.json()["detail"].replace(decision_id, "ID") == (
        "Decision ID is not found for tenant default: expected the decision_id of an answer; check both."
    )


def test_it_takes_a_token(service: Service) -> None:
    shown = service.client.get(f"/v1/decisions/{new_decision_id()}", headers={"authorization": ""})

    assert shown.status_code == 401
