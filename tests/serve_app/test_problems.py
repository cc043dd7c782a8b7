"""Every error of the product has its status, in one table."""

from __future__ import annotations

import inspect
import json

import pytest

from credit import errors
from credit.errors import ApplicationInvalid, CreditError, Failure
from serve_app.auth import Unauthorized
from serve_app.problems import KINDS, MalformedRequest, problem_for
from serve_app.rollout import RolloutMoved

EXPECTED = {
    "CreditError": 500,
    "InvalidInput": 422,
    "ApplicationInvalid": 422,
    "ContractError": 422,
    "DataError": 422,
    "BundleError": 503,
    "BundleCorrupt": 503,
    "BundleIncompatible": 503,
    "BundleUnknown": 503,
    "ExplanationInconsistent": 500,
    "RecordError": 503,
    "RecordStoreUnavailable": 503,
    "RecordStoreBusy": 503,
    "IdempotencyConflict": 409,
    "RecordErased": 410,
    "DecisionUnknown": 404,
    "RecordsNotProven": 503,
    "AnchorUnavailable": 503,
    "KeyUnavailable": 503,
    "RegistryUnavailable": 503,
    "ServiceUnavailable": 503,
    "SettingsInvalid": 500,
}


def classes() -> dict[str, type[CreditError]]:
    """Every error class that ``credit.errors`` defines."""
    return {
        name: cls
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, CreditError)
    }


def descendants(cls: type[CreditError]) -> set[type[CreditError]]:
    """A class and all that inherit from it, wherever they are defined."""
    return {cls}.union(*(descendants(child) for child in cls.__subclasses__()))


def made(cls: type[CreditError]) -> CreditError:
    """An error of a class, whatever its constructor takes."""
    if issubclass(cls, ApplicationInvalid):
        return cls([Failure("age", "minimum", "expected at least 18")])
    error = cls.__new__(cls)
    error.args = ("what happened and what to do",)
    return error


def test_every_class_is_in_the_table_itself() -> None:
    assert set(classes().values()) | {Unauthorized} == set(KINDS)
    assert classes().keys() == EXPECTED.keys()


def test_every_class_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in KINDS.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_class_is_answered_with_its_status(name: str) -> None:
    error = made(classes()[name])

    response = problem_for(error)

    document = json.loads(bytes(response.body))
    assert response.status_code == document["status"] == EXPECTED[name]
    assert document["detail"] == str(error)
    assert response.media_type == "application/problem+json"
    assert ("retry-after" in response.headers) == (EXPECTED[name] == 503)


def test_a_class_defined_elsewhere_is_answered_as_its_nearest_ancestor() -> None:
    elsewhere = descendants(CreditError) - set(classes().values())

    assert RolloutMoved in elsewhere
    for cls in elsewhere:
        nearest = next(base for base in cls.__mro__ if base in KINDS)
        assert problem_for(made(cls)).status_code == KINDS[nearest].status


def test_failures_of_an_application_are_listed() -> None:
    document = json.loads(bytes(problem_for(made(ApplicationInvalid)).body))

    assert document["errors"] == [
        {"field": "age", "rule": "minimum", "message": "expected at least 18"}
    ]


def test_what_the_edge_itself_refuses() -> None:
    unauthorized = problem_for(Unauthorized())
    malformed = problem_for(MalformedRequest(413, "too large"))

    assert (unauthorized.status_code, unauthorized.headers["www-authenticate"]) == (401, "Bearer")
    assert malformed.status_code == 413
    assert json.loads(bytes(malformed.body))["detail"] == "too large"


def test_an_error_that_nobody_planned_says_nothing_about_its_cause() -> None:
    response = problem_for(ValueError("4321 of Erika Mustermann"))

    assert response.status_code == 500
    assert b"Mustermann" not in bytes(response.body)
    assert b"4321" not in bytes(response.body)
