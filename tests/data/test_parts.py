"""A file in parts is the whole file: every cell, every row number, in memory that does not grow with it."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.contract import Contract
from credit.contract.texts import reference_texts, typed_frame
from credit.data import parts, read_table
from credit.data.parts import BLOCK_BYTES, MISSING, ROWS_OF_A_PART, Part, read_parts
from credit.errors import DataError
from tests.loanbook import loan_book

N_ROWS = 3 * ROWS_OF_A_PART + 17


def texts(path: Path) -> list[dict[str, str | None]]:
    """All rows of a text table."""
    return [row for part in read_parts(path) for row in rows_of(part)]


def rows_of(part: Part) -> list[dict[str, str | None]]:
    table: Any = part.table
    found: list[dict[str, str | None]] = table.to_pylist()
    return found


def write(tmp_path: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "name", ["x.csv", "x.csv.gz", "x.csv.bz2", "x.csv.zst", "x.asc", "x.parquet", "x.jsonl"]
)
def test_the_parts_of_every_kind_of_file_are_the_whole_table(
    tmp_path: Path, contract: Contract, name: str
) -> None:
    book = loan_book(N_ROWS, seed=5)
    path = tmp_path / name
    if name.endswith(".parquet"):
        book.to_parquet(path, row_group_size=1_000)
    elif name.endswith(".jsonl"):
        book.to_json(path, orient="records", lines=True, double_precision=15)
    else:
        book.to_csv(path, index=False, sep=" " if name.endswith(".asc") else ",")

    found = list(read_parts(path))

    assert max(part.n_rows for part in found) <= ROWS_OF_A_PART
    assert len(found) > 3
    assert np.concatenate([part.numbers for part in found]).tolist() == list(range(1, N_ROWS + 1))
    frames = [typed(part, contract) for part in found]
    whole = read_table(path)
    pd.testing.assert_frame_equal(
        pd.concat(frames, ignore_index=True)[whole.columns.to_list()].drop(columns="defaulted"),
        whole.drop(columns="defaulted"),
        check_exact=True,
        check_dtype=False,
    )
    shares = [part.share_read for part in found]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] == 1.0


def typed(part: Part, contract: Contract) -> pd.DataFrame:
    if isinstance(part.table, pd.DataFrame):
        return part.table
    if part.is_text:
        return typed_frame(part.table, contract)
    frame: pd.DataFrame = part.table.to_pandas()
    return frame


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_as_in_a_whole_file(tmp_path: Path, separator: str) -> None:
    path = write(tmp_path, f"a{separator}b c\n1{separator}x y\n")

    assert texts(path) == [{"a": "1", "b c": "x y"}]


def test_quotes_line_ends_and_zeros_in_front_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, '\ufeffid,b\r\n007,"x, ""y"""\r\n"00\n8", z \r\n')

    assert texts(path) == [{"id": "007", "b": 'x, "y"'}, {"id": "00\n8", "b": " z "}]


def test_empty_cells_are_those_of_the_reader_of_whole_files(tmp_path: Path) -> None:
    """Each of pandas' own words for nothing, quoted or not, and some that look like them."""
    cells = [*sorted(MISSING), "Na", "NONE", "-", "missing", "0"]
    path = write(tmp_path, "a,b\n" + "".join(f'{c},1\n"{c}",1\n' for c in cells))

    found = [row["a"] is None for row in texts(path)]

    assert found == pd.read_csv(path)["a"].isna().tolist()
    assert found[-10:] == [False] * 10


def test_torn_rows_are_named_and_the_numbers_of_the_others_stay_theirs(tmp_path: Path) -> None:
    """Empty lines and lines of blanks are no rows, as everywhere."""
    path = write(tmp_path, "a,b\n1,1\n2\n\n   \n3,3\n4,4,4\n5,5\n6\n")

    found = list(read_parts(path))

    numbers = [number for part in found for number in part.numbers.tolist()]
    assert dict(zip(numbers, (row["a"] for row in texts(path)), strict=True)) == {
        1: "1",
        3: "3",
        5: "5",
    }
    assert [number for part in found for number in part.torn] == [2, 4, 6]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    torn=st.sets(st.integers(1, 400), max_size=60), rows_of_a_part=st.sampled_from([1, 7, 64, 2048])
)
def test_wherever_rows_are_torn_every_number_is_right(
    tmp_path: Path, torn: set[int], rows_of_a_part: int
) -> None:
    lines = [f"{i}" if i in torn else f"{i},x" for i in range(1, 401)]
    path = write(tmp_path, "a,b\n" + "\n".join(lines) + "\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROWS_OF_A_PART", rows_of_a_part)
        patch.setattr(parts, "BLOCK_BYTES", 500)
        found = list(read_parts(path))

    for part in found:
        assert [row["a"] for row in rows_of(part)] == [str(n) for n in part.numbers]
    assert [n for part in found for n in part.torn] == sorted(torn)
    assert sum(part.n_rows for part in found) == 400


def test_a_first_column_without_a_name_is_called_as_a_whole_file_s(tmp_path: Path) -> None:
    path = write(tmp_path, ",b\n7,x\n")

    assert texts(path) == [{"Unnamed: 0": "7", "b": "x"}]
    assert read_table(path).columns.tolist() == ["Unnamed: 0", "b"]


def test_json_lines_know_a_column_that_comes_late(tmp_path: Path) -> None:
    rows = [{"a": i} for i in range(ROWS_OF_A_PART)] + [{"a": 0, "b": 1.5}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)) + "\n", "rows.jsonl")

    first, second = read_parts(path)

    assert first.table["b"].isna().all()
    assert second.table.to_dict("records") == [{"a": 0, "b": 1.5}]


def test_long_references_of_parquet_keep_every_digit(tmp_path: Path, contract: Contract) -> None:
    """Beside an empty cell pandas makes whole numbers floats: 2**53 + 1 becomes 2**53."""
    numbers = pd.array([2**53, 2**53 + 1, None], dtype="Int64")
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"application_id": [1, 2, 3], "applicant_id": numbers}).to_parquet(path)

    [part] = read_parts(path)

    table: Any = part.table
    told = reference_texts(table, contract).column("applicant_id").to_pylist()
    assert told == ["9007199254740992", "9007199254740993", None]


LONG = "x" * (2 * BLOCK_BYTES)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"", "holds no rows"),
        ("rows.csv", b"\n\n", "cannot be read: "),
        ("rows.csv", b"a,b\n", "holds no rows"),
        ("rows.csv", b"a,b\n1,\xff\xfe\n", "cannot be read: "),
        ("rows.csv", f"a,b\n1,{LONG}\n".encode(), "cannot be read: .*block size"),
        ("rows.csv.gz", b"no gzip", "cannot be read: "),
        ("rows.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 99, mtime=0)[:-12], "cannot be read: "),
        ("rows.csv.bz2", bz2.compress(b"a,b\n" + b"1,2\n" * 99)[:-12], "cannot be read: "),
        ("rows.csv.zst", b"no zstd", "cannot be read: "),
        ("rows.parquet", b"no parquet", "cannot be read: "),
        ("rows.parquet", b"", "holds no rows"),
        ("rows.jsonl", b'{"a": 1}\n[1]\n', "line 2 is not a JSON object"),
        ("rows.jsonl", b"\n", "holds no rows"),
        ("rows.xlsx", b"PK", r"unknown kind of file; expected one of \.csv, .*\.parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = write(tmp_path, content, name)

    with pytest.raises(DataError, match=f"{name}: {message}"):
        list(read_parts(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        list(read_parts(tmp_path / "rows.csv"))
