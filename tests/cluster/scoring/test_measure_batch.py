"""The measurement of batch scoring scores every row it says it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.bench.batch import measure_batch, write_made_up
from credit.contract.rows import check_rows
from credit.data import read_table
from credit.decision import load_bundle
from credit.records import LocalKeyFile, RecordReader


@pytest.mark.parametrize("record", [False, True])
def test_every_row_is_scored_and_recorded_if_asked(
    lightgbm_folder: Path, tmp_path: Path, record: bool
) -> None:
    told: list[int] = []

    found = measure_batch(
        lightgbm_folder,
        tmp_path,
        n_rows=300,
        workers=1,
        record=record,
        advance=lambda n_rows, share: told.append(n_rows),
    )

    assert sum(told) == found.n_rows == 300
    assert found.rows_per_minute > 0
    assert found.cpu_us_per_row > 0
    assert len((tmp_path / "answers.ndjson").read_bytes().splitlines()) == 300
    if record:
        with RecordReader(tmp_path / "records.db", LocalKeyFile(tmp_path / "keys.json")) as reader:
            assert reader.count() == 300


def test_made_up_rows_are_good_and_differ(lightgbm_folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(lightgbm_folder)

    write_made_up(bundle, tmp_path / "rows.csv", 500)

    found = check_rows(read_table(tmp_path / "rows.csv"), bundle.contract)
    assert len(found.applications) == 500
    assert len({a.values for a in found.applications}) > 400
    assert len({a.application_id for a in found.applications}) == 500
