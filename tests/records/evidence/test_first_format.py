"""Evidence of records that the first version wrote, and of links that are not what was hashed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from credit.errors import RecordsNotProven, SettingsInvalid
from credit.records import LocalKeyFile, Location, RecordReader
from credit.records.evidence import EvidenceManifest, export_evidence, of_period, of_subject
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.signing import LocalSigningKey, read_public_keys
from credit.records.proof.verify import verify
from credit.records.reading.selection import Period
from credit.records.store.engine import open_engine
from credit.records.store.migrate import RECORDS, migrate
from tests.records.evidence import store
from tests.records.evidence.store import run_alone
from tests.records.mostly_sqlite import BOTH
from tests.records.samples import foreign_engine, new_record
from tests.records.store import first


@pytest.fixture
def signer(tmp_path: Path) -> LocalSigningKey:
    return LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")


@pytest.fixture
def old_store(path: Path, keys: LocalKeyFile, signer: LocalSigningKey) -> Path:
    """Three records of the first version, of Anna, Ben and Cleo, under a checkpoint of today."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(first.RECORDS_DDL)
    opened = foreign_engine(path)
    with opened.begin() as connection:
        people = ("anna", "ben", "cleo")
        first.fill(connection, keys, [new_record(applicant_id=person) for person in people])
    opened.dispose()
    engine = open_engine(path)
    migrate(engine, RECORDS)
    engine.dispose()
    assert Checkpointer(path, signer, []).step() is not None
    return path


def export(reader: RecordReader, folder: Path, person: str | None = None) -> EvidenceManifest:
    public_keys = read_public_keys(folder.parent / "public.json")
    if person is None:
        chosen = of_period(reader, Period())
    else:
        keys = LocalKeyFile(folder.parent / "var" / "keys.json")
        keys.prepare(create=False)
        chosen = of_subject(reader, keys, tenant="default", applicant_id=person)
    return export_evidence(reader, chosen, folder, opened=False, public_keys=public_keys)


def test_records_of_the_first_version_are_verified(old_store: Path, tmp_path: Path) -> None:
    report = verify(old_store, read_public_keys(tmp_path / "public.json"), workers=1)

    assert report.ok
    assert report.n_records == 3


def test_records_of_the_first_version_are_proven_where_no_link_is_needed(
    old_store: Path, reader: RecordReader, tmp_path: Path
) -> None:
    assert export(reader, tmp_path / "all").counts.n_covered == 3
    assert export(reader, tmp_path / "last", "cleo").counts.n_links == 0
    assert run_alone(tmp_path / "all")[0] == 0
    assert run_alone(tmp_path / "last")[0] == 0


def test_links_of_the_first_version_would_hand_out_other_people_and_are_refused(
    old_store: Path, reader: RecordReader, tmp_path: Path
) -> None:
    with pytest.raises(SettingsInvalid, match="written by the first version") as refused:
        export(reader, tmp_path / "out", "anna")

    assert "anna" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@BOTH
@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            "UPDATE records SET route = '/v2/score' WHERE position = 2",
            "Record 2 of the chain .* is",
        ),
        ("DELETE FROM records WHERE position = 2", "Between 1 and 4 of the chain .* are missing"),
    ],
)
def test_a_link_that_is_not_what_was_hashed_is_no_evidence(
    location: Location,
    keys: LocalKeyFile,
    signer: LocalSigningKey,
    reader: RecordReader,
    update: Callable[..., None],
    tmp_path: Path,
    change: str,
    finding: str,
) -> None:
    store.fill(location, keys, signer)
    assert export(reader, tmp_path / "before", "anna").counts.n_links > 0  # the control
    update(change)

    with pytest.raises(RecordsNotProven, match=f"{finding}.* run: credit records verify"):
        export(reader, tmp_path / "out", "anna")

    assert not (tmp_path / "out").exists()
