"""The quick way into a struct and the thorough way over a dict accept and refuse the same applications."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import (
    ApplicationDecoder,
    Contract,
    RowValidator,
    load_contract,
    packaged_contracts,
)
from credit.contract.row import MOST_UNKNOWN_TOLD
from credit.contract.wire import wire_struct
from credit.errors import ApplicationInvalid, InvalidInput, NotJson
from tests import twosources
from tests.loanbook import application


@pytest.fixture(scope="module")
def decoder(contract: Contract) -> ApplicationDecoder:
    return ApplicationDecoder(contract)


@pytest.fixture(scope="module")
def with_sources() -> ApplicationDecoder:
    return ApplicationDecoder(twosources.contract())


def encoded(row: Any) -> bytes:
    return json.dumps(row).encode()


EXAMPLES: list[tuple[str, Callable[..., dict[str, Any]]]] = [
    ("give_me_some_credit", application),
    ("two_sources", twosources.application),
]


def decoders() -> dict[str, ApplicationDecoder]:
    found = {"give_me_some_credit": load_contract("give_me_some_credit")}
    found["two_sources"] = twosources.contract()
    return {name: ApplicationDecoder(contract) for name, contract in found.items()}


DECODERS = decoders()


@pytest.mark.parametrize(("product", "example"), EXAMPLES)
def test_what_clients_usually_send_goes_the_quick_way(
    product: str, example: Callable[..., dict[str, Any]]
) -> None:
    """A control of all laws below: they would hold if nothing ever went the quick way."""
    for row in (example(), example(as_of="2026-01-31"), example(applicant_id=None)):
        body = encoded(row)

        found = DECODERS[product].quickly(body)

        assert found is not None
        assert repr(found) == repr(DECODERS[product].thoroughly(body))


def outcome(decode: Callable[[bytes], object], body: bytes) -> object:
    """What came of it, so that two can be compared: missing values are unequal to themselves."""
    try:
        return repr(decode(body))
    except ApplicationInvalid as error:
        return [(f.field, f.rule) for f in error.failures]
    except InvalidInput as error:
        return str(error)


def require_agreement(product: str, body: bytes) -> None:
    decoder = DECODERS[product]
    quick, thorough = decoder.quickly(body), outcome(decoder.thoroughly, body)

    assert outcome(decoder.decode, body) == thorough
    if quick is not None:
        assert repr(quick) == thorough


NUMBERS = st.one_of(
    st.integers(-3, 130),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [-0.0, 0.0, 96, 98, 97, 50, 51, 41.0, 41.5, 96.0, 1e6, 1_000_000.0000001, 2**53]
    ),
)
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "",
            "A-1",
            "A:1",
            "x" * 128,
            "x" * 129,
            "\u0000",
            "2026-01-31",
            "20260131",
            "2026-W05-6",
            "1899-01-01",
        ]
    ),
    st.sampled_from(["prepaid", "postpaid", "employment", "digital", "high", "low"]),
)
ANYTHING = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, st.lists(TEXTS, max_size=3), st.just({"age": 41})
)


@given(data=st.data(), product_and_example=st.sampled_from(EXAMPLES))
def test_both_ways_agree_on_any_application(
    data: st.DataObject, product_and_example: tuple[str, Callable[..., dict[str, Any]]]
) -> None:
    product, example = product_and_example
    row = example()
    names = [*row, "as_of", "consents", "shoe_size"]
    changes = data.draw(st.dictionaries(st.sampled_from(names), ANYTHING, max_size=3))
    row |= changes
    for name in data.draw(st.lists(st.sampled_from(sorted(row)), max_size=2, unique=True)):
        del row[name]

    require_agreement(product, encoded(row))


@given(data=st.data(), product_and_example=st.sampled_from(EXAMPLES))
def test_both_ways_agree_on_names_that_stand_twice(
    data: st.DataObject, product_and_example: tuple[str, Callable[..., dict[str, Any]]]
) -> None:
    product, example = product_and_example
    pairs = list(example(application_id=data.draw(st.sampled_from(["A-1", "A:1", 'A":1']))).items())
    again = data.draw(st.lists(st.sampled_from(pairs), max_size=2))
    place = data.draw(st.integers(0, len(pairs)))
    members = [
        f"{json.dumps(k)}: {json.dumps(v)}" for k, v in [*pairs[:place], *again, *pairs[place:]]
    ]
    body = ("{" + ", ".join(members) + "}").encode()

    require_agreement(product, body)
    said = outcome(DECODERS[product].decode, body)
    if again:
        twice = list(dict.fromkeys(name for name, _ in pairs if name in dict(again)))
        assert isinstance(said, list)
        assert sorted(said) == sorted((name, "repeated") for name in twice)
    else:
        assert isinstance(said, str)


@given(data=st.data(), product_and_example=st.sampled_from(EXAMPLES))
def test_both_ways_agree_on_broken_bytes(
    data: st.DataObject, product_and_example: tuple[str, Callable[..., dict[str, Any]]]
) -> None:
    product, example = product_and_example
    body = bytearray(encoded(example()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.one_of(
                st.binary(max_size=2), st.sampled_from([b":", b'"', b",", b"\\", b"9" * 400, b"e9"])
            )
        )

    require_agreement(product, bytes(body))


def test_the_comparison_sees_a_difference(decoder: ApplicationDecoder) -> None:
    """The control: a range that is checked on one way only is found."""
    lenient = ApplicationDecoder(load_contract("give_me_some_credit"))
    lenient._coded = ()
    body = encoded(application(past_due_90=97))

    assert lenient.quickly(body) is not None
    assert decoder.quickly(body) is None
    with pytest.raises(ApplicationInvalid, match="past_due_90: expected at most 50"):
        decoder.decode(body)


@pytest.mark.parametrize("written", [b"41.0", b"4.1e1", b"41"])
def test_a_whole_number_may_be_written_in_any_way(
    decoder: ApplicationDecoder, written: bytes
) -> None:
    body = encoded(application(age=0)).replace(b'"age": 0', b'"age": ' + written)

    assert decoder.decode(body) == decoder.decode(encoded(application()))


@pytest.mark.parametrize("written", [b"-0.0", b"-0", b"0", b"0e5"])
@pytest.mark.parametrize("column", ["debt_ratio", "past_due_90"])
def test_a_zero_has_no_sign(decoder: ApplicationDecoder, column: str, written: bytes) -> None:
    body = re.sub(
        f'"{column}": [0-9.]+'.encode(), f'"{column}": '.encode() + written, encoded(application())
    )

    values = decoder.decode(body).values

    place = [c.name for c in load_contract("give_me_some_credit").inputs].index(column)
    assert str(values[place]) == "0.0"


def test_repeated_names_are_said_with_all_else_that_is_wrong(decoder: ApplicationDecoder) -> None:
    body = (
        b'{"age": 41, "age": 7, "shoe_size": 1, '
        + encoded(application(debt_ratio="x", age=...))[1:]
    )

    with pytest.raises(ApplicationInvalid) as caught:
        decoder.decode(body)

    assert [(f.field, f.rule) for f in caught.value.failures] == [
        ("age", "repeated"),
        ("shoe_size", "unknown"),
        ("age", "minimum"),
        ("debt_ratio", "type"),
    ]
    assert caught.value.failures[0].message == "given more than once; send each field once"


def test_thousands_of_unknown_fields_make_no_long_answer(decoder: ApplicationDecoder) -> None:
    row = application() | {f"field_{i}": i for i in range(3_000)}

    with pytest.raises(ApplicationInvalid) as caught:
        decoder.decode(encoded(row))

    assert len(caught.value.failures) == MOST_UNKNOWN_TOLD
    assert caught.value.failures[-1].message == "unknown field, as are 2,980 more; remove them"
    assert len(str(caught.value)) < 2_000


def test_an_array_is_told_which_fields_are_expected(
    decoder: ApplicationDecoder, with_sources: ApplicationDecoder
) -> None:
    with pytest.raises(InvalidInput) as caught:
        decoder.decode(b"[0.31, 41, 0]")
    with pytest.raises(InvalidInput, match="fields application_id, consents, "):
        with_sources.decode(b"17")

    assert str(caught.value) == (
        "expected one JSON object, an application of give_me_some_credit with the fields application_id, "
        "revolving_utilization, age, past_due_30_59, debt_ratio, monthly_income, open_credit_lines, past_due_90, "
        "real_estate_loans, past_due_60_89, dependents; got an array of 3"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\xef\xbb\xbf{}", "It begins with a byte order mark: leave it out"),
        (b'{"age": NaN}', "NaN and Infinity are not JSON; send null"),
        ('{"age": "ü"}'.encode("utf-16"), "the body is not valid JSON"),
        (b'{"application_id": "\xff"}', "not UTF-8, or nested too deeply"),
        (b'{"application_id": "\\ud800x"}', "the body is not valid JSON"),
        (b'{"a":' * 10_000, "not UTF-8, or nested too deeply"),
        (b'{"age": ' + b"9" * 60_000 + b"}", "the body is not valid JSON"),
    ],
)
def test_what_is_not_json_is_refused_and_not_quoted(
    decoder: ApplicationDecoder, body: bytes, message: str
) -> None:
    with pytest.raises(NotJson, match=message):
        decoder.decode(body)


def test_withheld_values_are_not_read_whatever_they_are(with_sources: ApplicationDecoder) -> None:
    body = encoded(twosources.application(consents=["digital"], payroll={"x": [1]}))

    assert with_sources.quickly(body) is None
    assert with_sources.decode(body).withheld == ("employment",)


def test_a_bound_that_no_float_holds_leaves_the_thorough_way_alone(contract: Contract) -> None:
    document = contract.model_dump()
    for column in document["columns"]:
        if column["name"] == "age":
            column["maximum"] = 1e300
    huge = Contract.model_validate(document)

    assert wire_struct(huge) is None
    assert ApplicationDecoder(huge).decode(encoded(application(age=10**20))).values[1] == 1e20


@pytest.mark.parametrize("product", packaged_contracts())
def test_every_packaged_contract_has_a_quick_way(product: str) -> None:
    assert wire_struct(load_contract(product)) is not None


def test_the_validator_is_told_of_repeated_fields_alone_that_it_knows(contract: Contract) -> None:
    with pytest.raises(ApplicationInvalid) as caught:
        RowValidator(contract).application(application(), repeated=["age", "nonsense"])

    assert [f.field for f in caught.value.failures] == ["age"]
