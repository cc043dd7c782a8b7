"""One application out of the bytes of a request.

Valid JSON goes straight into a struct that is generated from the contract, in a fifth of the time that
a dict and its checks take. Whatever the struct refuses is read again by the :class:`RowValidator`, which
decides and says everything that is wrong at once; so the struct may refuse what is allowed, such as
``41.0`` for a whole number, and must never accept what is not.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import msgspec

from credit.contract.application import Application
from credit.contract.column import Column
from credit.contract.model import Contract
from credit.contract.row import RowValidator, date_ordinal, iso_date, readable_reference
from credit.contract.wire import wire_struct
from credit.errors import InvalidInput, NotJson

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ApplicationDecoder:
    """Decodes applications of one contract strictly.

    A name that stands twice in one object is refused: JSON leaves open which of its values holds
    (RFC 8259, section 4), so it is no application (as RFC 7493, section 2.3).

    Examples
    --------
    >>> from credit.contract import load_contract
    >>> decoder = ApplicationDecoder(load_contract("give_me_some_credit"))
    >>> decoder.decode(b'{"application_id": "A-1", "age": NaN}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    credit.errors.NotJson: the body is not valid JSON...
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._validator = RowValidator(contract)
        self._sources = set(contract.consent_sources)
        self._n_inputs = len(contract.inputs)
        self._coded = tuple(
            (place, column.minimum, column.maximum, frozenset(column.sentinels))
            for place, column in enumerate(contract.inputs)
            if column.sentinels
        )
        self._texts = tuple(
            (place, column) for place, column in enumerate(contract.inputs) if not column.is_number
        )
        struct = wire_struct(contract)
        self._decoder = None if struct is None else msgspec.json.Decoder(struct)

    def decode(self, body: bytes) -> Application:
        """Decode a request.

        Raises
        ------
        NotJson
            When the bytes are not JSON.
        InvalidInput
            When the JSON is not one object.
        ApplicationInvalid
            With every rule that the application breaks.
        """
        return self.quickly(body) or self.thoroughly(body)

    def quickly(self, body: bytes) -> Application | None:
        """Decode an application that is valid in the common way; None says nothing about others."""
        if self._decoder is None:
            return None
        try:
            fields = msgspec.structs.astuple(self._decoder.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        application_id, applicant_id, as_of, consents, *sent = fields
        n_named = self._n_inputs + 1
        for optional in (applicant_id, as_of, consents):
            if optional is not msgspec.UNSET:
                n_named += 1
        # Every member of the object has a colon and was taken for a field. As many colons as fields:
        # no field came twice. More of them: in a text, or it did.
        if body.count(b":") != n_named:
            return None
        values = self._values(sent)
        if values is None or not readable_reference(application_id):
            return None
        if applicant_id is msgspec.UNSET:
            applicant_id = None
        elif applicant_id is not None and not readable_reference(applicant_id):
            return None
        as_of = None if as_of is msgspec.UNSET else as_of
        if as_of is not None and (as_of := iso_date(as_of)) is None:
            return None
        if self._sources and set(consents) != self._sources:  # what is withheld may be anything
            return None
        return Application(application_id, applicant_id, as_of, values, ())

    def _values(self, sent: list[Any]) -> tuple[float, ...] | None:
        for place, column in self._texts:
            if sent[place] is not None:
                sent[place] = _place_of(sent[place], column)
                if sent[place] is None:
                    return None
        for place, minimum, maximum, codes in self._coded:
            value = sent[place]
            if value is not None and not minimum <= value <= maximum and value not in codes:
                return None
        # Added to 0.0, a zero loses its minus sign, and is recorded without one.
        return tuple([math.nan if value is None else value + 0.0 for value in sent])

    def thoroughly(self, body: bytes) -> Application:
        """Decode any application, or say everything that is wrong with it; raises as `decode` does."""
        document = decoded_json(body)
        if not isinstance(document, dict):
            raise InvalidInput(self._expected(document))
        return self._validator.application(document, repeated=repeated_names(body))

    def _expected(self, document: object) -> str:
        got = f"an array of {len(document)}" if isinstance(document, list) else "another JSON value"
        names = ", ".join(self._validator.required)
        return (
            f"expected one JSON object, an application of {self._contract.product} with the fields {names}; "
            f"got {got}"
        )


def _place_of(text: str, column: Column) -> float | None:
    if column.type == "category":
        return column.category_places.get(text)
    return date_ordinal(text)


def decoded_json(body: bytes) -> Any:
    """Decode JSON of any shape, strictly: UTF-8 without a byte order mark, finite numbers.

    Raises
    ------
    NotJson
        Saying where it ends to be JSON, and quoting nothing of it.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise NotJson(f"the body is not valid JSON: {error}{hint(body)}") from None
    except (UnicodeDecodeError, RecursionError):
        raise NotJson("the body is not valid JSON: not UTF-8, or nested too deeply") from None


def hint(body: bytes) -> str:
    """Say what probably went wrong with bytes that are not JSON."""
    if body.startswith(BYTE_ORDER_MARK):
        return ". It begins with a byte order mark: leave it out"
    if b"NaN" in body or b"Infinity" in body:
        return ". NaN and Infinity are not JSON; send null for a value that is not known"
    return ""


def repeated_names(body: bytes) -> list[str]:
    """Names that stand twice in the outermost object of valid JSON.

    Raises
    ------
    NotJson
        When it is nested too deeply.
    """
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs  # the outermost object is complete last

    try:
        # Numbers stay text: only names are of interest.
        json.loads(body, object_pairs_hook=keep, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):  # this parser gives up earlier than the one that accepted
        raise NotJson("the body is not valid JSON: nested too deeply") from None
    return [name for name, n in Counter(name for name, _ in outermost).items() if n > 1]
