"""The last decision on an application, and whose applications are nobody's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from credit.records import ClearPart, LocalKeyFile, Location, NewRecord, RecordReader, RecordWriter
from credit.records.erasure import erase
from credit.records.proof.signing import LocalSigningKey
from credit.records.reading.last_decision import MOST_LOOKED_AT, last_decision
from tests.records.erasure.policies import policy
from tests.records.samples import clear_part, new_record

TODAY = date(2027, 1, 15)


def decision(
    *, arm: str, application_id: str = "application-1", tenant: str = "default", **clear: object
) -> NewRecord:
    made = new_record(tenant=tenant, clear=clear_part(arm=arm, **clear))
    sealed = msgspec.structs.replace(made.sealed, application_id=application_id)
    return msgspec.structs.replace(made, sealed=sealed)


def found(
    reader: RecordReader, *, tenant: str = "default", application_id: str = "application-1"
) -> ClearPart | None:
    return last_decision(
        reader,
        tenant=tenant,
        product="retail",
        applicant_id="applicant-1",
        application_id=application_id,
    )


def arm(told: ClearPart | None) -> str | None:
    return None if told is None else told.arm


def test_the_newest_decision_on_that_very_application_counts(
    writer: RecordWriter, reader: RecordReader
) -> None:
    for one in (
        decision(arm="champion"),
        decision(arm="challenger"),
        decision(arm="other", application_id="application-2"),
    ):
        writer.append(one).result()

    assert arm(found(reader)) == "challenger"
    assert arm(found(reader, application_id="application-2")) == "other"
    assert found(reader, application_id="application-3") is None


def test_another_tenants_and_another_products_decisions_do_not_count(
    writer: RecordWriter, reader: RecordReader
) -> None:
    writer.append(decision(arm="theirs", tenant="other")).result()
    writer.append(decision(arm="cards", contract="cards")).result()

    assert found(reader) is None
    assert arm(found(reader, tenant="other")) == "theirs"


def test_it_looks_at_so_many_and_no_further(writer: RecordWriter, reader: RecordReader) -> None:
    writer.append(decision(arm="champion")).result()
    later = [
        writer.append(decision(arm="challenger", application_id=f"later-{i}"))
        for i in range(MOST_LOOKED_AT - 1)
    ]
    for receipt in later:
        receipt.result()
    assert arm(found(reader)) == "champion"

    writer.append(decision(arm="challenger", application_id="one more")).result()

    assert found(reader) is None


@pytest.mark.parametrize(("floor", "status"), [(None, "erased"), (60, "restricted")])
def test_an_application_of_somebody_who_wants_to_be_forgotten_is_nobodys(
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
    keys: LocalKeyFile,
    tmp_path: Path,
    floor: int | None,
    status: str,
) -> None:
    writer.append(decision(arm="challenger")).result()
    signer = LocalSigningKey(tmp_path / "var" / "signing.json", tmp_path / "var" / "public.json")

    done = erase(
        location,
        keys,
        signer,
        tenant="default",
        applicant_id="applicant-1",
        policy=policy(floor),
        today=TODAY,
        bundles=(),
    )

    assert done.status == status
    assert found(reader) is None


def test_where_nothing_was_ever_recorded_there_is_no_decision(
    tmp_path: Path, keys: LocalKeyFile
) -> None:
    with RecordReader(tmp_path / "nothing.db", keys) as reader:
        assert found(reader) is None
