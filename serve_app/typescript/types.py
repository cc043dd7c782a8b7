"""TypeScript types of JSON schemas, as far as our own OpenAPI document uses them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from credit.errors import ContractError

_SIMPLE = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}


def interface(name: str, schema: Mapping[str, Any]) -> str:
    """Declare an object of this name."""
    return f"{_comment(schema, '')}export interface {name} {_members(schema, '')}\n"


def type_of(schema: Mapping[str, Any], indent: str = "") -> str:
    """TypeScript type of a schema.

    Raises
    ------
    ContractError
        When it is of a kind that the document has none of, rather than to leave its type open.
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"]) or "never"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _union([type_of(option, indent) for option in schema[key]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([type_of({**schema, "type": one}, indent) for one in kind])
    if kind == "array":
        return f"Array<{type_of(schema['items'], indent)}>"
    if kind == "object":
        return _object(schema, indent)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    raise ContractError(
        f"a schema of type {kind!r} has no type in TypeScript: teach it to serve_app/typescript/types.py"
    )


def _object(schema: Mapping[str, Any], indent: str) -> str:
    if "properties" in schema:
        return _members(schema, indent)
    values = schema.get("additionalProperties")
    return f"Record<string, {type_of(values, indent) if isinstance(values, dict) else 'unknown'}>"


def _members(schema: Mapping[str, Any], indent: str) -> str:
    required, inner = set(schema.get("required", ())), indent + "  "
    lines = [
        f"{_comment(field, inner)}{inner}{_key(name)}{'' if name in required else '?'}: {type_of(field, inner)};"
        for name, field in schema["properties"].items()
    ]
    return "\n".join(["{", *lines, indent + "}"])


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _union(types: list[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _comment(schema: Mapping[str, Any], indent: str) -> str:
    parts = [schema.get("description", ""), _codes(schema), _range(schema)]
    text = " ".join(filter(None, parts)).replace("*/", "* /")
    return f"{indent}/** {' '.join(text.split())} */\n" if text else ""


def _codes(schema: Mapping[str, Any]) -> str:
    titled = [
        option for option in schema.get("anyOf", ()) if "const" in option and "title" in option
    ]
    return "; ".join(f"{json.dumps(option['const'])}: {option['title']}" for option in titled)


def _range(schema: Mapping[str, Any]) -> str:
    for one in (schema, *schema.get("anyOf", ())):
        low, high = one.get("minimum"), one.get("maximum")
        if low is not None and high is not None:
            return f"From {low:,.15g} to {high:,.15g}."
    return ""
