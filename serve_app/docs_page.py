"""The page at ``/docs``: the OpenAPI document for people, without a script or a file from elsewhere."""

from __future__ import annotations

import html
import json
from typing import Any

from credit.contract import Contract

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0
1rem;color:#1b1f24} h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem} code,pre{font:14px/1.45
ui-monospace,monospace;background:#f3f4f6;border-radius:4px} code{padding:.1em
.3em}pre{padding:1rem;overflow:auto} table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d8dee4}
.verb{display:inline-block;min-width:3.2rem;font-weight:700;color:#0b5394}
"""


def docs_page(contract: Contract, document: dict[str, Any]) -> str:
    """Render routes, the fields of an application, and what an answer holds."""
    score = document["paths"]["/v1/score"]["post"]
    example = score["requestBody"]["content"]["application/json"]["example"]
    schemas = document["components"]["schemas"]
    body = json.dumps(example, indent=2)
    curl = (
        'curl -s http://127.0.0.1:8000/v1/score -H "Authorization: Bearer $CREDIT_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' -d '{json.dumps(example)}'"
    )
    sections = [
        f"<h1>{html.escape(document['info']['title'])}</h1>",
        f"<p>{html.escape(contract.description)}</p>",
        '<p>Machines read <a href="openapi.json">openapi.json</a>.</p>',
        "<h2>Routes</h2>",
        _routes(document["paths"]),
        "<h2>An application</h2>",
        f"<pre>{html.escape(body)}</pre>",
        _fields(schemas["Application"]),
        "<h2>Try it</h2>",
        f"<pre>{html.escape(curl)}</pre>",
        "<h2>An answer</h2>",
        _fields(schemas["Answer"]),
        "<h2>Reason codes</h2>",
        _table(("code", "text"), contract.reason_texts.items()),
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(contract.product)}"
        f"</title><style>{STYLE}</style></head><body>{''.join(sections)}</body></html>"
    )


def _routes(paths: dict[str, Any]) -> str:
    rows = [
        (f"{method.upper()} {path}", operation["summary"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
    return _table(("route", "what it does"), rows)


def _fields(schema: dict[str, Any]) -> str:
    required = set(schema["required"])
    rows = []
    for name, field in schema["properties"].items():
        need = "required" if name in required else "optional"
        rows.append((name, need, _kind(field), field.get("description", "")))
    return _table(("field", "", "values", "meaning"), rows)


def _kind(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(option) for option in field["anyOf"])
    if "const" in field:
        return f"{field['const']} ({field['title']})"
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    kind = field.get("type", "")
    kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "minimum" in field and "maximum" in field:
        kind += f", {field['minimum']:,.15g} to {field['maximum']:,.15g}"
    return kind


def _table(heads: tuple[str, ...], rows: Any) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    lines = (
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"
