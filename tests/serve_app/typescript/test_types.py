"""Types are those of the OpenAPI document, written as a person would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cluster.cli.contract_typescript import typescript
from credit.contract import load_contract, packaged_contracts
from credit.errors import ContractError, SettingsInvalid
from serve_app.openapi import answer_schema, application_schema
from serve_app.typescript import typescript_client
from serve_app.typescript.types import interface, type_of


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "number"),
        ({"type": ["number", "null"]}, "number | null"),
        ({"enum": ["approve", "decline"]}, '"approve" | "decline"'),
        ({"const": 'a"b'}, '"a\\"b"'),
        ({"anyOf": [{"type": "integer"}, {"const": 96}, {"const": 98}]}, "number | 96 | 98"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}]}, "number"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, 'Array<"a" | "b">'),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "Record<string, number>"),
        ({"type": "object"}, "Record<string, unknown>"),
        ({"$ref": "#/components/schemas/Answer"}, "Answer"),
    ],
)
def test_a_type_is_written_as_expected(schema: dict[str, Any], written: str) -> None:
    assert type_of(schema) == written


@pytest.mark.parametrize("schema", [{}, {"type": "tuple"}, {"not": {}}])
def test_what_has_no_type_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="has no type in TypeScript: teach it to"):
        type_of(schema)


def test_an_interface_is_written_as_expected() -> None:
    schema = {
        "type": "object",
        "required": ["age"],
        "properties": {
            "age": {"type": "integer", "minimum": 18, "maximum": 1200, "description": "Years. */ "},
            "net-income": {"type": ["number", "null"]},
        },
    }

    assert interface("Row", schema) == (
        "export interface Row {\n"
        "  /** Years. * / From 18 to 1,200. */\n"
        "  age: number;\n"
        '  "net-income"?: number | null;\n'
        "}\n"
    )


@pytest.mark.parametrize("product", packaged_contracts())
def test_every_field_is_declared_and_needed_as_the_contract_says(product: str) -> None:
    contract = load_contract(product)

    declared = typescript_client(contract).declarations

    for name, schema in (
        ("Application", application_schema(contract)),
        ("Answer", answer_schema(contract)),
    ):
        body = re.search(rf"^export interface {name} {{\n(.*?)^}}", declared, re.DOTALL | re.M)
        assert body is not None
        fields = dict(re.findall(r"^  (\w+)(\??):", body[1], re.MULTILINE))
        assert fields.keys() == schema["properties"].keys()
        assert {n for n, mark in fields.items() if not mark} == set(schema["required"])


app = typer.Typer()
app.command()(typescript)


def test_the_command_writes_both_files_and_replaces_none(tmp_path: Path) -> None:
    out = tmp_path / "scoring.mjs"

    done = CliRunner().invoke(app, ["--out", str(out)])
    again = CliRunner().invoke(app, ["--out", str(out)])
    forced = CliRunner().invoke(app, ["--out", str(out), "--force", "--json"])

    assert done.exit_code == forced.exit_code == 0
    assert "scoring.d.mts" in done.output.replace("\n", "")
    assert (tmp_path / "scoring.d.mts").read_text().startswith("// Client of give_me_some_credit")
    assert isinstance(again.exception, SettingsInvalid)
    assert "exists: name another file with --out" in str(again.exception)
    assert '"module"' in forced.output


def test_a_module_has_the_name_of_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--out", str(tmp_path / "scoring.ts")])

    assert isinstance(done.exception, SettingsInvalid)
    assert "expected a name that ends in .mjs" in str(done.exception)
