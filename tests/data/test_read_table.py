"""Files become tables without a changed bit, or are refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.data import read_table
from credit.errors import DataError

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(values=st.lists(FINITE, min_size=1, max_size=20))
def test_floats_of_a_csv_are_those_of_python(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{value!r},a\n" for value in values), encoding="utf-8")

    found = read_table(path)["x"].to_numpy(dtype=np.float64)

    assert found.tobytes() == np.array(values).tobytes()


def test_the_default_parser_would_have_changed_bits(tmp_path: Path) -> None:
    """The control of the test above: seventeen digits that pandas' own parser gets wrong."""
    texts = [repr(value) for value in np.random.default_rng(1).random(200).tolist()]
    path = tmp_path / "rows.csv"
    path.write_text("x\n" + "\n".join(texts) + "\n", encoding="utf-8")
    exact = [float(text) for text in texts]

    assert read_table(path)["x"].tolist() == exact
    assert pd.read_csv(path)["x"].tolist() != exact


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.csv.bz2", "rows.parquet"])
def test_every_kind_of_file_gives_the_same_table(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"x": [0.1, 0.2 + 0.1], "n": [1, 2]})
    if name.endswith(".parquet"):
        table.to_parquet(tmp_path / name)
    else:
        table.to_csv(tmp_path / name, index=False)

    pd.testing.assert_frame_equal(read_table(str(tmp_path / name)), table, check_exact=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"", "cannot be read as CSV: No columns"),
        ("rows.csv", b"a,b\n", "holds no rows"),
        ("rows.csv", b"a,b\n1,2\n1,2,3\n", "cannot be read as CSV"),
        ("rows.csv", b"a\n\xff\xfe\n", "cannot be read as CSV"),
        ("rows.csv.gz", b"no gzip", "cannot be read: "),
        ("rows.csv.gz", gzip.compress(b"a\n" + b"1\n" * 99, mtime=0)[:-12], "cannot be read: "),
        ("rows.csv.bz2", b"no bzip2", "cannot be read: "),
        ("rows.csv.zst", b"no zstd", "cannot be read: "),
        ("rows.parquet", b"no parquet", "cannot be read: "),
        ("rows.parquet", b"", "cannot be read: "),
        ("rows.xlsx", b"PK", r"unknown kind of file; expected one of \.csv, .*\.parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError, match=f"{name}: {message}"):
        read_table(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()

    for name in ("gone.csv", "folder.csv"):
        with pytest.raises(DataError, match=f"{name}: there is no such file"):
            read_table(tmp_path / name)


def test_an_asc_file_is_separated_by_spaces(tmp_path: Path) -> None:
    path = tmp_path / "old.asc"
    path.write_text("a b\n0.1 2\n0.3 4\n", encoding="utf-8")

    assert read_table(path).to_dict("list") == {"a": [0.1, 0.3], "b": [2, 4]}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_read_by_what_its_names_stand_apart_by(tmp_path: Path, separator: str) -> None:
    lines = [["amount", "purpose", "y"], ["1.5", '"a car; or a boat, used"', "0"]]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(separator.join(line) for line in lines) + "\n")

    frame = read_table(path)

    assert frame.columns.tolist() == ["amount", "purpose", "y"]
    assert frame.iloc[0].tolist() == [1.5, "a car; or a boat, used", 0]
