"""An export that a stranger can check, and every way of tampering with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from credit.errors import DecisionUnknown, KeyUnavailable, RecordsNotProven, SettingsInvalid
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter, StoredRecord
from credit.records.evidence import (
    Chosen,
    EvidenceManifest,
    export_evidence,
    of_model,
    of_period,
    of_subject,
)
from credit.records.evidence.folder import whole_folder
from credit.records.proof.signing import LocalSigningKey, read_public_keys
from credit.records.reading.selection import Period, make_period
from tests.records.evidence.store import OTHER, fill, run_alone
from tests.records.mostly_sqlite import BOTH
from tests.records.samples import everything, new_record


@pytest.fixture
def signer(tmp_path: Path) -> LocalSigningKey:
    return LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")


@pytest.fixture
def public_keys(signer: LocalSigningKey, tmp_path: Path) -> dict[str, bytes]:
    assert signer.key_id
    return read_public_keys(tmp_path / "public.json")


@pytest.fixture
def filled(location: Location, keys: LocalKeyFile, signer: LocalSigningKey) -> None:
    fill(location, keys, signer)


Export = Callable[..., EvidenceManifest]


@pytest.fixture
def export(reader: RecordReader, public_keys: dict[str, bytes], tmp_path: Path) -> Export:
    def write(chosen: Chosen, *, opened: bool = False, name: str = "out") -> EvidenceManifest:
        return export_evidence(
            reader, chosen, tmp_path / name, opened=opened, public_keys=public_keys
        )

    return write


LINK_COLUMNS = {"writer", "sequence", "previous_hash", "content_hash", "hash"}


def everything_of(reader: RecordReader) -> list[StoredRecord]:
    return [record for page in everybody(reader).pages() for record in page]


def contents(record: StoredRecord) -> list[bytes]:
    """What tells of a record, spelled as it would be found in a file."""
    text = (record.tenant, record.route, record.decision_id, record.subject_ref, record.key_id)
    more = (record.created_at, record.clear.bundle, record.clear.decision, record.clear.model)
    return [
        *[each.encode() for each in (*text, *more)],
        record.clear_bytes[:24],
        record.sealed[:16],
    ]


def everybody(reader: RecordReader) -> Chosen:
    return of_period(reader, Period())


@BOTH
def test_an_untouched_export_of_a_period_is_proven(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    manifest = export(everybody(reader))

    assert (manifest.counts.n_records, manifest.counts.n_covered) == (11, 10)
    assert (manifest.counts.n_links, manifest.counts.n_checkpoints) == (0, 3)
    code, told = run_alone(tmp_path / "out")
    assert code == 0, told
    assert "11 records, nothing wrong" in told
    assert "10 of them were in the store when a checkpoint was signed" in told
    assert "1 records have no checkpoint yet" in told


@BOTH
def test_the_export_of_one_person_brings_the_hashes_that_its_proof_needs(
    filled: None, export: Export, reader: RecordReader, keys: LocalKeyFile, tmp_path: Path
) -> None:
    keys.prepare(create=False)

    manifest = export(of_subject(reader, keys, tenant="default", applicant_id="anna"), opened=True)

    # anna, [ben], anna, [cleo] | [ben, other] anna, [cleo] | [..] anna | anna
    assert (manifest.counts.n_records, manifest.counts.n_covered) == (5, 4)
    assert manifest.counts.n_links == 3
    assert manifest.counts.n_opened == 5
    code, told = run_alone(tmp_path / "out")
    assert code == 0, told
    table = pq.read_table(tmp_path / "out" / "records.parquet")
    [first, *_] = table.column("opened").to_pylist()
    assert json.loads(first)["applicant_id"] == "anna"
    assert json.loads(first)["answer"] == {"decision": "approve"}
    everything_written = b"".join(p.read_bytes() for p in (tmp_path / "out").glob("*.json"))
    assert b"anna" not in everything_written


def test_links_hold_hashes_and_nothing_of_any_content(
    filled: None, export: Export, reader: RecordReader, keys: LocalKeyFile, tmp_path: Path
) -> None:
    keys.prepare(create=False)
    records = everything_of(reader)

    export(of_subject(reader, keys, tenant="default", applicant_id="ben"))

    out = tmp_path / "out"
    links = pq.read_table(out / "links.parquet").to_pylist()
    assert [set(row) for row in links] == [LINK_COLUMNS] * len(links)
    held = {(row["writer"], row["sequence"]): row["hash"] for row in links}
    stored = {(record.writer, record.sequence): record.hash for record in records}
    assert held
    assert held.items() <= stored.items()
    mine = pq.read_table(out / "records.parquet").column("decision_id").to_pylist()
    others = [record for record in records if record.decision_id not in mine]
    assert {record.tenant for record in others} == {"default", "other"}
    raw = (out / "links.parquet").read_bytes()
    spelled_out = tmp_path / "plain.parquet"  # compressed bytes alone would hide what they hold
    pq.write_table(pq.read_table(out / "links.parquet"), spelled_out, compression="none")
    for content in (raw, spelled_out.read_bytes()):
        for record in records:
            assert not [part for part in contents(record) if part in content]
    everywhere = b"".join(path.read_bytes() for path in out.iterdir())
    for record in others:  # nor does any other file know these
        assert record.decision_id.encode() not in everywhere
        assert record.subject_ref.encode() not in everywhere
        assert record.key_id.encode() not in everywhere
    assert others[0].writer.encode() in spelled_out.read_bytes()  # the control: one does find text


def test_the_export_of_a_model_holds_its_decisions_only(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    manifest = export(of_model(reader, OTHER[:12]))

    assert manifest.counts.n_records == 2
    assert run_alone(tmp_path / "out")[0] == 0
    table = pq.read_table(tmp_path / "out" / "records.parquet")
    assert set(table.column("bundle").to_pylist()) == {OTHER}
    assert table.column("probability_of_default").to_pylist() == [0.0417, 0.0417]


def test_one_tenant_is_exported_without_the_others(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    manifest = export(of_period(reader, Period(), tenant="other"))

    assert (manifest.counts.n_records, manifest.counts.n_links) == (1, 2)
    assert run_alone(tmp_path / "out")[0] == 0


def test_a_period_without_decisions_gives_an_empty_export(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    manifest = export(of_period(reader, make_period("2001-01-01", "2001-01-02")))

    assert manifest.counts.n_records == 0
    assert run_alone(tmp_path / "out")[0] == 0


@BOTH
def test_erased_and_restricted_records_stay_sealed_are_counted_and_proven(
    filled: None,
    export: Export,
    reader: RecordReader,
    keys: LocalKeyFile,
    location: Location,
    tmp_path: Path,
    update: Callable[..., None],
) -> None:
    keys.prepare(create=False)
    [ben] = of_subject(reader, keys, tenant="default", applicant_id="ben").filter.subject_refs
    [cleo] = of_subject(reader, keys, tenant="default", applicant_id="cleo").filter.subject_refs
    update("UPDATE subject_keys SET wrapped_key = NULL WHERE subject_ref = :ref", ref=ben)
    update("UPDATE subjects SET erased_at = created_at WHERE subject_ref = :ref", ref=ben)
    update("UPDATE subjects SET restricted_until = '2999-01-01' WHERE subject_ref = :ref", ref=cleo)

    manifest = export(everybody(reader), opened=True)
    closed = export(everybody(reader), name="closed")

    for counts in (manifest.counts, closed.counts):
        assert (counts.n_erased, counts.n_restricted) == (2, 3)
    assert (manifest.counts.n_opened, closed.counts.n_opened) == (6, 0)
    rows = pq.read_table(tmp_path / "out" / "records.parquet").to_pylist()
    assert all((row["opened"] is None) == (row["state"] != "opened") for row in rows)
    assert run_alone(tmp_path / "out")[0] == 0
    assert run_alone(tmp_path / "closed")[0] == 0


def test_an_export_without_any_checkpoint_says_that_nothing_is_signed(
    writer: RecordWriter, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    writer.append(new_record()).result(10)

    manifest = export(everybody(reader))

    assert manifest.counts.n_covered == 0
    code, told = run_alone(tmp_path / "out")
    assert code == 0
    assert "1 records have no checkpoint yet" in told


# What the export refuses, and what it leaves behind.


def test_a_folder_that_is_not_empty_is_never_overwritten(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")

    with pytest.raises(SettingsInvalid, match="evidence is never overwritten"):
        export(everybody(reader))

    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_used(
    filled: None, export: Export, reader: RecordReader, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()

    export(everybody(reader))

    assert run_alone(tmp_path / "out")[0] == 0


def test_ctrl_c_leaves_no_half_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "out") as folder:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_checkpoint_that_was_changed_in_the_store_is_no_evidence(
    filled: None,
    export: Export,
    reader: RecordReader,
    update: Callable[..., None],
    tmp_path: Path,
) -> None:
    update(
        "UPDATE checkpoints SET hash = previous FROM (SELECT hash AS previous FROM checkpoints "
        "WHERE number = 1) AS first WHERE number = 2"
    )

    with pytest.raises(RecordsNotProven, match="Checkpoint 2 is not what was signed"):
        export(everybody(reader))

    assert not (tmp_path / "out").exists()


def test_opening_needs_keys(
    filled: None, location: Location, public_keys: dict[str, bytes], tmp_path: Path
) -> None:
    with RecordReader(location) as reader, pytest.raises(KeyUnavailable):
        export_evidence(
            reader, everybody(reader), tmp_path / "out", opened=True, public_keys=public_keys
        )


def test_an_unknown_person_and_another_tenants_are_told_alike(
    filled: None, reader: RecordReader, keys: LocalKeyFile
) -> None:
    keys.prepare(create=False)
    told = set()
    for tenant, who in (("default", "nobody"), ("other", "ben")):
        with pytest.raises(DecisionUnknown) as refused:
            of_subject(reader, keys, tenant=tenant, applicant_id=who)
        told.add(str(refused.value).replace(tenant, "T"))
        assert who not in str(refused.value)
    assert len(told) == 1


@pytest.mark.parametrize("bundle", ["abc", "x" * 64, "b" * 11])
def test_what_names_no_bundle_is_refused(reader: RecordReader, bundle: str) -> None:
    with pytest.raises(SettingsInvalid, match="first 12 digits"):
        of_model(reader, bundle)


def test_the_store_itself_is_whole(filled: None, location: Location) -> None:
    """Or the tests above would prove nothing."""
    assert len(everything(location)) == 11
