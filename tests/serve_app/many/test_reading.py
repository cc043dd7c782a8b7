"""Bodies become applications: the same ones from every form, and consents keep their meaning."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import ApplicationDecoder, Contract, RowValidator, load_contract
from credit.errors import ApplicationInvalid, InvalidInput
from serve_app.batch import batch_rows, read_row
from serve_app.batch.tables import table_rows
from serve_app.earlier import EarlierReader
from serve_app.inference import TensorReader, parse_request
from serve_app.openapi import example_application
from serve_app.problems import MalformedRequest
from tests.loanbook import application
from tests.serve_app.many.rows import as_csv, as_parquet, frame

PRODUCT = "thin_file"


@pytest.fixture(scope="module")
def consented() -> Contract:
    """A product some of whose sources an applicant may withhold."""
    found = load_contract(PRODUCT)
    assert found.consents
    return found


def with_consents(contract: Contract, consents: list[str]) -> dict[str, Any]:
    return {**example_application(contract), "consents": consents}


def test_consents_mean_the_same_in_every_form(consented: Contract) -> None:
    source = consented.consent_sources[0]
    for consents in ([], [source], list(consented.consent_sources)):
        row = with_consents(consented, consents)
        expected = RowValidator(consented).application(row)

        listed = {
            "features": [row[column.name] for column in consented.inputs],
            "client_id": row["applicant_id"],
            **{name: row[name] for name in ("application_id", "consents")},
        }
        by_place = EarlierReader(consented).read(json.dumps(listed).encode(), "drawn")
        [by_tensor] = TensorReader(consented, 10).read(
            *parse_request(in_tensors(consented, row), None)
        )
        table = pd.DataFrame([{**row, "consents": ";".join(consents)}]).to_csv(index=False)
        [in_table] = table_rows(table.encode(), "csv", consented, 10)

        assert repr(by_place) == repr(by_tensor) == repr(in_table) == repr(expected)


def in_tensors(contract: Contract, row: dict[str, Any]) -> bytes:
    numbers = {column.name for column in contract.inputs if column.is_number}
    values = {**row, "consents": ";".join(row["consents"])}
    tensors = [
        {
            "name": name,
            "shape": [1, 1],
            "datatype": "FP64" if name in numbers else "BYTES",
            "data": [[value]],
        }
        for name, value in values.items()
    ]
    return json.dumps({"inputs": tensors}).encode()


@given(places=st.lists(st.sampled_from('ab{},[]" \\:'), max_size=12))
def test_an_array_comes_apart_at_its_rows(contract: Contract, places: list[str]) -> None:
    """Whatever stands in their texts."""
    texts = ["".join(places[i:]) for i in range(len(places) + 1)]
    rows = [{"application_id": text, "x": [text]} for text in texts]

    for body in (json.dumps(rows), json.dumps({"applications": rows}, indent=1)):
        found = batch_rows(body.encode(), "json", contract, 100)
        assert [json.loads(bytes(row)) for row in found] == rows  # type: ignore[arg-type]


def test_each_row_of_a_table_is_judged_by_itself(contract: Contract) -> None:
    lines = as_csv(4).decode().splitlines()
    lines[2] += ",too,many"
    cells = dict(zip(lines[0].split(","), lines[3].split(","), strict=True)) | {"age": "7"}
    lines[3] = ",".join(cells.values())
    rows = table_rows("\n".join(lines).encode(), "csv", contract, 10)

    assert [isinstance(row, InvalidInput) for row in rows] == [False, True, True, False]
    assert isinstance(rows[1], ApplicationInvalid)
    assert rows[1].failures[0].message == "expected as many fields as the header has"
    with pytest.raises(ApplicationInvalid, match="age: expected at least 18"):
        read_row(rows[2], ApplicationDecoder(contract))


def test_references_keep_their_zeros(contract: Contract) -> None:
    table = frame(2)
    table["applicant_id"] = ["007", "7"]

    rows = table_rows(table.to_csv(index=False).encode(), "csv", contract, 10)

    assert [row.applicant_id for row in rows] == ["007", "7"]  # type: ignore[union-attr]


def test_a_table_is_refused_before_more_rows_are_read_than_are_taken(contract: Contract) -> None:
    for body, kind in ((as_csv(30), "csv"), (as_parquet(30), "parquet")):
        assert len(table_rows(body, kind, contract, 30)) == 30  # type: ignore[arg-type]
        with pytest.raises(MalformedRequest, match="more than 29 rows"):
            table_rows(body, kind, contract, 29)  # type: ignore[arg-type]


def test_parquet_that_unpacks_to_far_more_is_refused(contract: Contract) -> None:
    columns = {name: pa.array([0.0] * 1_000) for name in (f"x{i}" for i in range(3))}
    columns["text"] = pa.array(["y" * 100_000 + str(i) for i in range(1_000)])
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), file, compression="zstd", use_dictionary=False)
    assert len(file.getvalue()) < 2**20

    with pytest.raises(InvalidInput, match="unpacks to more than 16 times its size"):
        table_rows(file.getvalue(), "parquet", contract, 10_000)


def test_a_refusal_of_a_table_quotes_no_cell(contract: Contract) -> None:
    row = application(application_id="A-Mustermann")
    values = ",".join(str(value) for value in row.values())

    with pytest.raises(InvalidInput) as refused:
        table_rows(f"{values}\n{values}\n".encode(), "csv", contract, 10)

    assert "Mustermann" not in str(refused.value)
    assert "missing columns application_id" in str(refused.value)
