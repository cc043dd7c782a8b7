"""Objects of a real S3 protocol server in a thread; Google's store is only addressed, not served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import fs

from credit.data import read_source, read_table
from credit.errors import DataError
from tests.object_store import make_bucket, object_store

TABLE = pd.DataFrame(
    {"x": np.random.default_rng(3).random(200) ** 9, "n": range(200), "home": ["own", "rent"] * 100}
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> fs.FileSystem:
    return make_bucket(server, "lender", monkeypatch)


def put(store: fs.FileSystem, key: str, content: bytes) -> None:
    with store.open_output_stream(f"lender/{key}", compression=None) as stream:
        stream.write(content)


@pytest.mark.parametrize(
    "name", ["rows.csv", "rows.csv.gz", "rows.csv.bz2", "rows.parquet", "rows.jsonl"]
)
def test_an_object_is_the_same_table_as_the_file(
    s3: fs.FileSystem, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name.endswith(".parquet"):
        TABLE.to_parquet(path)
    elif name.endswith(".jsonl"):
        TABLE.to_json(path, orient="records", lines=True, double_precision=15)
    else:
        TABLE.to_csv(path, index=False)
    put(s3, f"loans/{name}", path.read_bytes())

    found = read_source(f"s3://lender/loans/{name}")

    pd.testing.assert_frame_equal(found, read_table(path), check_exact=True)
    if not name.endswith(".jsonl"):  # pandas writes JSON with fifteen digits
        assert found["x"].tolist() == TABLE["x"].tolist()


def test_the_endpoint_may_stand_in_the_address(
    s3: fs.FileSystem, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "rows.csv", b"x\n1\n")
    monkeypatch.delenv("AWS_ENDPOINT_URL")

    address = f"s3://lender/rows.csv?endpoint_override={server}&scheme=http"

    assert read_source(address)["x"].tolist() == [1]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("s3://lender/gone.csv", "s3://lender/gone.csv: there is no such object"),
        ("s3://other-lender/rows.csv", "s3://other-lender/rows.csv: there is no such object"),
        ("s3://lender/rows.xlsx", "s3://lender/rows.xlsx: unknown kind of file; expected one of"),
        ("s3://lender/cut.csv.gz", "s3://lender/cut.csv.gz: cannot be read: "),
        ("s3://lender/empty.csv", "s3://lender/empty.csv: cannot be read as CSV: No columns"),
        ("s3://lender/header.csv", "s3://lender/header.csv: holds no rows"),
        ("s3://lender", "s3://lender/: expected a bucket and a key"),
        ("s3:///rows.csv", "s3:///rows.csv: expected a bucket and a key"),
    ],
)
def test_an_object_that_cannot_be_used_is_refused_by_name(
    s3: fs.FileSystem, reference: str, message: str
) -> None:
    put(s3, "rows.xlsx", b"PK")
    put(s3, "cut.csv.gz", b"no gzip")
    put(s3, "empty.csv", b"")
    put(s3, "header.csv", b"a,b\n")

    with pytest.raises(DataError, match=message):
        read_source(reference)


def test_keys_in_the_address_stay_out_of_the_message(s3: fs.FileSystem) -> None:
    for address in (
        "s3://me:geheim@lender/gone.csv",
        "s3://me:geheim@lender/rows.csv?wrong=geheim",
    ):
        with pytest.raises(DataError, match="^s3://lender/") as refused:
            read_source(address)
        assert "geheim" not in str(refused.value)


def test_a_store_that_does_not_answer_is_named_with_the_cause() -> None:
    """Google's client, made to give up at once; its port is one that nobody can listen on."""
    address = "gs://anonymous@lender/rows.csv?endpoint_override=127.0.0.1:1&scheme=http&retry_limit_seconds=0.1"

    with pytest.raises(DataError, match="^gs://lender/rows.csv: cannot be read: google::cloud"):
        read_source(address)


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
def test_an_address_of_googles_store_needs_a_bucket_and_a_key(scheme: str) -> None:
    with pytest.raises(DataError, match=f"^{scheme}://lender/: expected a bucket and a key"):
        read_source(f"{scheme}://lender")
    with pytest.raises(DataError, match="Unexpected query parameter in GCS URI: 'wrong'"):
        read_source(f"{scheme}://lender/rows.csv?wrong=1")
