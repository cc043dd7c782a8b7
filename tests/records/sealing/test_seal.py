"""A sealed part opens with its key, in its place, unchanged: otherwise not at all."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import RecordStoreUnavailable
from credit.records import SealedPart
from credit.records.sealing.cipher import new_key
from credit.records.sealing.seal import seal, sealed_aad, unseal
from tests.records.samples import new_record

KEY = new_key()
AAD = sealed_aad(tenant="t", decision_id="d", writer="w", sequence=1)
PART = new_record().sealed

values = st.none() | st.floats() | st.text() | st.integers(-(2**63), 2**63 - 1)
parts = st.builds(
    SealedPart,
    application_id=st.text(),
    applicant_id=st.none() | st.text(),
    application=st.dictionaries(st.text(), values, max_size=5),
    features=st.lists(st.floats(), max_size=5),
    shap_values=st.lists(st.floats(), max_size=5),
    answer=st.binary(max_size=50),
)


@given(parts)
def test_what_was_sealed_is_what_opens(part: SealedPart) -> None:
    opened = unseal(seal(part, KEY, AAD), KEY, AAD)

    assert msgspec.msgpack.encode(opened) == msgspec.msgpack.encode(part)


def test_a_missing_feature_stays_missing() -> None:
    opened = unseal(seal(PART, KEY, AAD), KEY, AAD)

    assert math.isnan(opened.features[1])


@given(st.data())
def test_a_changed_byte_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(seal(PART, KEY, AAD))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(RecordStoreUnavailable, match="does not open"):
        unseal(bytes(sealed), KEY, AAD)


@pytest.mark.parametrize(
    "aad",
    [
        sealed_aad(tenant="x", decision_id="d", writer="w", sequence=1),
        sealed_aad(tenant="t", decision_id="x", writer="w", sequence=1),
        sealed_aad(tenant="t", decision_id="d", writer="x", sequence=1),
        sealed_aad(tenant="t", decision_id="d", writer="w", sequence=2),
        sealed_aad(tenant="td", decision_id="", writer="w", sequence=1),
    ],
)
def test_a_sealed_part_opens_only_in_its_place(aad: bytes) -> None:
    with pytest.raises(RecordStoreUnavailable, match="does not open"):
        unseal(seal(PART, KEY, AAD), KEY, aad)


def test_another_key_does_not_open() -> None:
    with pytest.raises(RecordStoreUnavailable, match="does not open"):
        unseal(seal(PART, KEY, AAD), new_key(), AAD)


def test_bytes_too_short_to_be_sealed_do_not_open() -> None:
    for length in (0, 5, 12, 20):
        with pytest.raises(RecordStoreUnavailable, match="does not open"):
            unseal(bytes(length), KEY, AAD)
