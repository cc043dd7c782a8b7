"""Applications as earlier systems sent them: fields by name without a reference, or a list of values."""

from __future__ import annotations

import hashlib
from typing import Any

from credit.contract import Application, Contract, RowValidator
from credit.contract.decoder import decoded_json, repeated_names
from credit.errors import ApplicationInvalid, Failure, InvalidInput
from credit.records import new_decision_id

FEATURES = "features"
CLIENT = "client_id"
PASSED_ON = ("application_id", "as_of", "consents")
"""Fields that may stand beside a list of values, with the meaning that they have among named ones."""


class EarlierReader:
    """Reads applications of one contract in both forms.

    Named fields are those of ``/v1/score``. A list of values stands under ``features`` in the order of the
    contract's inputs, null where one is not known, and ``client_id`` beside it is the applicant's reference.
    """

    def __init__(self, contract: Contract) -> None:
        self._validator = RowValidator(contract)
        self._names = tuple(column.name for column in contract.inputs)

    def read(self, body: bytes, drawn_id: str) -> Application:
        """Read one application.

        Parameters
        ----------
        drawn_id
            Its reference, if it brings none.

        Raises
        ------
        NotJson
            When it is not JSON.
        InvalidInput
            When it is not one object.
        ApplicationInvalid
            With every rule that it breaks.
        """
        document = decoded_json(body)
        if not isinstance(document, dict):
            raise InvalidInput(
                f"expected one JSON object: either the fields {', '.join(self._names)}, or {FEATURES}, a list of "
                "their values in this order"
            )
        repeated = repeated_names(body)
        row = self._named(document, repeated) if FEATURES in document else document
        return self._validator.application({"application_id": drawn_id, **row}, repeated=repeated)

    def _named(self, document: dict[str, Any], repeated: list[str]) -> dict[str, Any]:
        """Give the values of a list their names."""
        values = document[FEATURES]
        known = {FEATURES, CLIENT, *PASSED_ON}
        failures = [
            Failure(str(name)[:64], "unknown", f"unknown field beside {FEATURES}; remove it")
            for name in document
            if name not in known
        ][:20]
        failures += [
            Failure(name, "repeated", "given more than once; send each field once")
            for name in (FEATURES, CLIENT)
            if name in repeated
        ]
        if not isinstance(values, list) or len(values) != len(self._names):
            got = f"{len(values)} values" if isinstance(values, list) else "another JSON value"
            names = ", ".join(self._names)
            message = (
                f"expected a list of {len(self._names)} values in the order {names}; got {got}"
            )
            failures.append(Failure(FEATURES, "length", message))
        if failures:
            raise ApplicationInvalid(failures)
        row = {name: document[name] for name in PASSED_ON if name in document}
        if CLIENT in document:
            row["applicant_id"] = document[CLIENT]
        return {**row, **dict(zip(self._names, values, strict=True))}


def drawn_id(tenant: str, idempotency_key: str | None, number: int = 1) -> str:
    """Draw the reference of an application that came without one.

    Under an idempotency key it follows from the key: sent again, it is the same application.
    """
    if idempotency_key is None:
        return f"drawn-{new_decision_id()}"
    # Of fixed length and without a value of the client: keys may hold names.
    named = f"{tenant}\\x00{idempotency_key}\\x00{number}".encode()
    return f"drawn-{hashlib.sha256(named).hexdigest()[:32]}"
