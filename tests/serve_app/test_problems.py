"""Every error of the product has its status, in one table."""

from __future__ import annotations

import inspect
import json

import pytest

from credit import errors
from credit.errors import ApplicationInvalid, CreditError, Failure
from credit.records import CursorMoved
from serve_app.admission import Overloaded
from serve_app.auth import Forbidden, Unauthorized
from serve_app.deadlines import DeadlinePassed
from serve_app.problems import KINDS, MalformedRequest, problem_for

EXPECTED = {
    "CreditError": 500,
    "InvalidInput": 422,
    "ApplicationInvalid": 422,
    "NotJson": 400,
    "ContractError": 422,
    "DataError": 422,
    "BundleError": 503,
    "BundleCorrupt": 503,
    "BundleIncompatible": 503,
    "BundleTooLarge": 503,
    "ModelTooDeep": 503,
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
    "RolloutRefused": 409,
    "RolloutMoved": 409,
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
    of_the_edge = {Unauthorized, Forbidden, Overloaded, DeadlinePassed}
    assert set(classes().values()) | of_the_edge == set(KINDS)
    assert classes().keys() == EXPECTED.keys()


def test_every_class_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in KINDS.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_class_is_answered_with_its_status(name: str) -> None:
    error = made(classes()[name])

    response = problem_for(error)

    document = json.loads(response.body)
    assert response.status == document["status"] == EXPECTED[name]
    assert document["detail"] == str(error)
    assert response.content_type == b"application/problem+json"
    assert (b"retry-after" in dict(response.headers)) == (EXPECTED[name] == 503)


def test_a_class_defined_elsewhere_is_answered_as_its_nearest_ancestor() -> None:
    elsewhere = descendants(CreditError) - set(classes().values())

    assert CursorMoved in elsewhere
    for cls in elsewhere:
        nearest = next(base for base in cls.__mro__ if base in KINDS)
        assert problem_for(made(cls)).status == KINDS[nearest].status


def test_failures_of_an_application_are_listed() -> None:
    document = json.loads(problem_for(made(ApplicationInvalid), product="small_loans").body)

    assert document["errors"] == [
        {"field": "age", "rule": "minimum", "message": "expected at least 18"}
    ]
    assert document["detail"] == "age: expected at least 18. This service scores small_loans"
    assert document["product"] == "small_loans"


def test_what_the_edge_itself_refuses() -> None:
    unauthorized = problem_for(Unauthorized())
    malformed = problem_for(MalformedRequest(413, "too large"))

    assert unauthorized.status == 401
    assert unauthorized.headers == ((b"www-authenticate", b"Bearer"),)
    assert malformed.status == 413
    assert json.loads(malformed.body)["detail"] == "too large"


def test_a_full_door_and_a_full_record_queue_are_refused_alike() -> None:
    """Both say when to come again, by the same measure, and that nothing was decided."""
    at_the_door = problem_for(Overloaded("128 requests wait already", 7))
    at_the_records = problem_for(errors.RecordStoreBusy("1024 wait"), retry_after_s=7)

    assert at_the_door.status == at_the_records.status == 503
    assert at_the_door.headers == at_the_records.headers == ((b"retry-after", b"7"),)
    assert json.loads(at_the_door.body).keys() == json.loads(at_the_records.body).keys()


def test_an_error_that_nobody_planned_says_nothing_about_its_cause() -> None:
    response = problem_for(ValueError("4321 of Erika Mustermann"))

    assert response.status == 500
    assert b"Mustermann" not in response.body
    assert b"4321" not in response.body
