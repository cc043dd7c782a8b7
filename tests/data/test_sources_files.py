"""One reference, one table: what kind of source it is, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit.data import read_source
from credit.errors import DataError


def test_a_path_is_read_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n0.30000000000000004,a\n", encoding="utf-8")

    table = read_source(str(path))

    assert table["x"].tolist() == [0.1 + 0.2]
    assert table["y"].tolist() == ["a"]


def test_json_lines_keep_numbers_text_and_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"x": 0.30000000000000004, "opened_at": "2020-01-31", "n": 1}\n\n'
        '{"x": 5e-324, "opened_at": null}\n',
        encoding="utf-8",
    )

    table = read_source(str(path))

    assert table["x"].tolist() == [0.1 + 0.2, 5e-324]
    assert table["opened_at"].tolist() == ["2020-01-31", None]  # text, not a guessed date
    np.testing.assert_array_equal(table["n"], [1.0, np.nan])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"x": 1}\n[1]\n', "line 2 is not a JSON object; write one a line"),
        ('{"x": 1}\n{"x":\n', "line 2 is not a JSON object"),
        ('{"x": NaN}\n', "line 1 is not a JSON object"),
        ("\n", "holds no rows"),
    ],
)
def test_json_lines_that_are_none_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=f"rows.jsonl: {message}"):
        read_source(str(path))


def test_json_lines_in_another_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"x": "ü"}\n'.encode("latin-1"))

    with pytest.raises(DataError, match="rows.jsonl: cannot be read as JSON lines"):
        read_source(str(path))


def test_an_unknown_kind_of_source_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        DataError, match=r"ftp://\S+: unknown kind of source; expected a file, openml:ID"
    ):
        read_source("ftp://host/rows#table")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone.csv: there is no such file"):
        read_source(str(tmp_path / "gone.csv"))


def test_a_parquet_file_is_the_table_that_was_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [0.1, None], "when": pd.to_datetime(["2020-01-31", "2021-02-28"])})
    table.to_parquet(tmp_path / "rows.parquet")

    pd.testing.assert_frame_equal(
        read_source(str(tmp_path / "rows.parquet")), table, check_exact=True
    )
